package kernel

import (
	"github.com/elbo-ml/elbo/runtime/native/gemm"
	"github.com/elbo-ml/elbo/tensor"
)

func init() {
	register(
		&Kernel{Op: "Gemm", Types: floats(bindGemm[float32], bindGemm[float64])},
		&Kernel{Op: "MatMul", Types: floats(bindMatMul[float32], bindMatMul[float64])},
	)
}

// bindGemm is Y = alpha * A' * B' + beta * C, where C broadcasts to Y. A row C is added on the way out of the product;
// any other is written to Y first and accumulated over.
func bindGemm[T Float](c *Call) (Task, error) {
	a, b, bias, y := c.In[0], c.In[1], c.Input(2), c.Out[0]
	p := gemm.Product[T]{
		TransA: c.Node.Int("transA", 0) != 0, TransB: c.Node.Int("transB", 0) != 0,
		M: y.Shape[0], N: y.Shape[1], K: a.Shape[1],
		Alpha: T(c.Node.Float("alpha", 1)), LDA: a.Shape[1], LDB: b.Shape[1], LDC: y.Shape[1],
	}
	if p.TransA {
		p.K = a.Shape[0]
	}
	beta := T(c.Node.Float("beta", 1))
	if bias != nil && beta == 0 {
		bias = nil
	}
	before, row := Task(nothing), false
	switch {
	case bias == nil:
	case beta == 1 && bias.Len() == p.N && bias.Shape[len(bias.Shape)-1] == p.N:
		row = true
	default:
		p.Beta = beta
		s := newSpace(y.Shape, y.Shape.Strides(), broadcastStrides(bias.Shape, y.Shape))
		before = copyFloats[T](c.Cores, y, bias, s)
	}
	return func() error {
		if err := before(); err != nil {
			return err
		}
		q := p
		q.A, q.B, q.C = Data[T](a), Data[T](b), Data[T](y)
		if row {
			q.RowBias = Data[T](bias)
		}
		gemm.Gemm(c.Cores.Pool, c.Cores.Threads, q)
		return nil
	}, nil
}

// copyFloats copies as words, so that one instance of the copy serves all types of a width.
func copyFloats[T Float](p Cores, dst, src *Buf, s space) Task {
	if tensor.Of[T]() == tensor.Float32 {
		return copyStrided[uint32](p, dst, src, s, 0, 0)
	}
	return copyStrided[uint64](p, dst, src, s, 0, 0)
}

// bindMatMul is numpy's matmul: the last two axes multiply, those before broadcast, and an operand of rank 1 is a row
// on the left, a column on the right.
func bindMatMul[T Float](c *Call) (Task, error) {
	a, b, y := c.In[0], c.In[1], c.Out[0]
	as, bs := a.Shape, b.Shape
	if len(as) == 1 {
		as = tensor.Shape{1, as[0]}
	}
	if len(bs) == 1 {
		bs = tensor.Shape{bs[0], 1}
	}
	m, k, n := as[len(as)-2], as[len(as)-1], bs[len(bs)-1]
	p := gemm.Product[T]{M: m, N: n, K: k, Alpha: 1, LDA: k, LDB: n, LDC: n}
	batchA, batchB := as[:len(as)-2], bs[:len(bs)-2]
	batch := broadcastShape(batchA, batchB)
	sa, sb := broadcastStrides(batchA, batch), broadcastStrides(batchB, batch)
	count := batch.Size()
	if batchB.Size() == 1 && batchA.Size() == count {
		p.M, count = m*count, 1 // every batch meets the same right side: one tall product
	}
	if y.Len() == 0 {
		return nothing, nil
	}
	s := newSpace(append(batch, 1, 1), append(sa, 0, 0), append(sb, 0, 0))
	last := len(s.dims) - 1
	return func() error {
		av, bv, yv := Data[T](a), Data[T](b), Data[T](y)
		for i := range count {
			outer, inner := i/s.dims[last], i%s.dims[last]
			q := p
			q.A = av[(s.offset(0, outer)+inner*s.step(0))*m*k:]
			q.B = bv[(s.offset(1, outer)+inner*s.step(1))*k*n:]
			q.C = yv[i*m*n:]
			gemm.Gemm(c.Cores.Pool, c.Cores.Threads, q)
		}
		return nil
	}, nil
}

// broadcastShape is the shape two broadcastable shapes give.
func broadcastShape(a, b tensor.Shape) tensor.Shape {
	out := make(tensor.Shape, max(len(a), len(b)))
	for i := range out {
		d := 1
		for _, s := range []tensor.Shape{a, b} {
			if k := i - len(out) + len(s); k >= 0 && s[k] != 1 {
				d = s[k]
			}
		}
		out[i] = d
	}
	return out
}
