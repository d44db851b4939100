//go:build !amd64 || noasm

package fused

func adamFast[T float32 | float64](p, g, m, v []T, c *Coefficients[T]) int { return 0 }

func finiteFast[T float32 | float64](p []T) (n int, ok bool) { return 0, true }

func squaresFast[T float32 | float64](g []T, sums *[16]float64) int { return 0 }

func averageFast[T float32 | float64](mean, p []T, decay, one T) int { return 0 }

func scaleFast[T float32 | float64](g []T, scale T) int { return 0 }
