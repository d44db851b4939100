// Package native is elbo's own engine: plain Go, always there.
//
// A graph is compiled in two steps. Compile checks that every operator has a kernel. The first run on a new set of
// input shapes makes a plan for exactly these shapes: every dimension a number, shape arithmetic and constant
// expressions computed once, each intermediate value at its place in one arena. Plans and workspaces are kept, so that
// later runs on the same shapes only compute.
package native

import (
	"fmt"
	goruntime "runtime"
	"slices"
	"strings"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/native/gemm"
	"github.com/elbo-ml/elbo/runtime/native/kernel"
	"github.com/elbo-ml/elbo/runtime/native/pool"
	"github.com/elbo-ml/elbo/tensor"
)

type engine struct{ plain bool }

// New is the native engine.
func New() runtime.Engine { return engine{} }

// Plain is the native engine with every node run by its own kernel, one after the other: what New is held against.
func Plain() runtime.Engine { return engine{plain: true} }

func (engine) Name() string { return "native" }

// Version is Go's version, the architecture and the instruction set that the kernels use.
func (engine) Version() string {
	return goruntime.Version() + " " + goruntime.GOARCH + " " + gemm.ISA()
}

// Compile plans g for running. It fails with one error that names every operator without a kernel, wrapping
// graph.ErrUnsupported, and on a graph that is not whole.
func (e engine) Compile(g *graph.Graph, o runtime.Options) (runtime.Program, error) {
	p, err := e.compile(g, o)
	if err != nil {
		return nil, err
	}
	return p, nil
}

func (e engine) compile(g *graph.Graph, o runtime.Options) (*program, error) {
	if o.Provider != "" && o.Provider != "cpu" && o.Provider != "auto" {
		return nil, fmt.Errorf("native: compile: execution provider %q: the native engine has only cpu: %w", o.Provider, runtime.ErrUnavailable)
	}
	if err := g.Err(); err != nil {
		return nil, fmt.Errorf("native: compile: %w", err)
	}
	c := g.Clone()
	c.Nodes = live(c.Nodes, c.Outputs)
	if err := supported(c); err != nil {
		return nil, err
	}
	if err := graph.Verify(c); err != nil {
		return nil, fmt.Errorf("native: compile: %w", err)
	}
	cores := kernel.Cores{Pool: pool.Shared(), Threads: o.Threads}
	if o.Threads > cores.Pool.Threads() {
		cores.Pool = pool.New(o.Threads)
	}
	p, err := newProgram(c, cores, e.plain)
	if err != nil {
		return nil, err
	}
	p.ownPool = cores.Pool != pool.Shared()
	return p, nil
}

// newProgram is the program of a graph that has been checked, and of all bodies in it.
func newProgram(c *graph.Graph, cores kernel.Cores, plain bool) (*program, error) {
	fillFirst(c.Nodes)
	if err := foldWeights(c); err != nil {
		return nil, err
	}
	p := &program{graph: c, in: ports(c.Inputs), out: ports(c.Outputs), plain: plain, cores: cores, lists: holdsLists(c)}
	p.byNode.Store(p.lists)
	p.idle.L = &p.mu
	for _, n := range c.Nodes {
		for _, body := range n.Bodies() {
			b := body.Clone()
			b.Inputs, b.Outer = append(b.Inputs, b.Outer...), nil
			b.Nodes = live(b.Nodes, b.Outputs)
			q, err := newProgram(b, cores, plain)
			if err != nil {
				return nil, err
			}
			if p.bodies == nil {
				p.bodies = map[*graph.Graph]*program{}
			}
			p.bodies[body] = q
		}
	}
	return p, nil
}

// holdsLists reports whether a graph has sequences, optionals or strings, which live in no arena: it runs node by node.
func holdsLists(g *graph.Graph) bool {
	list := func(v *graph.Value) bool { return v != nil && (v.Kind != tensor.Dense || v.DType == tensor.String) }
	for _, n := range g.Nodes {
		if slices.ContainsFunc(n.Inputs, list) || slices.ContainsFunc(n.Outputs, list) {
			return true
		}
	}
	return slices.ContainsFunc(g.Inputs, list) || slices.ContainsFunc(g.Outputs, list)
}

// supported lists every node without a kernel in one error.
func supported(g *graph.Graph) error {
	var missing []string
	for _, n := range g.Nodes {
		if why := Lacks(n); why != "" {
			missing = append(missing, fmt.Sprintf("%s (node %q, %s)", n.Op, n.Name, why))
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("native: compile: %d operators cannot run here: %s: %w", len(missing), strings.Join(missing, ", "), graph.ErrUnsupported)
}

// Lacks says what is missing for the node to run on this engine: "no such kernel", or "" when nothing is.
func Lacks(n *graph.Node) string {
	op := graph.Lookup(n.Domain, n.Op)
	switch {
	case op == nil && n.Domain != "" && n.Domain != "ai.onnx":
		return "domain " + n.Domain
	case graph.Draws(n):
		return "draws random numbers; lift them to inputs first"
	}
	for _, body := range n.Bodies() {
		for _, m := range body.Nodes {
			if why := Lacks(m); why != "" {
				return fmt.Sprintf("its body runs %s (node %q, %s)", m.Op, m.Name, why)
			}
		}
	}
	k := kernel.Lookup(n.Op)
	if op != nil && (control[n.Op] != nil || lists[n.Op] != nil || k != nil && ofStrings(n) && takesStrings(k)) {
		return ""
	}
	if op == nil || k == nil {
		return "no such kernel"
	}
	key := n.Input(k.Key)
	if key == nil {
		key = n.Output(0)
	}
	if key != nil && key.DType.Valid() && !k.Takes(key.DType) && k.Dynamic == nil {
		return key.DType.String() + " elements"
	}
	return ""
}

func ports(values []*graph.Value) []runtime.Port {
	out := make([]runtime.Port, len(values))
	for i, v := range values {
		out[i] = runtime.Port{Name: v.Name, Kind: v.Kind, DType: v.DType, Shape: slices.Clone(v.Shape)}
	}
	return out
}

// fillFirst gives every node a first output: kernels write it whether or not somebody reads it (a MaxPool of which only
// the indices are used).
func fillFirst(nodes []*graph.Node) {
	for _, n := range nodes {
		if n.Outputs[0] == nil {
			n.Outputs[0] = &graph.Value{Producer: n}
		}
	}
}

// live are the nodes that the outputs depend on, in order. Of a node's outputs only the wanted ones stay, and the first.
func live(nodes []*graph.Node, outputs []*graph.Value) []*graph.Node {
	wanted := map[*graph.Value]bool{}
	for _, v := range outputs {
		wanted[v] = true
	}
	var out []*graph.Node
	for _, n := range slices.Backward(nodes) {
		if !slices.ContainsFunc(n.Outputs, func(v *graph.Value) bool { return wanted[v] }) {
			continue
		}
		for i, v := range n.Outputs {
			if i > 0 && !wanted[v] {
				n.Outputs[i] = nil
			}
		}
		for _, v := range n.Inputs {
			wanted[v] = v != nil
		}
		out = append(out, n)
	}
	slices.Reverse(out)
	return out
}
