package graph

import "fmt"

func init() {
	register(
		&Op{Name: "DepthToSpace", Inputs: [2]int{1, 1}, Outputs: [2]int{1, 1}, Infer: inferDepthToSpace, Gradient: depthToSpaceGradient},
		&Op{Name: "SpaceToDepth", Inputs: [2]int{1, 1}, Outputs: [2]int{1, 1}, Infer: inferSpaceToDepth,
			// y holds the blocks of x as channels, so dx = depthToSpace(dy).
			Gradient: func(g *Graph, n *Node, dy []*Value) []*Value {
				return []*Value{g.Node("DepthToSpace", Attrs{"blocksize": int64(n.Int("blocksize", 0))}, dy[0])}
			}},
	)
}

func blocks(n *Node) (x *Value, b int, err error) {
	x, b = n.Inputs[0], n.Int("blocksize", 0)
	if len(x.Shape) != 4 || b < 1 || b > maxWindow {
		return x, b, fmt.Errorf("needs images [n, c, h, w] and a positive blocksize, not %v and %d", x.Shape, b)
	}
	return x, b, nil
}

func inferDepthToSpace(n *Node) error {
	x, b, err := blocks(n)
	if err != nil {
		return err
	}
	if m := n.Str("mode", "DCR"); m != "DCR" && m != "CRD" {
		return fmt.Errorf("mode %q: %w", m, ErrUnsupported)
	}
	if c, ok := x.Shape[1].Known(); ok && c%b != 0 || ok && c/b%b != 0 {
		return fmt.Errorf("%d channels do not split into blocks of %d x %d", c, b, b)
	}
	n.Outputs[0].DType = x.DType
	n.Outputs[0].Shape = Shape{x.Shape[0], x.Shape[1].Div(N(b)).Div(N(b)), x.Shape[2].Mul(N(b)), x.Shape[3].Mul(N(b))}
	return nil
}

func inferSpaceToDepth(n *Node) error {
	x, b, err := blocks(n)
	if err != nil {
		return err
	}
	for _, d := range x.Shape[2:] {
		if k, ok := d.Known(); ok && k%b != 0 {
			return fmt.Errorf("extent %d does not split into blocks of %d", k, b)
		}
	}
	n.Outputs[0].DType = x.DType
	n.Outputs[0].Shape = Shape{x.Shape[0], x.Shape[1].Mul(N(b)).Mul(N(b)), x.Shape[2].Div(N(b)), x.Shape[3].Div(N(b))}
	return nil
}

// y lays the channels of x out as blocks, so dx gathers the blocks of dy into channels: SpaceToDepth for the order
// DCR, and for CRD, which SpaceToDepth does not have, [n,c,h*b,w*b] -> [n,c,h,b,w,b] -> [n,c,b,b,h,w].
func depthToSpaceGradient(g *Graph, n *Node, dy []*Value) []*Value {
	x, b := n.Inputs[0], n.Int("blocksize", 0)
	if n.Str("mode", "DCR") == "DCR" {
		return []*Value{g.Node("SpaceToDepth", Attrs{"blocksize": int64(b)}, dy[0])}
	}
	block := g.Int64s(b)
	split := g.reshapeExact(dy[0], g.concatInts(g.dimOf(dy[0], 0), g.dimOf(dy[0], 1), g.dimOf(x, 2), block, g.dimOf(x, 3), block))
	return []*Value{g.reshapeExact(g.Transpose(split, 0, 1, 3, 5, 2, 4), g.ShapeOf(x))}
}
