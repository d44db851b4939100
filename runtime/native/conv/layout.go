package conv

import "github.com/elbo-ml/elbo/runtime/native/gemm"

// layOut writes the channels of a group of image n with the channels last: dst[position, channel], for the positions whose
// first coordinates are those of a band that starts at base, zero where they are outside of x.
func (c *Conv[T]) layOut(m *scratch[T], dst []T, n, g, base int) {
	s := &c.s
	first := base + c.lo[0]
	r0, r1 := max(first, 0), min(first+c.extents[0], s.In[0])
	if r0 >= r1 || c.in == 0 {
		clear(dst)
		return
	}
	rest := size(s.In[1:])
	x := c.x[(n*s.InC+g*c.in)*c.inSize+r0*rest:]
	if c.flush() {
		lo, hi := (r0-first)*rest*c.in, (r1-first)*rest*c.in
		clear(dst[:lo])
		clear(dst[hi:])
		gemm.Transpose(c.in, (r1-r0)*rest, x, c.inSize, dst[lo:hi], c.in)
		return
	}
	m.temp = room(m.temp, (r1-r0)*rest*c.in)
	gemm.Transpose(c.in, (r1-r0)*rest, x, c.inSize, m.temp, c.in)
	clear(dst)
	for r := r0; r < r1; r++ {
		c.copyLines(1, m.temp, dst, r-r0, r-first)
	}
}

// flush reports whether the layout has the extents of x in all axes but the first.
func (c *Conv[T]) flush() bool {
	for d := 1; d < len(c.extents); d++ {
		if c.lo[d] != 0 || c.extents[d] != c.s.In[d] {
			return false
		}
	}
	return true
}

// copyLines copies what x and its layout share of axes d and further.
func (c *Conv[T]) copyLines(d int, src, dst []T, from, to int) {
	lo := c.lo[d]
	i0, i1 := max(lo, 0), min(lo+c.extents[d], c.s.In[d])
	from, to = from*c.s.In[d], to*c.extents[d]-lo
	if d == len(c.extents)-1 {
		if i0 < i1 {
			copy(dst[(to+i0)*c.in:(to+i1)*c.in], src[(from+i0)*c.in:])
		}
		return
	}
	for i := i0; i < i1; i++ {
		c.copyLines(d+1, src, dst, from+i, to+i)
	}
}
