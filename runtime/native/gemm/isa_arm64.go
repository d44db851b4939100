//go:build arm64 && !noasm

package gemm

import "unsafe"

type level int

const (
	levelGo level = iota
	levelNEON
)

// best is NEON, which every arm64 has.
const best = levelNEON

// ISA names the instruction set in use: go or neon.
func ISA() string { return "neon" }

// neonRows are the rows of the largest tile: with two vectors of columns it takes half of the registers for its sums.
const neonRows = 8

func tile[T Float](l level) (mr, nr int) {
	if l == levelGo {
		return goRows, goCols
	}
	var zero T
	return neonRows, 2 * 16 / int(unsafe.Sizeof(zero))
}

func masks(level) bool { return false }

// kernel is kernelGo with cols the level's nr. A tile of fewer rows than the largest goes row by row.
func kernel[T Float](l level, rows, cols, k int, a, b []T, bStride int, c []T, ldc int, alpha T, add bool) {
	if l == levelGo || k == 0 {
		kernelGo(rows, cols, k, a, b, bStride, c, ldc, alpha, add)
		return
	}
	size := unsafe.Sizeof(alpha)
	pa, pb, pc := unsafe.Pointer(unsafe.SliceData(a)), unsafe.Pointer(unsafe.SliceData(b)), unsafe.Pointer(unsafe.SliceData(c))
	step := 1
	if rows == neonRows {
		step = neonRows
	}
	for i := 0; i < rows; i += step {
		ai, ci := unsafe.Add(pa, uintptr(i)*size), unsafe.Add(pc, uintptr(i*ldc)*size)
		switch {
		case size == 4 && step > 1:
			rows8F32NEON(k, (*float32)(ai), rows, (*float32)(pb), bStride, (*float32)(ci), ldc, float32(alpha), add)
		case size == 4:
			rows1F32NEON(k, (*float32)(ai), rows, (*float32)(pb), bStride, (*float32)(ci), ldc, float32(alpha), add)
		case step > 1:
			rows8F64NEON(k, (*float64)(ai), rows, (*float64)(pb), bStride, (*float64)(ci), ldc, float64(alpha), add)
		default:
			rows1F64NEON(k, (*float64)(ai), rows, (*float64)(pb), bStride, (*float64)(ci), ldc, float64(alpha), add)
		}
	}
}

func transpose[T Float](_ level, rows, n int, src []T, ld int, dst []T, step int) {
	transposeGo(rows, n, src, ld, dst, step)
}

func spread[T Float](_ level, rows, panels, n int, src []T, ld int, dst []T) {
	spreadGo(rows, panels, n, src, ld, dst)
}

// rows8F32NEON and its kin are kernelGo for that many rows, k at least 1, and two vectors of columns. a is read aStep
// elements apart for each of k.
//
//go:noescape
func rows8F32NEON(k int, a *float32, aStep int, b *float32, bStep int, c *float32, ldc int, alpha float32, add bool)

//go:noescape
func rows1F32NEON(k int, a *float32, aStep int, b *float32, bStep int, c *float32, ldc int, alpha float32, add bool)

//go:noescape
func rows8F64NEON(k int, a *float64, aStep int, b *float64, bStep int, c *float64, ldc int, alpha float64, add bool)

//go:noescape
func rows1F64NEON(k int, a *float64, aStep int, b *float64, bStep int, c *float64, ldc int, alpha float64, add bool)
