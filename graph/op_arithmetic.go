package graph

import "fmt"

// binary is the row of an operator y = f(a, b) with broadcasting. grad gives the contributions to a and b in the shape
// of y; they are summed back to the operands' shapes. ints follows integer content, and may be nil.
func binary(name string, ints func(a, b Dim) (Dim, bool), grad func(g *Graph, a, b, y, dy *Value) (da, db *Value)) *Op {
	return &Op{Name: name, Inputs: [2]int{2, 2}, Outputs: [2]int{1, 1},
		Infer: func(n *Node) error {
			if err := inferBroadcast(n, n.Inputs...); err != nil {
				return err
			}
			y := n.Outputs[0]
			y.DType = n.Inputs[0].DType
			if ints != nil {
				mapInts(y, func(d []Dim) (Dim, bool) { return ints(d[0], d[1]) }, n.Inputs...)
			}
			return nil
		},
		Gradient: func(g *Graph, n *Node, dy []*Value) []*Value {
			a, b := n.Inputs[0], n.Inputs[1]
			da, db := grad(g, a, b, n.Outputs[0], dy[0])
			return []*Value{sumTo(g, da, a), sumTo(g, db, b)}
		}}
}

// inferBroadcast gives output 0 the broadcast shape of the values, which must be of one type.
func inferBroadcast(n *Node, vs ...*Value) error {
	shapes := make([]Shape, len(vs))
	for i, v := range vs {
		if v.DType != vs[0].DType {
			return fmt.Errorf("inputs are %v and %v, and must be of one type", vs[0].DType, v.DType)
		}
		shapes[i] = v.Shape
	}
	s, err := Broadcast(shapes...)
	n.Outputs[0].Shape = s
	return err
}

func init() {
	register(
		// y = a + b, so da = dy, db = dy.
		binary("Add", func(a, b Dim) (Dim, bool) { return a.Add(b), true },
			func(g *Graph, a, b, y, dy *Value) (*Value, *Value) { return dy, dy }),
		// y = a - b, so da = dy, db = -dy.
		binary("Sub", func(a, b Dim) (Dim, bool) { return a.Sub(b), true },
			func(g *Graph, a, b, y, dy *Value) (*Value, *Value) { return dy, g.Neg(dy) }),
		// y = a * b, so da = dy * b, db = dy * a.
		binary("Mul", func(a, b Dim) (Dim, bool) { return a.Mul(b), true },
			func(g *Graph, a, b, y, dy *Value) (*Value, *Value) { return g.Mul(dy, b), g.Mul(dy, a) }),
		// y = a / b, so da = dy / b, db = -dy * y / b.
		binary("Div", truncDiv, func(g *Graph, a, b, y, dy *Value) (*Value, *Value) {
			da := g.Div(dy, b)
			return da, g.Neg(g.Mul(da, y))
		}),
		powOp(),
		extremum("Max", func(a, b Dim) (Dim, bool) {
			c, ok := compareDims(a, b)
			if c < 0 {
				return b, ok
			}
			return a, ok
		}),
		extremum("Min", func(a, b Dim) (Dim, bool) {
			c, ok := compareDims(a, b)
			if c < 0 {
				return a, ok
			}
			return b, ok
		}),
	)
}

// powOp is y = a^b, so da = dy * b * a^(b-1) and db = dy * y * log a. As in PyTorch, da is 0 where b is 0 and db is 0
// where a is 0, which keeps NaN out of x^0 and 0^x. The exponent may have another type than the base.
func powOp() *Op {
	return &Op{Name: "Pow", Inputs: [2]int{2, 2}, Outputs: [2]int{1, 1},
		Infer: func(n *Node) error {
			s, err := Broadcast(n.Inputs[0].Shape, n.Inputs[1].Shape)
			n.Outputs[0].DType, n.Outputs[0].Shape = n.Inputs[0].DType, s
			return err
		},
		Gradient: func(g *Graph, n *Node, dy []*Value) []*Value {
			a, e, y := n.Inputs[0], n.Inputs[1], n.Outputs[0]
			b := g.Cast(e, a.DType)
			zero, one := g.Scalar(0, a), g.Scalar(1, a)
			isZero := g.Equal(b, zero)
			// The exponent b-1 is replaced by 0 where b = 0, so that 0^-1 is never computed.
			da := g.Mul(dy[0], g.Mul(b, g.Pow(a, g.Where(isZero, zero, g.Sub(b, one)))))
			da = sumTo(g, da, a)
			if !e.DType.IsFloat() || e.Constant {
				return []*Value{da, nil}
			}
			base := g.Equal(a, zero)
			db := g.Where(base, zero, g.Mul(g.Mul(dy[0], y), g.Log(g.Where(base, one, a))))
			return []*Value{da, g.Cast(sumTo(g, db, b), e.DType)}
		}}
}

// extremum is the row of Max and Min. Ties share the gradient equally: dx_i = dy * [x_i = y] / sum_j [x_j = y].
func extremum(name string, ints func(a, b Dim) (Dim, bool)) *Op {
	return &Op{Name: name, Inputs: [2]int{1, -1}, Outputs: [2]int{1, 1},
		Infer: func(n *Node) error {
			y := n.Outputs[0]
			y.DType = n.Inputs[0].DType
			if err := inferBroadcast(n, n.Inputs...); err != nil {
				return err
			}
			mapInts(y, func(d []Dim) (Dim, bool) {
				best, ok := d[0], true
				for _, e := range d[1:] {
					if best, ok = ints(best, e); !ok {
						return Dim{}, false
					}
				}
				return best, true
			}, n.Inputs...)
			return nil
		},
		Gradient: func(g *Graph, n *Node, dy []*Value) []*Value {
			y := n.Outputs[0]
			hits := make([]*Value, len(n.Inputs))
			count := g.Scalar(0, y)
			for i, x := range n.Inputs {
				hits[i] = g.Cast(g.Equal(x, y), y.DType)
				count = g.Add(count, hits[i])
			}
			share := g.Div(dy[0], count)
			dx := make([]*Value, len(n.Inputs))
			for i, x := range n.Inputs {
				dx[i] = sumTo(g, g.Mul(share, hits[i]), x)
			}
			return dx
		}}
}

// Add is a + b, broadcast.
func (g *Graph) Add(a, b *Value) *Value { return g.Node("Add", nil, a, b) }

// Sub is a - b, broadcast.
func (g *Graph) Sub(a, b *Value) *Value { return g.Node("Sub", nil, a, b) }

// Mul is a * b, broadcast.
func (g *Graph) Mul(a, b *Value) *Value { return g.Node("Mul", nil, a, b) }

// Div is a / b, broadcast; integers are divided towards zero.
func (g *Graph) Div(a, b *Value) *Value { return g.Node("Div", nil, a, b) }

// Pow is a to the power b, broadcast.
func (g *Graph) Pow(a, b *Value) *Value { return g.Node("Pow", nil, a, b) }

// Max is the elementwise maximum, broadcast.
func (g *Graph) Max(xs ...*Value) *Value { return g.Node("Max", nil, xs...) }

// Min is the elementwise minimum, broadcast.
func (g *Graph) Min(xs ...*Value) *Value { return g.Node("Min", nil, xs...) }

// Square is x * x.
func (g *Graph) Square(x *Value) *Value { return g.Mul(x, x) }

// Half is x / 2.
func (g *Graph) Half(x *Value) *Value { return g.Mul(x, g.Scalar(0.5, x)) }
