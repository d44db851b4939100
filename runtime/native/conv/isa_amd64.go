//go:build amd64 && !noasm

package conv

import (
	"unsafe"

	"github.com/elbo-ml/elbo/runtime/native/gemm"
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
	case cpu.X86.HasAVX512F && cpu.X86.HasAVX2 && cpu.X86.HasFMA:
		return levelAVX512
	case cpu.X86.HasAVX2 && cpu.X86.HasFMA:
		return levelAVX2
	}
	return levelGo
}()

// tile is the largest tile of sums that a kernel computes.
func tile[T gemm.Float](l level) (rows, cols int) {
	var zero T
	switch l {
	case levelAVX512:
		return 12, 2 * 64 / int(unsafe.Sizeof(zero))
	case levelAVX2:
		return 6, 2 * 32 / int(unsafe.Sizeof(zero))
	}
	return goRows, goCols
}

// windows is windowsGo.
func windows[T gemm.Float](l level, rows int, a []T, rowAt, runAt []int, n int, b, start, c []T, cAt []int) {
	pa, pb, ps, pc := unsafe.Pointer(unsafe.SliceData(a)), unsafe.Pointer(unsafe.SliceData(b)), unsafe.Pointer(unsafe.SliceData(start)), unsafe.Pointer(unsafe.SliceData(c))
	ra, ka, ca := unsafe.SliceData(rowAt), unsafe.SliceData(runAt), unsafe.SliceData(cAt)
	var zero T
	single := unsafe.Sizeof(zero) == 4
	switch {
	case l == levelGo || len(runAt) == 0 || n == 0:
		windowsGo(rows, a, rowAt, runAt, n, b, start, c, cAt)
	case l == levelAVX512 && single:
		windowsF32AVX512(rows, len(runAt), n, (*float32)(pa), ra, ka, (*float32)(pb), (*float32)(ps), (*float32)(pc), ca)
	case l == levelAVX512:
		windowsF64AVX512(rows, len(runAt), n, (*float64)(pa), ra, ka, (*float64)(pb), (*float64)(ps), (*float64)(pc), ca)
	case single:
		windowsF32AVX2(rows, len(runAt), n, (*float32)(pa), ra, ka, (*float32)(pb), (*float32)(ps), (*float32)(pc), ca)
	default:
		windowsF64AVX2(rows, len(runAt), n, (*float64)(pa), ra, ka, (*float64)(pb), (*float64)(ps), (*float64)(pc), ca)
	}
}

// sums is sumsGo.
func sums[T gemm.Float](l level, rows int, a []T, aStep int, b []T, runAt []int, n, bStep int, c []T, add bool) {
	pa, pb, pc := unsafe.Pointer(unsafe.SliceData(a)), unsafe.Pointer(unsafe.SliceData(b)), unsafe.Pointer(unsafe.SliceData(c))
	ka := unsafe.SliceData(runAt)
	var zero T
	single := unsafe.Sizeof(zero) == 4
	switch {
	case l == levelGo || len(runAt) == 0 || n == 0:
		sumsGo(rows, a, aStep, b, runAt, n, bStep, c, add)
	case l == levelAVX512 && single:
		sumsF32AVX512(rows, len(runAt), n, (*float32)(pa), aStep, (*float32)(pb), ka, bStep, (*float32)(pc), add)
	case l == levelAVX512:
		sumsF64AVX512(rows, len(runAt), n, (*float64)(pa), aStep, (*float64)(pb), ka, bStep, (*float64)(pc), add)
	case single:
		sumsF32AVX2(rows, len(runAt), n, (*float32)(pa), aStep, (*float32)(pb), ka, bStep, (*float32)(pc), add)
	default:
		sumsF64AVX2(rows, len(runAt), n, (*float64)(pa), aStep, (*float64)(pb), ka, bStep, (*float64)(pc), add)
	}
}

// shifted is shiftedGo for a y of whole multiples of lanes.
func shifted[T gemm.Float](l level, y, x []T, off []int, w []T, start T) {
	py, px, pw, po := unsafe.Pointer(unsafe.SliceData(y)), unsafe.Pointer(unsafe.SliceData(x)), unsafe.Pointer(unsafe.SliceData(w)), unsafe.SliceData(off)
	var zero T
	single := unsafe.Sizeof(zero) == 4
	switch {
	case l == levelGo || len(off) == 0 || len(y) == 0:
		shiftedGo(y, x, off, w, start)
	case l == levelAVX512 && single:
		shiftedF32AVX512(len(y), (*float32)(py), (*float32)(px), po, (*float32)(pw), len(off), float32(start))
	case l == levelAVX512:
		shiftedF64AVX512(len(y), (*float64)(py), (*float64)(px), po, (*float64)(pw), len(off), float64(start))
	case single:
		shiftedF32AVX2(len(y), (*float32)(py), (*float32)(px), po, (*float32)(pw), len(off), float32(start))
	default:
		shiftedF64AVX2(len(y), (*float64)(py), (*float64)(px), po, (*float64)(pw), len(off), float64(start))
	}
}

// dots is dotsGo.
func dots[T gemm.Float](l level, a, x []T, off []int, acc []T) {
	pa, px, ps, po := unsafe.Pointer(unsafe.SliceData(a)), unsafe.Pointer(unsafe.SliceData(x)), unsafe.Pointer(unsafe.SliceData(acc)), unsafe.SliceData(off)
	var zero T
	single := unsafe.Sizeof(zero) == 4
	switch {
	case l == levelGo || len(off) == 0 || len(a) == 0:
		dotsGo(a, x, off, acc)
	case l == levelAVX512 && single:
		dotsF32AVX512(len(a), (*float32)(pa), (*float32)(px), po, len(off), (*float32)(ps))
	case l == levelAVX512:
		dotsF64AVX512(len(a), (*float64)(pa), (*float64)(px), po, len(off), (*float64)(ps))
	case single:
		dotsF32AVX2(len(a), (*float32)(pa), (*float32)(px), po, len(off), (*float32)(ps))
	default:
		dotsF64AVX2(len(a), (*float64)(pa), (*float64)(px), po, len(off), (*float64)(ps))
	}
}
