package graph

import (
	"fmt"
	"slices"
)

// reshaping is the row of an operator that keeps the elements and their order: dx is dy in the shape of x.
func reshaping(name string, inputs [2]int, infer func(n *Node) error) *Op {
	return &Op{Name: name, Inputs: inputs, Outputs: [2]int{1, 1},
		Infer: func(n *Node) error {
			n.Outputs[0].DType = n.Inputs[0].DType
			if err := infer(n); err != nil {
				return err
			}
			setInts(n.Outputs[0], n.Inputs[0].Ints)
			return nil
		},
		Gradient: func(g *Graph, n *Node, dy []*Value) []*Value {
			dx := make([]*Value, len(n.Inputs))
			dx[0] = g.reshapeLike(dy[0], n.Inputs[0])
			return dx
		}}
}

func init() {
	register(
		reshaping("Reshape", [2]int{2, 2}, inferReshape),
		reshaping("Flatten", [2]int{1, 1}, inferFlatten),
		reshaping("Squeeze", [2]int{1, 2}, inferSqueeze),
		reshaping("Unsqueeze", [2]int{2, 2}, inferUnsqueeze),
		&Op{Name: "Transpose", Inputs: [2]int{1, 1}, Outputs: [2]int{1, 1}, Infer: inferTranspose, Gradient: transposeGradient},
	)
}

// inferReshape follows the target's content: 0 copies the extent (unless allowzero), -1 takes what is left.
func inferReshape(n *Node) error {
	x, target, y := n.Inputs[0], n.Inputs[1], n.Outputs[0]
	if len(target.Shape) != 1 {
		return fmt.Errorf("the target shape must be a vector")
	}
	if target.Ints == nil {
		rank, ok := target.Shape[0].Known()
		if !ok || rank > maxInts {
			return fmt.Errorf("the rank of the result is computed at run time: %w", ErrUnsupported)
		}
		y.Shape = freshShape(y, rank)
		return nil
	}
	s := slices.Clone(Shape(target.Ints))
	infer := -1
	for i, d := range s {
		switch {
		case d.Is(-1) && infer >= 0:
			return fmt.Errorf("target %v has two extents to infer", s)
		case d.Is(-1):
			infer = i
			s[i] = N(1)
		case d.Is(0) && n.Int("allowzero", 0) == 0:
			if i >= len(x.Shape) {
				return fmt.Errorf("target %v copies axis %d of %v", s, i, x.Shape)
			}
			s[i] = x.Shape[i]
		}
		if k, ok := s[i].Known(); ok && k < 0 {
			return fmt.Errorf("target %v has a negative extent", s)
		}
	}
	if infer >= 0 {
		s[infer] = remaining(x.Shape, s)
	}
	total, ok := x.Shape.Size().Sub(s.Size()).Known()
	if k, known := s.Known(); ok && total != 0 || known && infer >= 0 && k[infer] < 0 {
		return fmt.Errorf("%v does not fit the target shape %v", x.Shape, Shape(target.Ints))
	}
	y.Shape = s
	return nil
}

// remaining is the extent that makes s as large as x. Factors that both have are dropped first, so that [n, 0] gives
// exact answers and quotients stay short.
func remaining(x, s Shape) Dim {
	rest := slices.Clone(x)
	den := N(1)
	for _, d := range s {
		if i := slices.IndexFunc(rest, d.Equal); i >= 0 {
			rest = slices.Delete(rest, i, i+1)
			continue
		}
		den = den.Mul(d)
	}
	if den.Is(0) {
		return N(0)
	}
	return rest.Size().Div(den)
}

func inferFlatten(n *Node) error {
	x := n.Inputs[0]
	a := n.Int("axis", 1)
	if a < -len(x.Shape) || a > len(x.Shape) {
		return fmt.Errorf("axis %d of %d axes", a, len(x.Shape))
	}
	if a < 0 {
		a += len(x.Shape)
	}
	n.Outputs[0].Shape = Shape{x.Shape[:a].Size(), x.Shape[a:].Size()}
	return nil
}

func inferSqueeze(n *Node) error {
	x, y := n.Inputs[0], n.Outputs[0]
	var drop []int
	if in := n.Input(1); in != nil {
		list, ok := knownInts(in)
		if !ok {
			return fmt.Errorf("axes that are computed at run time: %w", ErrUnsupported)
		}
		var err error
		if drop, err = axes(list, len(x.Shape)); err != nil {
			return err
		}
	} else {
		for i, d := range x.Shape {
			if d.Is(1) {
				drop = append(drop, i)
			}
		}
	}
	y.Shape = Shape{}
	for i, d := range x.Shape {
		if !slices.Contains(drop, i) {
			y.Shape = append(y.Shape, d)
		} else if k, ok := d.Known(); ok && k != 1 {
			return fmt.Errorf("axis %d has extent %d, not 1", i, k)
		}
	}
	return nil
}

func inferUnsqueeze(n *Node) error {
	x, y := n.Inputs[0], n.Outputs[0]
	list, ok := knownInts(n.Inputs[1])
	if !ok {
		return fmt.Errorf("axes that are computed at run time: %w", ErrUnsupported)
	}
	rank := len(x.Shape) + len(list)
	at, err := axes(list, rank)
	if err != nil {
		return err
	}
	y.Shape = make(Shape, 0, rank)
	rest := x.Shape
	for i := range rank {
		if slices.Contains(at, i) {
			y.Shape = append(y.Shape, N(1))
			continue
		}
		y.Shape, rest = append(y.Shape, rest[0]), rest[1:]
	}
	return nil
}

// permutation is the attribute perm, checked; without it the axes are reversed.
func permutation(n *Node) ([]int, error) {
	rank := len(n.Inputs[0].Shape)
	perm := n.Ints("perm")
	if perm == nil {
		perm = allAxes(rank)
		slices.Reverse(perm)
	}
	if sorted := slices.Sorted(slices.Values(perm)); !slices.Equal(sorted, allAxes(rank)) {
		return nil, fmt.Errorf("perm %v is not a permutation of %d axes", perm, rank)
	}
	return perm, nil
}

func inferTranspose(n *Node) error {
	perm, err := permutation(n)
	if err != nil {
		return err
	}
	x, y := n.Inputs[0], n.Outputs[0]
	y.DType, y.Shape = x.DType, make(Shape, len(perm))
	for i, p := range perm {
		y.Shape[i] = x.Shape[p]
	}
	setInts(y, x.Ints)
	return nil
}

// y = transpose(x, perm), so dx = transpose(dy, the inverse of perm).
func transposeGradient(g *Graph, n *Node, dy []*Value) []*Value {
	perm, err := permutation(n)
	g.Fail(err)
	inverse := make([]int, len(perm))
	for i, p := range perm {
		inverse[p] = i
	}
	return []*Value{g.Transpose(dy[0], inverse...)}
}

// Reshape gives x the shape that the int64 vector shape holds; g.Int64s makes one.
func (g *Graph) Reshape(x, shape *Value) *Value { return g.Node("Reshape", nil, x, shape) }

// Flatten makes a matrix of x: the axes before axis, and the others.
func (g *Graph) Flatten(x *Value, axis int) *Value {
	return g.Node("Flatten", Attrs{"axis": int64(axis)}, x)
}

// Squeeze drops axes of extent 1.
func (g *Graph) Squeeze(x *Value, axes ...int) *Value {
	return g.Node("Squeeze", nil, x, g.Int64s(axes...))
}

// Unsqueeze puts in axes of extent 1, at these places of the result.
func (g *Graph) Unsqueeze(x *Value, axes ...int) *Value {
	return g.Node("Unsqueeze", nil, x, g.Int64s(axes...))
}

// Transpose permutes the axes: axis i of the result is axis perm[i] of x. Without perm the axes are reversed.
func (g *Graph) Transpose(x *Value, perm ...int) *Value {
	if len(perm) == 0 {
		return g.Node("Transpose", nil, x)
	}
	return g.Node("Transpose", Attrs{"perm": ints64(perm...)}, x)
}
