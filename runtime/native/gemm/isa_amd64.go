//go:build amd64 && !noasm

package gemm

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

type level int

const (
	levelGo level = iota
	levelAVX2
	levelAVX512
)

// best is the widest instruction set of this machine, chosen once at start.
var best = func() level {
	switch {
	case cpu.X86.HasAVX512F && cpu.X86.HasAVX2 && cpu.X86.HasFMA && cpu.X86.HasBMI2:
		return levelAVX512
	case cpu.X86.HasAVX2 && cpu.X86.HasFMA:
		return levelAVX2
	}
	return levelGo
}()

// ISA names the instruction set in use: go, avx2 or avx512.
func ISA() string { return [...]string{"go", "avx2", "avx512"}[best] }

// tile is the largest tile of C a micro-kernel computes.
func tile[T Float](l level) (mr, nr int) {
	var zero T
	switch l {
	case levelAVX512:
		return 12, 2 * 64 / int(unsafe.Sizeof(zero))
	case levelAVX2:
		return 6, 2 * 32 / int(unsafe.Sizeof(zero))
	}
	return goRows, goCols
}

// masks reports whether the level's kernel leaves out columns beyond cols; else cols is always the level's nr.
func masks(l level) bool { return l == levelAVX512 }

// kernel is kernelGo with cols at most the level's nr.
func kernel[T Float](l level, rows, cols, k int, a, b []T, bStride int, c []T, ldc int, alpha T, add bool) {
	pa, pb, pc := unsafe.Pointer(unsafe.SliceData(a)), unsafe.Pointer(unsafe.SliceData(b)), unsafe.Pointer(unsafe.SliceData(c))
	single := unsafe.Sizeof(alpha) == 4
	switch {
	case l == levelAVX512 && single:
		kernelF32AVX512(rows, cols, k, (*float32)(pa), (*float32)(pb), bStride, (*float32)(pc), ldc, float32(alpha), add)
	case l == levelAVX512:
		kernelF64AVX512(rows, cols, k, (*float64)(pa), (*float64)(pb), bStride, (*float64)(pc), ldc, float64(alpha), add)
	case l == levelAVX2 && single:
		kernelF32AVX2(rows, k, (*float32)(pa), (*float32)(pb), bStride, (*float32)(pc), ldc, float32(alpha), add)
	case l == levelAVX2:
		kernelF64AVX2(rows, k, (*float64)(pa), (*float64)(pb), bStride, (*float64)(pc), ldc, float64(alpha), add)
	default:
		kernelGo(rows, cols, k, a, b, bStride, c, ldc, alpha, add)
	}
}

// spread is spreadGo with n the level's nr.
func spread[T Float](l level, rows, panels, n int, src []T, ld int, dst []T) {
	var zero T
	size := int(unsafe.Sizeof(zero))
	ps, pd := (*byte)(unsafe.Pointer(unsafe.SliceData(src))), (*byte)(unsafe.Pointer(unsafe.SliceData(dst)))
	switch {
	case l == levelGo:
		spreadGo(rows, panels, n, src, ld, dst)
	case l == levelAVX512:
		spreadAVX512(rows, panels, ps, ld*size, pd)
	default:
		spreadAVX2(rows, panels, ps, ld*size, pd)
	}
}

// transpose is transposeGo.
func transpose[T Float](l level, rows, n int, src []T, ld int, dst []T, step int) {
	var zero T
	ps, pd := unsafe.Pointer(unsafe.SliceData(src)), unsafe.Pointer(unsafe.SliceData(dst))
	switch single := unsafe.Sizeof(zero) == 4; {
	case n == 0:
	case l == levelAVX512 && single:
		for i := 0; i < rows; i += 16 {
			transposeF32AVX512(min(16, rows-i), n, (*float32)(unsafe.Add(ps, 4*i*ld)), ld, (*float32)(unsafe.Add(pd, 4*i)), step)
		}
	case l == levelAVX512:
		for i := 0; i < rows; i += 8 {
			transposeF64AVX512(min(8, rows-i), n, (*float64)(unsafe.Add(ps, 8*i*ld)), ld, (*float64)(unsafe.Add(pd, 8*i)), step)
		}
	case l == levelAVX2 && single:
		transposeAVX2(rows, n, src, ld, dst, step)
	default:
		transposeGo(rows, n, src, ld, dst, step)
	}
}

// transposeAVX2 is transposeGo for float32.
func transposeAVX2[T Float](rows, n int, src []T, ld int, dst []T, step int) {
	done := 0 // rows written by the assembly, in columns before whole
	whole := n &^ 7
	if whole > 0 && rows >= 4 {
		ps, pd := unsafe.Pointer(unsafe.SliceData(src)), unsafe.Pointer(unsafe.SliceData(dst))
		for ; done+4 <= rows; done += 4 {
			s, d := (*float32)(unsafe.Add(ps, 4*done*ld)), (*float32)(unsafe.Add(pd, 4*done))
			if done+8 <= rows {
				transpose8AVX2(whole, s, ld, d, step)
				done += 4
			} else {
				transpose4AVX2(whole, s, ld, d, step)
			}
		}
		if whole < n {
			transposeGo(done, n-whole, src[whole:], ld, dst[whole*step:], step)
		}
	}
	if done < rows {
		transposeGo(rows-done, n, src[done*ld:], ld, dst[done:], step)
	}
}
