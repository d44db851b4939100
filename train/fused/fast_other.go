//go:build !amd64 || noasm

package fused

func adamFast[T float32 | float64](p, g, m, v []T, c *Coefficients[T]) int { return 0 }
