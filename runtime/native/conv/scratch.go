package conv

import (
	"unsafe"

	"github.com/elbo-ml/elbo/runtime/native/gemm"
	"github.com/elbo-ml/elbo/runtime/native/pool"
)

// scratch is the memory of one goroutine.
type scratch[T gemm.Float] struct {
	weights, patches, temp, product []T
	off                             []int
	outer, inner                    runs
}

var (
	scratch32 pool.Free[scratch[float32]]
	scratch64 pool.Free[scratch[float64]]
)

func freeScratch[T gemm.Float]() *pool.Free[scratch[T]] {
	if f, ok := any(&scratch32).(*pool.Free[scratch[T]]); ok {
		return f
	}
	return any(&scratch64).(*pool.Free[scratch[T]])
}

// room is buf with n elements, whatever they hold, aligned so that vectors do not straddle cache lines.
func room[T gemm.Float](buf []T, n int) []T {
	if cap(buf) >= n {
		return buf[:n]
	}
	var zero T
	per := 64 / int(unsafe.Sizeof(zero))
	fresh := make([]T, n+per)
	off := int(-uintptr(unsafe.Pointer(unsafe.SliceData(fresh)))&63) / int(unsafe.Sizeof(zero))
	return fresh[off : off+n : off+n]
}
