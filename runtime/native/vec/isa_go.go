//go:build !amd64 || noasm

package vec

func (function) whole(y, x []float32) int { return 0 }

func (operator) whole(y, a, b []float32) int { return 0 }

func (operator) wholeScalar(y, a []float32, b float32) int { return 0 }

func (operator) scalarWhole(y []float32, a float32, b []float32) int { return 0 }
