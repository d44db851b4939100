package kernel

import (
	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime/native/gemm"
	"github.com/elbo-ml/elbo/tensor"
)

func init() {
	register(
		&Kernel{Op: "Gemm", Types: floats(bindGemm[float32], bindGemm[float64]), Finishes: func(*graph.Node) bool { return true }},
		&Kernel{Op: "MatMul", Types: floats(bindMatMul[float32], bindMatMul[float64]), Finishes: func(n *graph.Node) bool {
			return newMatMul(n, dimsOf(n.Inputs[0]), dimsOf(n.Inputs[1])).count == 1
		}},
	)
}

// epilogue is a Call's Epilogue for a product whose rows of n elements follow one another.
type epilogue struct {
	Epilogue
	n int
}

// short is a length of rows below which several are better taken as one run.
const short = 128

// Tile hands on a part of the product.
func (e *epilogue) Tile(i0, j0, rows, cols int) {
	if cols == e.n && cols < short {
		rows, cols = 1, rows*cols
	}
	e.Block(i0*e.n+j0, rows, cols, e.n)
}

// epilogueOf is the call's Epilogue for a product of n columns, or nil.
func epilogueOf(c *Call, n int) gemm.Epilogue {
	if c.Epilogue == nil {
		return nil
	}
	return &epilogue{c.Epilogue, n}
}

// bindGemm is Y = alpha * A' * B' + beta * C, where C broadcasts to Y. A row C is added on the way out of the product;
// any other is written to Y first and accumulated over.
func bindGemm[T Float](c *Call) (Task, error) {
	a, b, bias, y := c.In[0], c.In[1], c.Input(2), c.Out[0]
	p := gemm.Product[T]{
		TransA: c.Node.Int("transA", 0) != 0, TransB: c.Node.Int("transB", 0) != 0,
		M: y.Shape[0], N: y.Shape[1], K: a.Shape[1],
		Alpha: T(c.Node.Float("alpha", 1)), LDA: a.Shape[1], LDB: b.Shape[1], LDC: y.Shape[1],
		Epilogue: epilogueOf(c, y.Shape[1]),
	}
	if p.TransA {
		p.K = a.Shape[0]
	}
	beta := T(c.Node.Float("beta", 1))
	if bias != nil && beta == 0 {
		bias = nil
	}
	p.Packed = packedWeight[T](c, p.TransB, p.N, p.K, p.LDB)
	before, row := Task(nothing), false
	switch {
	case bias == nil:
	case beta == 1 && len(bias.Shape) > 0 && bias.Len() == p.N && bias.Shape[len(bias.Shape)-1] == p.N:
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

// matMul is numpy's matmul: the last two axes multiply, those before broadcast, and an operand of rank 1 is a row on the
// left, a column on the right. The planner's attributes transA and transB swap the last two axes of a matrix.
type matMul struct {
	transA, transB bool
	m, n, k        int
	lda, ldb       int
	count          int // products
	// batch is the shape of the products, batchA and batchB those of the operands' matrices.
	batch, batchA, batchB tensor.Shape
}

// newMatMul is the MatMul node n of operands of shapes as and bs.
func newMatMul(n *graph.Node, as, bs tensor.Shape) matMul {
	if len(as) == 1 {
		as = tensor.Shape{1, as[0]}
	}
	if len(bs) == 1 {
		bs = tensor.Shape{bs[0], 1}
	}
	x := matMul{
		transA: n.Int("transA", 0) != 0, transB: n.Int("transB", 0) != 0,
		m: as[len(as)-2], k: as[len(as)-1], n: bs[len(bs)-1], lda: as[len(as)-1], ldb: bs[len(bs)-1],
		batchA: as[:len(as)-2], batchB: bs[:len(bs)-2],
	}
	if x.transA {
		x.m, x.k = x.k, x.m
	}
	if x.transB {
		x.n = bs[len(bs)-2]
	}
	x.batch = broadcastShape(x.batchA, x.batchB)
	x.count = x.batch.Size()
	if x.batchB.Size() == 1 && x.batchA.Size() == x.count && !x.transA {
		// Every matrix on the left meets the same one on the right: one tall product.
		x.m *= x.count
		x.count, x.batch, x.batchA, x.batchB = 1, nil, nil, nil
	}
	return x
}

func bindMatMul[T Float](c *Call) (Task, error) {
	a, b, y := c.In[0], c.In[1], c.Out[0]
	x := newMatMul(c.Node, a.Shape, b.Shape)
	if y.Len() == 0 {
		return nothing, nil
	}
	p := gemm.Product[T]{
		TransA: x.transA, TransB: x.transB, M: x.m, N: x.n, K: x.k, Alpha: 1, LDA: x.lda, LDB: x.ldb, LDC: x.n,
		Epilogue: epilogueOf(c, x.n),
	}
	if x.count == 1 {
		p.Packed = packedWeight[T](c, p.TransB, p.N, p.K, p.LDB)
	}
	offsetsA, offsetsB := make([]int, x.count), make([]int, x.count)
	sa, sb := broadcastStrides(x.batchA, x.batch), broadcastStrides(x.batchB, x.batch)
	for i := range x.count {
		offsetsA[i], offsetsB[i] = x.m*x.k*offsetOf(x.batch, sa, i), x.k*x.n*offsetOf(x.batch, sb, i)
	}
	products := func(lo, hi, threads int) {
		av, bv, yv := Data[T](a), Data[T](b), Data[T](y)
		for i := lo; i < hi; i++ {
			q := p
			q.A, q.B, q.C = av[offsetsA[i]:], bv[offsetsB[i]:], yv[i*x.m*x.n:]
			gemm.Gemm(c.Cores.Pool, threads, q)
		}
	}
	// Each product is a core's own where they are many, or too small to be shared.
	work := x.m * x.n * max(x.k, 1)
	if x.count > 1 && (x.count >= 4*c.Cores.Count() || work < sharedWork) {
		alone := func(lo, hi int) { products(lo, hi, 1) }
		return func() error {
			c.Cores.For(x.count, max(1, grain*16/work), alone)
			return nil
		}, nil
	}
	return func() error {
		products(0, x.count, c.Cores.Threads)
		return nil
	}, nil
}

// sharedWork is the number of multiplications from which on a product is worth all cores when there are few of them.
const sharedWork = 1 << 20

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
