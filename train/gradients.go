package train

import (
	"errors"
	"fmt"
	"strings"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// ErrNotDifferentiable is wrapped by the error of Gradients about operators without a gradient.
var ErrNotDifferentiable = errors.New("not differentiable")

// Gradients appends to g the nodes that compute d loss / d param for each param and returns the values, in order.
//
// loss is a single number; params are weights or inputs of g. The gradients are ordinary ONNX nodes, so any engine runs
// them. A param that the loss does not depend on has a gradient of zeros. One error names every operator on the paths
// from the params to the loss that has no gradient.
func Gradients(g *graph.Graph, loss *graph.Value, params []*graph.Value) ([]*graph.Value, error) {
	if err := g.Err(); err != nil {
		return nil, err
	}
	if n, ok := loss.Shape.Size().Known(); !ok || n != 1 || !loss.DType.IsFloat() {
		return nil, fmt.Errorf("train: gradients: the loss %v is not a single real number", loss)
	}
	for _, p := range params {
		if !p.DType.IsFloat() {
			return nil, fmt.Errorf("train: gradients: %v is not real", p)
		}
	}
	w := backward{g: g, varies: dependents(g, params), sums: map[*graph.Value]*graph.Value{}, blocked: map[*graph.Value]bool{}}
	before := len(g.Nodes)
	w.add(loss, one(g, loss))
	for i := before - 1; i >= 0; i-- {
		w.visit(g.Nodes[i])
	}
	if len(w.missing) > 0 {
		g.Discard(before)
		return nil, fmt.Errorf("train: gradients: %w: %s", ErrNotDifferentiable, strings.Join(w.missing, "; "))
	}
	grads := make([]*graph.Value, len(params))
	for i, p := range params {
		if grads[i] = w.sums[p]; grads[i] == nil {
			grads[i] = g.ZerosLike(p)
		}
	}
	if err := g.Err(); err != nil {
		return nil, fmt.Errorf("train: gradients: %w", err)
	}
	g.Discard(before, grads...)
	return grads, nil
}

// one is d loss / d loss.
func one(g *graph.Graph, loss *graph.Value) *graph.Value {
	shape, _ := loss.Shape.Known()
	t := tensor.New(loss.DType, shape...)
	switch loss.DType {
	case tensor.Float64:
		tensor.Data[float64](t)[0] = 1
	case tensor.Float32:
		tensor.Data[float32](t)[0] = 1
	default:
		g.Fail(fmt.Errorf("a loss of type %v: %w", loss.DType, graph.ErrUnsupported))
	}
	return g.Const(t)
}

// dependents are the params and all that is computed from them.
func dependents(g *graph.Graph, params []*graph.Value) map[*graph.Value]bool {
	varies := map[*graph.Value]bool{}
	for _, p := range params {
		varies[p] = true
	}
	for _, n := range g.Nodes {
		for _, v := range n.Inputs {
			if !varies[v] {
				continue
			}
			for _, y := range n.Outputs {
				if y != nil && y.DType.IsFloat() {
					varies[y] = true
				}
			}
			break
		}
	}
	return varies
}

// backward is a walk over the nodes from the loss to the params.
type backward struct {
	g       *graph.Graph
	varies  map[*graph.Value]bool         // what depends on the params
	sums    map[*graph.Value]*graph.Value // d loss / d value, as far as the walk has come
	blocked map[*graph.Value]bool         // values whose gradient is missing for want of a rule
	missing []string
}

// add adds d to the gradient of v, if v depends on the params.
func (w *backward) add(v, d *graph.Value) {
	switch {
	case v == nil || d == nil || !w.varies[v]:
	case w.sums[v] == nil:
		w.sums[v] = d
	default:
		w.sums[v] = w.g.Add(w.sums[v], d)
	}
}

func (w *backward) visit(n *graph.Node) {
	dy := make([]*graph.Value, len(n.Outputs))
	reached, blocked := false, false
	for i, y := range n.Outputs {
		if y == nil {
			continue
		}
		dy[i] = w.sums[y]
		reached = reached || dy[i] != nil
		blocked = blocked || w.blocked[y]
	}
	depends := false
	for _, x := range n.Inputs {
		depends = depends || x != nil && w.varies[x]
	}
	if !depends || !reached && !blocked {
		return
	}
	why := whyNot(n)
	if why != "" {
		w.missing = append(w.missing, why)
	}
	if why != "" || blocked {
		for _, x := range n.Inputs {
			if x != nil && w.varies[x] {
				w.blocked[x] = true
			}
		}
		return
	}
	for i, d := range graph.Lookup(n.Domain, n.Op).Gradient(w.g, n, dy) {
		w.add(n.Input(i), d)
	}
}

// whyNot tells why n cannot be differentiated, or "".
func whyNot(n *graph.Node) string {
	op := graph.Lookup(n.Domain, n.Op)
	switch {
	case op == nil:
		return fmt.Sprintf("%s (node %q): unknown operator", n.Op, n.Name)
	case op.Gradient == nil:
		return fmt.Sprintf("%s (node %q) has no gradient", n.Op, n.Name)
	case op.Undifferentiable != nil:
		if why := op.Undifferentiable(n); why != "" {
			return fmt.Sprintf("%s (node %q): %s", n.Op, n.Name, why)
		}
	}
	return ""
}
