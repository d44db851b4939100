package kernel

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

func init() { register(&Kernel{Op: "NonMaxSuppression", Dynamic: suppress}) }

// suppress takes, for each batch and class, the boxes in the order of their scores, as many as input 2 allows, leaving out
// those with scores not above input 4 and those whose intersection with one that was taken, divided by their union, is
// above input 3. The result has the batch, class and box of each, a row each.
func suppress(n *graph.Node, in []*tensor.Tensor) ([]*tensor.Tensor, error) {
	number := func(i int, def float64) (float64, error) {
		if i >= len(in) || in[i] == nil {
			return def, nil
		}
		if in[i].Len() != 1 {
			return 0, fmt.Errorf("input %d is %v, not a number", i, in[i])
		}
		return in[i].Floats()[0], nil
	}
	most, err := number(2, 0)
	if err != nil {
		return nil, err
	}
	overlap, err := number(3, 0)
	if err != nil {
		return nil, err
	}
	least, err := number(4, math.Inf(-1))
	if err != nil {
		return nil, err
	}
	corners := in[0].Floats()
	if n.Int("center_point_box", 0) != 0 { // x, y, width, height
		for i := 0; i < len(corners); i += 4 {
			x, y, w, h := corners[i], corners[i+1], corners[i+2], corners[i+3]
			corners[i], corners[i+1], corners[i+2], corners[i+3] = y-h/2, x-w/2, y+h/2, x+w/2
		}
	}
	scores, shape := in[1].Floats(), in[1].Shape()
	batches, classes, boxes := shape[0], shape[1], shape[2]
	var rows []int64
	for b := range batches {
		for c := range classes {
			line := scores[(b*classes+c)*boxes:][:boxes]
			var order []int
			for i, s := range line {
				if s > least {
					order = append(order, i)
				}
			}
			slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(line[j], line[i]) })
			var taken [][]float64
			for _, i := range order {
				box := corners[(b*boxes+i)*4:][:4]
				if float64(len(taken)) >= most {
					break
				}
				if !slices.ContainsFunc(taken, func(t []float64) bool { return overlapOf(t, box) > overlap }) {
					taken = append(taken, box)
					rows = append(rows, int64(b), int64(c), int64(i))
				}
			}
		}
	}
	y, err := tensor.Wrap(rows, len(rows)/3, 3)
	return []*tensor.Tensor{y}, err
}

// overlapOf is the intersection of two boxes, each given by two opposite corners, divided by their union, in float32.
func overlapOf(a, b []float64) float64 {
	span := func(v []float64, axis int) (lo, hi float32) {
		return float32(min(v[axis], v[axis+2])), float32(max(v[axis], v[axis+2]))
	}
	area, areaA, areaB := float32(1), float32(1), float32(1)
	for axis := range 2 {
		alo, ahi := span(a, axis)
		blo, bhi := span(b, axis)
		area *= max(0, min(ahi, bhi)-max(alo, blo))
		areaA, areaB = areaA*(ahi-alo), areaB*(bhi-blo)
	}
	if area <= 0 {
		return 0
	}
	return float64(area / (areaA + areaB - area))
}
