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
// on the left, a column on the right. The planner's attributes transA and transB swap the last two axes of a matrix.
func bindMatMul[T Float](c *Call) (Task, error) {
	a, b, y := c.In[0], c.In[1], c.Out[0]
	as, bs := a.Shape, b.Shape
	if len(as) == 1 {
		as = tensor.Shape{1, as[0]}
	}
	if len(bs) == 1 {
		bs = tensor.Shape{bs[0], 1}
	}
	p := gemm.Product[T]{
		TransA: c.Node.Int("transA", 0) != 0, TransB: c.Node.Int("transB", 0) != 0,
		M: as[len(as)-2], K: as[len(as)-1], N: bs[len(bs)-1], Alpha: 1, LDA: as[len(as)-1], LDB: bs[len(bs)-1],
	}
	if p.TransA {
		p.M, p.K = p.K, p.M
	}
	if p.TransB {
		p.N = bs[len(bs)-2]
	}
	p.LDC = p.N
	sizeA, sizeB, sizeY := p.M*p.K, p.K*p.N, p.M*p.N
	batchA, batchB := as[:len(as)-2], bs[:len(bs)-2]
	batch := broadcastShape(batchA, batchB)
	count := batch.Size()
	if batchB.Size() == 1 && batchA.Size() == count && !p.TransA {
		p.M, count = p.M*count, 1 // every batch meets the same right side: one tall product
	}
	if y.Len() == 0 {
		return nothing, nil
	}
	offsetsA, offsetsB := make([]int, count), make([]int, count)
	sa, sb := broadcastStrides(batchA, batch), broadcastStrides(batchB, batch)
	for i := range count {
		offsetsA[i], offsetsB[i] = sizeA*offsetOf(batch, sa, i), sizeB*offsetOf(batch, sb, i)
	}
	return func() error {
		av, bv, yv := Data[T](a), Data[T](b), Data[T](y)
		for i := range count {
			q := p
			q.A, q.B, q.C = av[offsetsA[i]:], bv[offsetsB[i]:], yv[i*sizeY:]
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
