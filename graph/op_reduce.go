package graph

import "fmt"

// reduction is the row of an operator that reduces over axes. grad writes dx given x, and y and dy with the reduced
// axes kept as extents of 1.
//
// As opset 17 has it, ReduceSum takes its axes as an input and all others as an attribute.
func reduction(name string, grad func(g *Graph, n *Node, x, y, dy *Value) *Value) *Op {
	most := 1
	if name == "ReduceSum" {
		most = 2
	}
	return &Op{Name: name, Inputs: [2]int{1, most}, Outputs: [2]int{1, 1}, Infer: inferReduce,
		Undifferentiable: func(n *Node) string {
			if _, ok, _ := reduceAxes(n); !ok {
				return "its axes are computed"
			}
			return ""
		},
		Gradient: func(g *Graph, n *Node, dy []*Value) []*Value {
			dx := make([]*Value, len(n.Inputs))
			dx[0] = grad(g, n, n.Inputs[0], g.kept(n, n.Outputs[0]), g.kept(n, dy[0]))
			return dx
		}}
}

// reduceAxes are the axes that n reduces, sorted; false when they are computed at run time.
func reduceAxes(n *Node) ([]int, bool, error) {
	rank := len(n.Inputs[0].Shape)
	list := n.Ints("axes")
	if in := n.Input(1); in != nil {
		ints, ok := knownInts(in)
		if !ok {
			return nil, false, nil
		}
		list = ints
	}
	if len(list) == 0 {
		if n.Int("noop_with_empty_axes", 0) != 0 {
			return nil, true, nil
		}
		return allAxes(rank), true, nil
	}
	out, err := axes(list, rank)
	return out, true, err
}

func inferReduce(n *Node) error {
	x, y := n.Inputs[0], n.Outputs[0]
	y.DType = x.DType
	keep := n.Int("keepdims", 1) != 0
	list, known, err := reduceAxes(n)
	if err != nil {
		return err
	}
	if !known {
		if !keep {
			return fmt.Errorf("the rank of the result depends on axes that are computed: %w", ErrUnsupported)
		}
		y.Shape = freshShape(y, len(x.Shape))
		return nil
	}
	reduced := make([]bool, len(x.Shape))
	for _, a := range list {
		reduced[a] = true
	}
	y.Shape = Shape{}
	for i, d := range x.Shape {
		switch {
		case !reduced[i]:
			y.Shape = append(y.Shape, d)
		case keep:
			y.Shape = append(y.Shape, N(1))
		}
	}
	reduceInts(n, list)
	return nil
}

// reduceInts follows sums and products of integer vectors: the number of elements as ReduceProd(Shape(x)).
func reduceInts(n *Node, list []int) {
	x := n.Inputs[0]
	if len(x.Ints) == 0 || len(list) != 1 {
		return
	}
	acc := x.Ints[0]
	for _, d := range x.Ints[1:] {
		switch n.Op {
		case "ReduceSum":
			acc = acc.Add(d)
		case "ReduceProd":
			acc = acc.Mul(d)
		default:
			return
		}
	}
	if n.Op == "ReduceSum" || n.Op == "ReduceProd" {
		setInts(n.Outputs[0], []Dim{acc})
	}
}

// freshShape is a shape of new symbols, named after the value, for extents that only a run can tell.
func freshShape(v *Value, rank int) Shape {
	s := make(Shape, rank)
	for i := range s {
		s[i] = freshDim(v, i)
	}
	return s
}

func freshDim(v *Value, i int) Dim { return Sym(fmt.Sprintf("%s.%d", v.Name, i)) }

// kept puts the reduced axes of the reduction n back into v, its output or the gradient of it, as extents of 1.
func (g *Graph) kept(n *Node, v *Value) *Value {
	list, _, err := reduceAxes(n)
	g.Fail(err)
	if n.Int("keepdims", 1) != 0 || len(list) == 0 {
		return v
	}
	return g.Unsqueeze(v, list...)
}

// reduceLike reduces x over the axes of the reduction n, keeping them as extents of 1.
func (g *Graph) reduceLike(op string, n *Node, x *Value) *Value {
	list, _, err := reduceAxes(n)
	g.Fail(err)
	if len(list) == 0 {
		return x
	}
	return g.reduce(op, x, true, list)
}

// averaged is v / k, where k is the number of elements of x that one element of y, a reduction of x, stands for.
func (g *Graph) averaged(v, x, y *Value) *Value {
	if count, ok := x.Shape.Size().Div(y.Shape.Size()).Known(); ok && count > 0 {
		return g.Div(v, g.Scalar(float64(count), v))
	}
	return g.Mul(v, g.Div(g.Cast(g.Size(y), v.DType), g.Cast(g.Size(x), v.DType)))
}

func init() {
	register(
		// y = sum x, so dx = dy.
		reduction("ReduceSum", func(g *Graph, n *Node, x, y, dy *Value) *Value { return g.expandLike(dy, x) }),
		// y = sum x / k, so dx = dy / k.
		reduction("ReduceMean", func(g *Graph, n *Node, x, y, dy *Value) *Value {
			return g.expandLike(g.averaged(dy, x, y), x)
		}),
		reduction("ReduceMax", sharedByTies),
		reduction("ReduceMin", sharedByTies),
		reduction("ReduceProd", prodGradient),
		// y = log sum e^x, so dx = dy * e^(x-y).
		reduction("ReduceLogSumExp", func(g *Graph, n *Node, x, y, dy *Value) *Value { return g.Mul(dy, g.Exp(g.Sub(x, y))) }),
		// y = log sum x, so dx = dy * e^-y.
		reduction("ReduceLogSum", func(g *Graph, n *Node, x, y, dy *Value) *Value {
			return g.expandLike(g.Mul(dy, g.Exp(g.Neg(y))), x)
		}),
		// y = sum |x|, so dx = dy * sign(x).
		reduction("ReduceL1", func(g *Graph, n *Node, x, y, dy *Value) *Value { return g.Mul(dy, g.Sign(x)) }),
		// y = sqrt(sum x*x), so dx = dy * x / y, and 0 at the origin.
		reduction("ReduceL2", func(g *Graph, n *Node, x, y, dy *Value) *Value {
			zero := g.Scalar(0, y)
			return g.Mul(x, g.Where(g.Equal(y, zero), zero, g.Div(dy, y)))
		}),
		// y = sum x*x, so dx = 2 x dy.
		reduction("ReduceSumSquare", func(g *Graph, n *Node, x, y, dy *Value) *Value {
			return g.Mul(g.Mul(g.Scalar(2, x), x), dy)
		}),
	)
}

// y = max x (or min): the elements that reach it share dy equally.
func sharedByTies(g *Graph, n *Node, x, y, dy *Value) *Value {
	hit := g.Cast(g.Equal(x, y), x.DType)
	return g.Mul(hit, g.Div(dy, g.reduceLike("ReduceSum", n, hit)))
}

// y = prod x, so dx_i = dy * prod of the others. With p the product of the elements that are not zero: p / x_i when none
// is zero, p for the one that is zero, and 0 when two are.
func prodGradient(g *Graph, n *Node, x, y, dy *Value) *Value {
	zero, one := g.Scalar(0, x), g.Scalar(1, x)
	isZero := g.Equal(x, zero)
	safe := g.Where(isZero, one, x)
	p := g.Mul(dy, g.reduceLike("ReduceProd", n, safe))
	zeros := g.reduceLike("ReduceSum", n, g.Cast(isZero, x.DType))
	others := g.Where(g.Equal(zeros, zero), g.Div(p, safe), zero)
	return g.Where(isZero, g.Where(g.Equal(zeros, one), p, zero), others)
}

func (g *Graph) reduce(op string, x *Value, keep bool, list []int) *Value {
	attrs := Attrs{"keepdims": int64(0)}
	if keep {
		attrs["keepdims"] = int64(1)
	}
	if len(list) == 0 {
		return g.Node(op, attrs, x)
	}
	if op == "ReduceSum" {
		return g.Node(op, attrs, x, g.Int64s(list...))
	}
	attrs["axes"] = ints64(list...)
	return g.Node(op, attrs, x)
}

// ReduceSum sums over the axes, or over all when none is given. keep leaves the axes as extents of 1.
func (g *Graph) ReduceSum(x *Value, keep bool, axes ...int) *Value {
	return g.reduce("ReduceSum", x, keep, axes)
}

// ReduceMean averages over the axes, or over all when none is given. keep leaves the axes as extents of 1.
func (g *Graph) ReduceMean(x *Value, keep bool, axes ...int) *Value {
	return g.reduce("ReduceMean", x, keep, axes)
}

// ReduceMax is the maximum over the axes, or over all when none is given. keep leaves the axes as extents of 1.
func (g *Graph) ReduceMax(x *Value, keep bool, axes ...int) *Value {
	return g.reduce("ReduceMax", x, keep, axes)
}

// ReduceMin is the minimum over the axes, or over all when none is given. keep leaves the axes as extents of 1.
func (g *Graph) ReduceMin(x *Value, keep bool, axes ...int) *Value {
	return g.reduce("ReduceMin", x, keep, axes)
}

// ReduceLogSumExp is log(sum(e^x)) over the axes, or over all when none is given. keep leaves the axes as extents of 1.
func (g *Graph) ReduceLogSumExp(x *Value, keep bool, axes ...int) *Value {
	return g.reduce("ReduceLogSumExp", x, keep, axes)
}
