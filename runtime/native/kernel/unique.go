package kernel

import (
	"cmp"
	"slices"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

func init() { register(&Kernel{Op: "Unique", Dynamic: unique}) }

// unique finds the different entries along attribute axis, or the different elements where there is none: in ascending
// order, an entry's elements counting from the first one on, or as they come where attribute sorted is 0.
func unique(n *graph.Node, in []*tensor.Tensor) ([]*tensor.Tensor, error) {
	x := in[0]
	outer, count, inner := 1, x.Len(), 1
	shape := tensor.Shape{count}
	axis := 0
	if n.Has("axis") {
		var err error
		if axis, err = axisOf(n.Int("axis", 0), len(x.Shape())); err != nil {
			return nil, err
		}
		shape = slices.Clone(x.Shape())
		outer, count, inner = split(shape, axis)
	}
	element := elements(x)
	compare := func(a, b int) int {
		for i := range outer {
			for j := range inner {
				if d := element((i*count+a)*inner+j, (i*count+b)*inner+j); d != 0 {
					return d
				}
			}
		}
		return 0
	}
	order := make([]int, count)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, compare)
	var groups [][]int // of equal entries, each in order of their places
	for _, i := range order {
		if k := len(groups); k > 0 && compare(groups[k-1][0], i) == 0 {
			groups[k-1] = append(groups[k-1], i)
			continue
		}
		groups = append(groups, []int{i})
	}
	if n.Int("sorted", 1) == 0 {
		slices.SortFunc(groups, func(a, b []int) int { return cmp.Compare(a[0], b[0]) })
	}
	first, counts := make([]int64, len(groups)), make([]int64, len(groups))
	which := make([]int64, count)
	for k, group := range groups {
		first[k], counts[k] = int64(group[0]), int64(len(group))
		for _, i := range group {
			which[i] = int64(k)
		}
	}
	shape[axis] = len(groups)
	y := tensor.New(x.DType(), shape...)
	for i := range outer {
		for k, from := range first {
			MoveElements(y, (i*len(groups)+k)*inner, x, (i*count+int(from))*inner, inner)
		}
	}
	return []*tensor.Tensor{y, tensor.Vector(first...), tensor.Vector(which...), tensor.Vector(counts...)}[:max(1, len(n.Outputs))], nil
}

// elements compares two elements of x by their places.
func elements(x *tensor.Tensor) func(i, j int) int {
	switch x.DType() {
	case tensor.String:
		return comparing(x.Strings())
	case tensor.Int64:
		return comparing(tensor.Data[int64](x))
	case tensor.Uint64:
		return comparing(tensor.Data[uint64](x))
	}
	return comparing(x.Floats())
}

func comparing[T cmp.Ordered](v []T) func(i, j int) int {
	return func(i, j int) int { return cmp.Compare(v[i], v[j]) }
}

// MoveElements copies n elements of x from one place to another in y, a tensor of its type.
func MoveElements(y *tensor.Tensor, to int, x *tensor.Tensor, from, n int) {
	if x.DType() == tensor.String {
		copy(y.Strings()[to:to+n], x.Strings()[from:from+n])
		return
	}
	width := x.DType().Size()
	copy(y.Bytes()[to*width:(to+n)*width], x.Bytes()[from*width:(from+n)*width])
}
