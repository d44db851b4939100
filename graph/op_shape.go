package graph

import (
	"fmt"

	"github.com/elbo-ml/elbo/tensor"
)

func init() {
	register(
		&Op{Name: "Shape", Inputs: [2]int{1, 1}, Outputs: [2]int{1, 1}, Infer: inferShape, Gradient: NoGradient},
		&Op{Name: "Size", Inputs: [2]int{1, 1}, Outputs: [2]int{1, 1}, Gradient: NoGradient, Infer: func(n *Node) error {
			y := n.Outputs[0]
			y.DType, y.Shape = tensor.Int64, Shape{}
			setInts(y, []Dim{n.Inputs[0].Shape.Size()})
			return nil
		}},
		&Op{Name: "ConstantOfShape", Inputs: [2]int{1, 1}, Outputs: [2]int{1, 1}, Infer: inferConstantOfShape, Gradient: NoGradient},
		&Op{Name: "Range", Inputs: [2]int{3, 3}, Outputs: [2]int{1, 1}, Infer: inferRange, Gradient: NoGradient},
		&Op{Name: "Cast", Inputs: [2]int{1, 1}, Outputs: [2]int{1, 1}, Infer: inferCast, Gradient: castGradient},
		&Op{Name: "CastLike", Inputs: [2]int{2, 2}, Outputs: [2]int{1, 1}, Infer: inferCast, Gradient: castGradient},
	)
}

func inferShape(n *Node) error {
	x, y := n.Inputs[0], n.Outputs[0]
	rank := len(x.Shape)
	clamp := func(a int) int {
		if a < 0 {
			a += rank
		}
		return min(max(a, 0), rank)
	}
	lo, hi := clamp(n.Int("start", 0)), clamp(n.Int("end", rank))
	y.DType, y.Shape = tensor.Int64, Shape{N(max(hi-lo, 0))}
	setInts(y, x.Shape[lo:max(lo, hi)])
	return nil
}

func inferConstantOfShape(n *Node) error {
	shape, y := n.Inputs[0], n.Outputs[0]
	if len(shape.Shape) != 1 {
		return fmt.Errorf("the shape must be a vector")
	}
	fill := n.Tensor("value")
	y.DType = tensor.Float32
	if fill != nil {
		if fill.Len() != 1 {
			return fmt.Errorf("the value has %d elements, not 1", fill.Len())
		}
		y.DType = fill.DType()
	}
	if shape.Ints == nil {
		rank, ok := shape.Shape[0].Known()
		if !ok || rank > maxInts {
			return fmt.Errorf("the rank of the result is computed at run time: %w", ErrUnsupported)
		}
		y.Shape = freshShape(y, rank)
		return nil
	}
	y.Shape = append(Shape{}, shape.Ints...)
	for _, d := range y.Shape {
		if k, ok := d.Known(); ok && k < 0 {
			return fmt.Errorf("the shape %v has a negative extent", y.Shape)
		}
	}
	if fill == nil {
		return nil
	}
	if ints := intsOf(fill); len(ints) == 1 && carriesInts(y) {
		k, _ := y.Shape.Size().Known()
		out := make([]Dim, k)
		for i := range out {
			out[i] = ints[0]
		}
		setInts(y, out)
	}
	return nil
}

// Range is start, start+step, ... below limit.
func inferRange(n *Node) error {
	start, limit, step, y := n.Inputs[0], n.Inputs[1], n.Inputs[2], n.Outputs[0]
	for _, v := range n.Inputs {
		if n, known := v.Shape.Size().Known(); v.DType != start.DType || known && n != 1 {
			return fmt.Errorf("start, limit and step must be scalars of one type")
		}
	}
	y.DType, y.Shape = start.DType, Shape{freshDim(y, 0)}
	lo, hi, k := at(start, 0), at(limit, 0), at(step, 0)
	if lo == nil || hi == nil || k == nil {
		return nil
	}
	by, ok := k.Known()
	if !ok {
		return nil
	}
	if by == 0 {
		return fmt.Errorf("step 0")
	}
	span := hi.Sub(*lo)
	if by < 0 {
		span, by = lo.Sub(*hi), -by
	}
	count := span.Add(N(by - 1)).Div(N(by))
	c, ok := count.Known()
	if !ok {
		if provablyNotNegative(span) {
			y.Shape[0] = count
		}
		return nil
	}
	y.Shape[0] = N(max(c, 0))
	if c < 0 || c > maxInts {
		return nil
	}
	out := make([]Dim, c)
	for i := range out {
		out[i] = lo.Add(k.Mul(N(i)))
	}
	setInts(y, out)
	return nil
}

func inferCast(n *Node) error {
	x, y := n.Inputs[0], n.Outputs[0]
	y.DType, y.Shape = tensor.DType(n.Int("to", 0)), x.Shape
	if n.Op == "CastLike" {
		y.DType = n.Inputs[1].DType
	}
	if !y.DType.Valid() {
		return fmt.Errorf("cast to %v: %w", y.DType, ErrUnsupported)
	}
	if y.DType == tensor.Bool {
		mapInts(y, func(d []Dim) (Dim, bool) {
			c, ok := compareDims(d[0], N(0))
			return boolDim(c != 0), ok
		}, x)
		return nil
	}
	setInts(y, x.Ints)
	return nil
}

// y = x in another type, so dx = dy in the type of x; integers have no gradient.
func castGradient(g *Graph, n *Node, dy []*Value) []*Value {
	dx := make([]*Value, len(n.Inputs))
	if x := n.Inputs[0]; x.DType.IsFloat() && dy[0].DType.IsFloat() {
		dx[0] = g.Cast(dy[0], x.DType)
	}
	return dx
}

// Shape is the shape of x as an int64 vector.
func (g *Graph) Shape(x *Value) *Value { return g.Node("Shape", nil, x) }

// Size is the number of elements of x as an int64 scalar.
func (g *Graph) Size(x *Value) *Value { return g.Node("Size", nil, x) }

// Cast converts x to another type; it is x itself where it has that type.
func (g *Graph) Cast(x *Value, to tensor.DType) *Value {
	if x.DType == to {
		return x
	}
	return g.Node("Cast", Attrs{"to": int64(to)}, x)
}

// Range is the vector start, start+step, ... up to limit, which is left out.
func (g *Graph) Range(start, limit, step *Value) *Value {
	return g.Node("Range", nil, start, limit, step)
}

// Fill is a tensor of the shape that the int64 vector shape holds, each element being the one element of value.
func (g *Graph) Fill(shape *Value, value *tensor.Tensor) *Value {
	one, err := value.Reshape(1)
	if err != nil {
		g.Fail(err)
		return shape
	}
	return g.Node("ConstantOfShape", Attrs{"value": one}, shape)
}

func (g *Graph) zeros(dtype tensor.DType, shape *Value) *Value {
	return g.Fill(shape, tensor.New(dtype, 1))
}

// ZerosLike is a tensor of zeros with the type and shape of x.
func (g *Graph) ZerosLike(x *Value) *Value { return g.zeros(x.DType, g.ShapeOf(x)) }
