package kernel

import (
	"sync"

	"github.com/elbo-ml/elbo/runtime/native/gemm"
	"github.com/elbo-ml/elbo/tensor"
)

// Weights are the constants of a program that kernels have brought into an order of their own, each once: all plans and
// workspaces of the program share them. The zero value is empty and ready, and safe for concurrent use.
type Weights struct {
	mu     sync.Mutex
	packed map[weight]any
}

// weight is a constant matrix on the right of a product.
type weight struct {
	data  *tensor.Tensor
	trans bool
	n, k  int
}

// packedWeight is the call's input 1, on the right of a product, op(B) k by n, packed; nil where it is no constant.
func packedWeight[T Float](c *Call, trans bool, n, k, ldb int) *gemm.Packed[T] {
	w, v := c.Weights, c.Node.Inputs[1]
	if w == nil || v.Data == nil || n == 0 || k == 0 {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	key := weight{v.Data, trans, n, k}
	if p, ok := w.packed[key].(*gemm.Packed[T]); ok {
		return p
	}
	if w.packed == nil {
		w.packed = map[weight]any{}
	}
	p := gemm.Pack(trans, n, k, Data[T](c.In[1]), ldb)
	w.packed[key] = p
	return p
}
