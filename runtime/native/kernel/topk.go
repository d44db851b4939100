package kernel

import (
	"cmp"
	"slices"
)

func init() {
	register(&Kernel{Op: "TopK", Types: numbers(bindTopK[float32], bindTopK[float64], bindTopK[int32], bindTopK[int64])})
}

// bindTopK is the k largest elements of each line along attribute axis, the largest first, or the smallest; of equals the
// one that comes first. Outputs are the elements and their places.
func bindTopK[T Number](c *Call) (Task, error) {
	x, values, places := c.In[0], c.Out[0], c.Output(1)
	axis, err := c.Axis("axis", -1, len(x.Shape))
	if err != nil {
		return nil, err
	}
	_, n, inner := split(x.Shape, axis)
	k := values.Shape[axis]
	order := make([]int, n)
	var line []T
	compare := func(a, b int) int {
		if d := cmp.Compare(line[b*inner], line[a*inner]); d != 0 {
			return d
		}
		return cmp.Compare(a, b)
	}
	if c.Node.Int("largest", 1) == 0 {
		compare = func(a, b int) int {
			if d := cmp.Compare(line[a*inner], line[b*inner]); d != 0 {
				return d
			}
			return cmp.Compare(a, b)
		}
	}
	return func() error {
		xv, yv := Data[T](x), Data[T](values)
		for i := range x.Len() / max(n, 1) {
			line = xv[i/inner*n*inner+i%inner:]
			for j := range order {
				order[j] = j
			}
			slices.SortFunc(order, compare)
			at := i/inner*k*inner + i%inner
			for j, from := range order[:k] {
				yv[at+j*inner] = line[from*inner]
				if places != nil {
					Data[int64](places)[at+j*inner] = int64(from)
				}
			}
		}
		return nil
	}, nil
}
