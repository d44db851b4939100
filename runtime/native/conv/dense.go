package conv

import "github.com/elbo-ml/elbo/runtime/native/gemm"

// coversInput tells whether the kernel lies on the whole of x exactly once.
func (c *Conv[T]) coversInput() bool {
	for d, k := range c.s.Kernel {
		if k != c.s.In[d] || c.s.PadBegin[d] != 0 || (k > 1 && c.s.Dilation[d] != 1) {
			return false
		}
	}
	return true
}

// dense is Forward with a kernel that covers x: a dense layer over all of a group's elements.
func (c *Conv[T]) dense(threads int) {
	s, k := &c.s, c.in*c.taps
	for g := range s.Group {
		p := gemm.Product[T]{
			TransB: true, M: s.Batch, N: c.out, K: k, Alpha: 1,
			A: c.x[g*k:], LDA: s.Group * k, B: c.w[g*c.out*k:], LDB: k, C: c.y[g*c.out:], LDC: s.OutC,
		}
		if c.bias != nil {
			p.RowBias = c.bias[g*c.out:]
		}
		gemm.Gemm(c.pool, threads, p)
	}
}

// coversOutput tells whether the kernel lies on the whole of y exactly once.
func (c *Conv[T]) coversOutput() bool {
	for d, k := range c.s.Kernel {
		if k != c.s.Out[d] || c.s.PadBegin[d] != 0 || (k > 1 && c.s.Dilation[d] != 1) {
			return false
		}
	}
	return true
}

// denseTransposed is Transpose from one element a channel to a y that the kernel covers: a dense layer.
func (c *Conv[T]) denseTransposed(threads int) {
	s, wide := &c.s, c.out*c.taps
	for g := range s.Group {
		p := gemm.Product[T]{
			M: s.Batch, N: wide, K: c.in, Alpha: 1,
			A: c.x[g*c.in:], LDA: s.InC, B: c.w[g*c.in*wide:], LDB: wide,
			C: c.y[g*wide:], LDC: s.Group * wide,
		}
		if c.bias != nil {
			for n := range s.Batch {
				for o := range c.out {
					at := n*s.Group*wide + g*wide + o*c.taps
					c.fill(c.y[at:at+c.taps], g*c.out+o)
				}
			}
			p.Beta = 1
		}
		gemm.Gemm(c.pool, threads, p)
	}
}
