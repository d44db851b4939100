package graph

import (
	"fmt"
	"slices"
)

// axis turns an axis counted from either end into one counted from the start, and checks that it is one of rank axes.
func axis(a, rank int) (int, error) {
	if a < -rank || a >= rank {
		return 0, fmt.Errorf("axis %d of %d axes", a, rank)
	}
	if a < 0 {
		a += rank
	}
	return a, nil
}

// axes is axis for a list, which must name no axis twice. The result is sorted.
func axes(list []int, rank int) ([]int, error) {
	out := make([]int, len(list))
	for i, a := range list {
		var err error
		if out[i], err = axis(a, rank); err != nil {
			return nil, err
		}
	}
	slices.Sort(out)
	if len(slices.Compact(slices.Clone(out))) != len(out) {
		return nil, fmt.Errorf("axes %v name an axis twice", list)
	}
	return out, nil
}

func allAxes(rank int) []int {
	out := make([]int, rank)
	for i := range out {
		out[i] = i
	}
	return out
}
