package gemm

import "github.com/elbo-ml/elbo/runtime/native/pool"

var (
	free32 pool.Free[work[float32]]
	free64 pool.Free[work[float64]]
)

// freeWork is where the working memory of finished calls waits for later ones.
func freeWork[T Float]() *pool.Free[work[T]] {
	if f, ok := any(&free32).(*pool.Free[work[T]]); ok {
		return f
	}
	return any(&free64).(*pool.Free[work[T]])
}
