package train

import (
	"slices"

	"github.com/elbo-ml/elbo/graph"
)

// placed is the weight whose numbers v holds, in whatever order: v itself, or what an exporter transposes and reshapes
// before it multiplies. at[i] is where element i of v stands in the weight.
func placed(v *graph.Value) (w *graph.Value, at []int, ok bool) {
	if v.IsWeight() {
		at = make([]int, v.Data.Len())
		for i := range at {
			at[i] = i
		}
		return v, at, true
	}
	n := v.Producer
	if n == nil || n.Domain != "" {
		return nil, nil, false
	}
	switch n.Op {
	case "Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze":
		return placed(n.Inputs[0])
	case "Transpose":
		w, of, ok := placed(n.Inputs[0])
		shape, known := n.Inputs[0].Shape.Known()
		if !ok || !known {
			return nil, nil, false
		}
		return w, transposed(of, shape, n.Ints("perm")), true
	}
	return nil, nil, false
}

// transposed are elements of the given shape with their axes in the order of perm; nil turns the order round.
func transposed(x, shape []int, perm []int) []int {
	rank := len(shape)
	if perm == nil {
		for i := range rank {
			perm = append(perm, rank-1-i)
		}
	}
	strides := make([]int, rank)
	for i, s := rank-1, 1; i >= 0; i-- {
		strides[i], s = s, s*shape[i]
	}
	out := make([]int, 0, len(x))
	index := make([]int, rank)
	for range x {
		from := 0
		for i, p := range perm {
			from += index[i] * strides[p]
		}
		out = append(out, x[from])
		for i := rank - 1; i >= 0; i-- {
			if index[i]++; index[i] < shape[perm[i]] {
				break
			}
			index[i] = 0
		}
	}
	return slices.Clip(out)
}
