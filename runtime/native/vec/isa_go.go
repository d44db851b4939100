//go:build !amd64 || noasm

package vec

func best() assembly { return assembly{} }

func (term) assembled(x []float32, m float64, acc *[16]float64) bool { return false }

func assembledExpSum(y, x []float32, top float32, acc *[16]float64) bool { return false }

func assembledSumExp(x []float32, top float32, acc *[16]float64) bool { return false }

func assembledLargest(x []float32, acc *[16]float32) bool { return false }

func assembledSmallest(x []float32, acc *[16]float32) bool { return false }

func assembledAffine(y, x []float32, m, a, b float64) bool { return false }

func assembledColumns(acc []float64, x []float32, rows, step int) int { return 0 }
