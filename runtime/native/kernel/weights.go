package kernel

import (
	"sync"

	"github.com/elbo-ml/elbo/runtime/native/conv"
	"github.com/elbo-ml/elbo/runtime/native/gemm"
	"github.com/elbo-ml/elbo/tensor"
)

// Weights are the constants of a program that kernels have brought into an order of their own, each once: all plans and
// workspaces of the program share them. The zero value is empty and ready, and safe for concurrent use.
type Weights struct {
	mu     sync.Mutex
	packed map[any]any // by weight or kernelWeight
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
	return kept(w, weight{v.Data, trans, n, k}, func() *gemm.Packed[T] { return gemm.Pack(trans, n, k, Data[T](c.In[1]), ldb) })
}

// kernelWeight is the constant weights of a convolution in one order.
type kernelWeight struct {
	data  *tensor.Tensor
	order string
}

// packedKernel is the call's input 1, the weights of the convolution f, packed; nil where it is no constant or where packing it
// once would not pay.
func packedKernel[T Float](c *Call, f *conv.Conv[T]) []T {
	w, v := c.Weights, c.Node.Inputs[1]
	if w == nil || v.Data == nil {
		return nil
	}
	order := f.Order()
	if order == "" {
		return nil
	}
	return kept(w, kernelWeight{v.Data, order}, func() []T { return f.Pack(Data[T](c.In[1])) })
}

// kept is what w holds for the key, made when it is asked for first.
func kept[P any](w *Weights, key any, build func() P) P {
	w.mu.Lock()
	defer w.mu.Unlock()
	if p, ok := w.packed[key].(P); ok {
		return p
	}
	if w.packed == nil {
		w.packed = map[any]any{}
	}
	p := build()
	w.packed[key] = p
	return p
}
