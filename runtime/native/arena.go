package native

import "slices"

// align is the boundary every value in an arena starts at: a cache line, and the widest vector load.
const align = 64

// span is a piece of memory wanted from one step of a plan to another.
type span struct {
	size        int // bytes
	first, last int // the steps that write it first and read it last, inclusive
	offset      int // where place puts it
}

// place gives every span an offset such that spans alive at the same time do not overlap, and returns the arena's size.
// It is best fit by size: the largest first, each into the smallest gap that its living neighbours leave.
func place(spans []*span) int {
	order := slices.Clone(spans)
	slices.SortStableFunc(order, func(a, b *span) int { return b.size - a.size })
	total := 0
	var placed []*span // by offset
	for _, s := range order {
		s.size = (s.size + align - 1) / align * align
		best, bestGap, end := -1, 0, 0
		for _, q := range placed {
			if q.last < s.first || q.first > s.last {
				continue
			}
			if gap := q.offset - end; gap >= s.size && (best < 0 || gap < bestGap) {
				best, bestGap = end, gap
			}
			end = max(end, q.offset+q.size)
		}
		if best < 0 {
			best = end
		}
		s.offset = best
		total = max(total, best+s.size)
		at, _ := slices.BinarySearchFunc(placed, s, func(a, b *span) int { return a.offset - b.offset })
		placed = slices.Insert(placed, at, s)
	}
	return total
}
