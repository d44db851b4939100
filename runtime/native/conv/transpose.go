package conv

import "github.com/elbo-ml/elbo/runtime/native/gemm"

// productSize bounds the elements of a product before it is added up.
const productSize = 1 << 16

func (c *call[T]) transpose() {
	s := c.s
	if c.inSize == 1 && c.coversOutput() {
		c.denseTransposed()
		return
	}
	c.images = max(1, patchCols/max(c.inSize, 1))
	c.cols = max(1, min(2*patchCols, c.inSize))
	wide := c.cols
	if c.images > 1 {
		wide = c.images * c.inSize
	}
	c.outs = min(c.groupOut, max(1, productSize/(max(wide, 1)*max(c.taps, 1))))
	c.blocks = ceil(c.groupOut, c.outs)
	c.parts(ceil(s.Batch, c.images)*s.Group*c.blocks, bySpreading)
}

// coversOutput tells whether the kernel lies on the whole of y exactly once.
func (c *call[T]) coversOutput() bool {
	for d, k := range c.s.Kernel {
		if k != c.s.Out[d] || c.s.PadBegin[d] != 0 || (k > 1 && c.s.Dilation[d] != 1) {
			return false
		}
	}
	return true
}

// denseTransposed is Transpose from one element a channel to a y that the kernel covers: a dense layer.
func (c *call[T]) denseTransposed() {
	s, wide := c.s, c.groupOut*c.taps
	for g := range s.Group {
		p := gemm.Product[T]{
			M: s.Batch, N: wide, K: c.groupIn, Alpha: 1,
			A: c.x[g*c.groupIn:], LDA: s.InC, B: c.w[g*c.groupIn*wide:], LDB: wide,
			C: c.y[g*wide:], LDC: s.Group * wide,
		}
		if c.bias != nil {
			for n := range s.Batch {
				for o := range c.groupOut {
					at := n*s.Group*wide + g*wide + o*c.taps
					c.fill(c.y[at:at+c.taps], g*c.groupOut+o)
				}
			}
			p.Beta = 1
		}
		gemm.Gemm(c.pool, c.threads, p)
	}
}

// spread is Transpose for some images and some output channels of a group: for pieces of the input,
//
//	product[(o, t), i] = sum over c of w[c, (o, t)] * x[c, i]
//
// and each product is added to the place in y where tap t of position i falls.
func (c *call[T]) spread(part int) {
	s := c.s
	o0, g, n0 := part%c.blocks*c.outs, part/c.blocks%s.Group, part/c.blocks/s.Group*c.images
	outs, images := min(c.outs, c.groupOut-o0), min(c.images, s.Batch-n0)
	first := g*c.groupOut + o0
	for n := n0; n < n0+images; n++ {
		for o := first; o < first+outs; o++ {
			at := (n*s.OutC + o) * c.outSize
			c.fill(c.y[at:at+c.outSize], o)
		}
	}

	free := freeScratch[T]()
	m := free.Take()
	last := len(s.Out) - 1
	y := c.y[first*c.outSize:]
	m.outer.set(0, outs*c.taps, s.Kernel, s.Dilation, s.PadBegin, c.outSize, true)
	for i0 := 0; i0 < c.inSize; i0 += c.cols {
		p := gemm.Product[T]{
			TransA: true, M: outs * c.taps, N: min(c.cols, c.inSize-i0), K: c.groupIn, Alpha: 1,
			A: c.w[(g*c.groupIn*c.groupOut+o0)*c.taps:], LDA: c.groupOut * c.taps,
			B: c.x[(n0*s.InC+g*c.groupIn)*c.inSize+i0:], LDB: c.inSize,
		}
		if images > 1 { // then the piece is all of them, laid side by side
			p.N = images * c.inSize
			p.B, p.LDB = c.beside(m, n0, images, g), p.N
		}
		m.product = room(m.product, p.M*p.N)
		p.C, p.LDC = m.product, p.N
		gemm.Gemm(c.pool, c.inner, p)
		m.inner.set(n0*c.inSize+i0, n0*c.inSize+i0+p.N, s.In, s.Stride, nil, s.OutC*c.outSize, false)
		scatter(&m.outer, &m.inner, s.Out, s.Stride[last], y, m.product, p.LDC)
	}
	free.Give(m)
}

// beside lays the channels of a group of several images side by side: a row for each channel.
func (c *call[T]) beside(m *scratch[T], n0, images, g int) []T {
	wide := images * c.inSize
	m.patches = room(m.patches, c.groupIn*wide)
	for k := range c.groupIn {
		for n := range images {
			from := ((n0+n)*c.s.InC + g*c.groupIn + k) * c.inSize
			copy(m.patches[k*wide+n*c.inSize:][:c.inSize], c.x[from:])
		}
	}
	return m.patches
}
