//go:build (!amd64 && !arm64) || noasm

package gemm

type level int

const levelGo level = 0

const best = levelGo

// ISA names the instruction set in use: go, avx2 or avx512.
func ISA() string { return "go" }

func tile[T Float](level) (mr, nr int) { return goRows, goCols }

func masks(level) bool { return false }

func kernel[T Float](_ level, rows, _, k int, a, b []T, bStride int, c []T, ldc int, alpha T, add bool) {
	kernelGo(rows, goCols, k, a, b, bStride, c, ldc, alpha, add)
}

func transpose[T Float](_ level, rows, n int, src []T, ld int, dst []T, step int) {
	transposeGo(rows, n, src, ld, dst, step)
}

func spread[T Float](_ level, rows, panels, n int, src []T, ld int, dst []T) {
	spreadGo(rows, panels, n, src, ld, dst)
}
