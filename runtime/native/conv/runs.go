package conv

// Positions of a convolution's narrow side (Out of Forward, In of Transpose) and taps of its kernel meet on the wide
// side (In of Forward, Out of Transpose) at position*Stride + tap*Dilation - PadBegin. The two enter alike, so both are
// described by runs: neighbours along the last dimension, n of them from coordinate at on, whose leading coordinates
// are kept beside and whose channel or image starts at mem.
type stretch struct{ mem, at, n int }

type runs struct {
	list []stretch
	lead []int // one entry per leading dimension for each run
}

// set describes the integers i0 to i1 of the index space [..., dims...]. A step of one along dimension d is steps[d] on
// the wide side, less shift[d] once; one along what stands before dims is mem elements. With single set every run
// holds one integer.
func (r *runs) set(i0, i1 int, dims, steps, shift []int, mem int, single bool) {
	r.list, r.lead = r.list[:0], r.lead[:0]
	last := len(dims) - 1
	for i := i0; i < i1; {
		at := i % dims[last]
		n := min(dims[last]-at, i1-i)
		if single {
			n = 1
		}
		rest := i / dims[last]
		lead := len(r.lead)
		for d := range last {
			r.lead = append(r.lead, -offset(shift, d))
		}
		for d := last - 1; d >= 0; d-- {
			r.lead[lead+d] += rest % dims[d] * steps[d]
			rest /= dims[d]
		}
		r.list = append(r.list, stretch{mem: rest * mem, at: at*steps[last] - offset(shift, last), n: n})
		i += n
	}
}

func offset(shift []int, d int) int {
	if shift == nil {
		return 0
	}
	return shift[d]
}

// meet visits every pair of an outer single and an inner run that touches the wide side: of the run's elements, lo to hi
// fall inside, the first of them on wide[at], the next step further. Pairs that do not touch come with lo == hi.
func meet(outer, inner *runs, wide []int, step int, visit func(i, j, at, lo, hi int)) {
	last := len(wide) - 1
	for i, a := range outer.list {
		la := outer.lead[i*last : (i+1)*last]
		for j, b := range inner.list {
			lb := inner.lead[j*last : (j+1)*last]
			line, inside := 0, true
			for d, v := range la {
				v += lb[d]
				if uint(v) >= uint(wide[d]) {
					inside = false
					break
				}
				line = line*wide[d] + v
			}
			if !inside {
				visit(i, j, 0, 0, 0)
				continue
			}
			at, lo, hi := a.at+b.at, 0, b.n
			if at < 0 {
				lo = min(ceil(-at, step), hi)
			}
			if at+(hi-1)*step >= wide[last] {
				hi = max(lo, ceil(wide[last]-at, step))
			}
			visit(i, j, a.mem+b.mem+line*wide[last]+at+lo*step, lo, hi)
		}
	}
}
