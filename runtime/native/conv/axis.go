package conv

import "sort"

// class is a set of output positions along one axis that the same taps of the kernel reach: all of them in a convolution,
// and in a transposed one those that leave the same remainder when divided by the stride. Position at[i] and tap taps[j]
// meet at x's coordinate pos[i] + off[j]; off ascends.
type class struct{ at, pos, taps, off []int }

// classes are those of axis d for outputs 0 to outs-1.
func (s *Spec) classes(d, outs int, transpose bool) []class {
	stride, dilation, pad := s.Stride[d], s.Dilation[d], s.PadBegin[d]
	if !transpose {
		var c class
		for i := range outs {
			c.at, c.pos = append(c.at, i), append(c.pos, i*stride-pad)
		}
		for t := range s.Kernel[d] {
			c.taps, c.off = append(c.taps, t), append(c.off, t*dilation)
		}
		return []class{c}
	}
	// Output i is met where i + pad = x*stride + t*dilation.
	var list []class
	of := map[int]int{} // the class of a remainder
	for i := range outs {
		r := mod(i+pad, stride)
		k, ok := of[r]
		if !ok {
			k, of[r] = len(list), len(list)
			list = append(list, class{})
		}
		c := &list[k]
		c.at, c.pos = append(c.at, i), append(c.pos, floor(i+pad, stride))
	}
	for t := s.Kernel[d] - 1; t >= 0; t-- {
		if k, ok := of[mod(t*dilation, stride)]; ok {
			c := &list[k]
			c.taps, c.off = append(c.taps, t), append(c.off, -floor(t*dilation, stride))
		}
	}
	return list
}

// extent is the range of x's coordinates that any position meets.
func extent(list []class) (lo, hi int) {
	found := false
	for _, c := range list {
		if len(c.taps) == 0 {
			continue
		}
		from, to := c.pos[0]+c.off[0], c.pos[len(c.pos)-1]+c.off[len(c.off)-1]+1
		if !found {
			lo, hi, found = from, to, true
		}
		lo, hi = min(lo, from), max(hi, to)
	}
	return lo, hi
}

// together reports whether the taps meet neighbours.
func (c *class) together() bool {
	for j := 1; j < len(c.off); j++ {
		if c.off[j] != c.off[j-1]+1 {
			return false
		}
	}
	return true
}

// rows is how many of the positions are before output n.
func (c *class) rows(n int) int {
	return sort.SearchInts(c.at, n)
}

func floor(a, b int) int { return (a - mod(a, b)) / b }

func mod(a, b int) int { return ((a % b) + b) % b }
