package conv

import "github.com/elbo-ml/elbo/runtime/native/gemm"

const (
	// patchCols and patchRows bound the patches laid out at once: 512 by 128 floats fill a quarter of an L2 cache of 1 MiB.
	patchCols = 128
	patchRows = 512
)

func (c *call[T]) forward() {
	s := c.s
	switch {
	case c.groupIn == 1 && c.groupOut == 1:
		c.parts(s.Batch*s.OutC, byPlane)
	case c.outSize == 1 && c.coversInput():
		c.dense()
	case c.pointwise() && c.inSize >= patchCols/2:
		c.parts(s.Batch*s.Group, byMixing)
	default:
		// Small images share a part, large ones are cut.
		c.images = max(1, patchCols/c.outSize)
		c.cols = min(patchCols, c.outSize)
		c.blocks = ceil(c.outSize, c.cols)
		c.parts(ceil(s.Batch, c.images)*s.Group*c.blocks, byPatches)
	}
}

// coversInput tells whether the kernel lies on the whole of x exactly once.
func (c *call[T]) coversInput() bool {
	for d, k := range c.s.Kernel {
		if k != c.s.In[d] || c.s.PadBegin[d] != 0 || (k > 1 && c.s.Dilation[d] != 1) {
			return false
		}
	}
	return true
}

// dense is Forward with a kernel that covers x: a dense layer over all of a group's elements.
func (c *call[T]) dense() {
	s, k := c.s, c.groupIn*c.taps
	for g := range s.Group {
		p := gemm.Product[T]{
			TransB: true, M: s.Batch, N: c.groupOut, K: k, Alpha: 1,
			A: c.x[g*k:], LDA: s.Group * k, B: c.w[g*c.groupOut*k:], LDB: k, C: c.y[g*c.groupOut:], LDC: s.OutC,
		}
		if c.bias != nil {
			p.RowBias = c.bias[g*c.groupOut:]
		}
		gemm.Gemm(c.pool, c.threads, p)
	}
}

// mixChannels is one group of one image of Forward with a kernel of one element: x is already laid out as needed.
func (c *call[T]) mixChannels(part int) {
	n, g := part/c.s.Group, part%c.s.Group
	gemm.Gemm(c.pool, c.inner, gemm.Product[T]{
		M: c.groupOut, N: c.outSize, K: c.groupIn, Alpha: 1,
		A: c.w[g*c.groupOut*c.groupIn:], LDA: c.groupIn,
		B: c.x[(n*c.s.InC+g*c.groupIn)*c.inSize:], LDB: c.inSize,
		C: c.y[(n*c.s.OutC+g*c.groupOut)*c.outSize:], LDC: c.outSize,
		ColBias: c.groupBias(g),
	})
}

func (c *call[T]) groupBias(g int) []T {
	if c.bias == nil {
		return nil
	}
	return c.bias[g*c.groupOut : (g+1)*c.groupOut]
}

// patchwork is the general Forward for some columns (elements of an image, or whole images) of a group:
//
//	y[o, column] = bias[o] + sum over (c, t) of w[o, (c, t)] * patch[(c, t), column]
//
// The sum is cut into pieces of patchRows. Patches are laid out along the longer of the output's and the kernel's last
// dimension: in the graph of a weight's gradient the kernel is a whole feature map and the output is small.
func (c *call[T]) patchwork(part int) {
	s := c.s
	block, g, n0 := part%c.blocks, part/c.blocks%s.Group, part/c.blocks/s.Group*c.images
	images := min(c.images, s.Batch-n0)
	j0 := n0*c.outSize + block*c.cols
	j1 := n0*c.outSize + min((block+1)*c.cols, c.outSize)
	if images > 1 {
		j1 = (n0 + images) * c.outSize
	}
	cols := j1 - j0

	free := freeScratch[T]()
	m := free.Take()
	last := len(s.Out) - 1
	alongTaps := s.Kernel[last] > s.Out[last]
	m.patches = room(m.patches, min(patchRows, c.groupIn*c.taps)*cols)
	p := gemm.Product[T]{
		TransB: alongTaps, M: c.groupOut, N: cols, Alpha: 1,
		LDA: c.groupIn * c.taps, B: m.patches, LDB: cols,
		C: c.y[(n0*s.OutC+g*c.groupOut)*c.outSize+block*c.cols:], LDC: c.outSize,
		ColBias: c.groupBias(g),
	}
	if images > 1 {
		m.product = room(m.product, c.groupOut*cols)
		p.C, p.LDC = m.product, cols
	}
	x := c.x[g*c.groupIn*c.inSize:]
	if alongTaps {
		m.outer.set(j0, j1, s.Out, s.Stride, s.PadBegin, s.InC*c.inSize, true)
	} else {
		m.inner.set(j0, j1, s.Out, s.Stride, s.PadBegin, s.InC*c.inSize, false)
	}
	for k0 := 0; k0 == 0 || k0 < c.groupIn*c.taps; k0 += patchRows {
		p.K = min(patchRows, c.groupIn*c.taps-k0)
		if alongTaps {
			p.LDB = p.K
			m.inner.set(k0, k0+p.K, s.Kernel, s.Dilation, nil, c.inSize, false)
			gather(&m.outer, &m.inner, s.In, s.Dilation[last], x, m.patches, p.LDB)
		} else {
			m.outer.set(k0, k0+p.K, s.Kernel, s.Dilation, nil, c.inSize, true)
			gather(&m.outer, &m.inner, s.In, s.Stride[last], x, m.patches, p.LDB)
		}
		p.A = c.w[g*c.groupOut*c.groupIn*c.taps+k0:]
		gemm.Gemm(c.pool, c.inner, p)
		p.Beta, p.ColBias = 1, nil
	}
	if images > 1 {
		for n := range images {
			for o := range c.groupOut {
				to := ((n0+n)*s.OutC + g*c.groupOut + o) * c.outSize
				copy(c.y[to:to+c.outSize], m.product[o*cols+n*c.outSize:])
			}
		}
	}
	free.Give(m)
}
