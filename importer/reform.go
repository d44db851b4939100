package importer

import (
	"fmt"
	"slices"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// MinSaved is the oldest opset that models are written in; the newest is MaxOpset.
const MinSaved = 13

// reform is a copy of g in the form of an opset: what was an attribute is an input, what the opset lacks is spelled out
// in what it has. Opset 0 is graph.Opset, or the least above it that has all of the graph's operators and types.
//
// The error about what no older operators say wraps graph.ErrUnsupported and names the node and the opset it came with.
func reform(g *graph.Graph, opset int) (*graph.Graph, int, error) {
	if opset == 0 {
		opset = leastOf(g, graph.Opset)
		for _, v := range slices.Concat(g.Inputs, g.Weights) {
			opset = max(opset, sinceType(v.DType))
		}
	}
	if opset < MinSaved || opset > MaxOpset {
		return nil, 0, fmt.Errorf("opset %d; elbo writes %d to %d: %w", opset, MinSaved, MaxOpset, graph.ErrUnsupported)
	}
	c := g.Clone()
	r := &reformer{g: c, opset: opset}
	if err := r.nodes(); err != nil {
		return nil, 0, err
	}
	return c, opset, c.Err()
}

// leastOf is the first opset from the given one on that has all of the graph's nodes, and of those in their bodies.
func leastOf(g *graph.Graph, from int) int {
	for _, n := range g.Nodes {
		from = max(from, leastOpset(n, from))
		for _, body := range n.Bodies() {
			from = leastOf(body, from)
		}
	}
	return from
}

// leastOpset is the first opset from the given one on that has the node, or the given one where none has.
func leastOpset(n *graph.Node, from int) int {
	for opset := from; opset <= MaxOpset; opset++ {
		m := *n
		m.Attrs = cloneAttrs(n.Attrs)
		m.Inputs = slices.Clone(n.Inputs)
		(&reformer{g: graph.New(""), opset: opset}).form(&m)
		if misfit(&m, opset) == "" {
			return opset
		}
	}
	return from
}

func cloneAttrs(a graph.Attrs) graph.Attrs {
	c := make(graph.Attrs, len(a))
	for name, v := range a {
		c[name] = v
	}
	return c
}

// reformer brings a graph's nodes to an opset.
type reformer struct {
	g     *graph.Graph
	opset int
}

func (r *reformer) nodes() error {
	nodes := r.g.Nodes
	r.g.Nodes = nil
	for _, n := range nodes {
		if err := r.node(n, true); err != nil {
			return err
		}
	}
	return nil
}

// node appends the node in the opset's form, or the nodes that say the same.
func (r *reformer) node(n *graph.Node, spell bool) error {
	for name, a := range n.Attrs {
		if body, ok := a.(*graph.Graph); ok {
			c, _, err := reform(body, r.opset)
			if err != nil {
				return err
			}
			n.Attrs[name] = c
		}
	}
	canonical := *n
	canonical.Attrs = cloneAttrs(n.Attrs)
	canonical.Inputs = slices.Clone(n.Inputs)
	r.form(n)
	why := misfit(n, r.opset)
	if why == "" {
		r.g.Nodes = append(r.g.Nodes, n)
		return nil
	}
	if rule := spelled[n.Op]; spell && rule != nil && n.Domain == "" {
		from := len(r.g.Nodes)
		outputs := rule(r, &canonical)
		if err := r.g.Err(); err != nil {
			return err
		}
		if outputs != nil {
			return r.take(n, from, outputs)
		}
	}
	if least := leastOpset(&canonical, r.opset); least > r.opset {
		return fmt.Errorf("node %q (%s) is not in opset %d (%s): opset %d has it: %w", n.Name, n.Op, r.opset, why, least, graph.ErrUnsupported)
	}
	return fmt.Errorf("node %q (%s) is not in opset %d (%s): %w", n.Name, n.Op, r.opset, why, graph.ErrUnsupported)
}

// take brings the nodes from place from on, which a rule has made in the canonical form, to the opset, and lets their
// results be the outputs of n.
func (r *reformer) take(n *graph.Node, from int, results []*graph.Value) error {
	made := slices.Clone(r.g.Nodes[from:])
	r.g.Nodes = r.g.Nodes[:from]
	for i, v := range n.Outputs {
		if v == nil {
			continue
		}
		// An Identity keeps the value's name, whatever else reads the result.
		m := &graph.Node{Name: n.Name, Op: "Identity", Inputs: []*graph.Value{results[i]}, Outputs: []*graph.Value{v}, Doc: n.Doc}
		if i > 0 && n.Name != "" {
			m.Name = fmt.Sprintf("%s.%d", n.Name, i)
		}
		v.Producer = m
		made = append(made, m)
	}
	for _, m := range made {
		if err := r.node(m, false); err != nil {
			return err
		}
	}
	return nil
}

// form changes a node of graph.Opset to how the opset writes the same.
func (r *reformer) form(n *graph.Node) {
	if n.Domain != "" {
		return
	}
	if f := forms[n.Op]; f != nil {
		f(r, n)
	}
	if s := schemaAt(n.Op, r.opset); s != nil {
		for name, v := range n.Attrs {
			if _, ok := s.attrs[name]; !ok && idle(n.Op, name, v) {
				delete(n.Attrs, name)
			}
		}
	}
}

// idle reports whether an attribute says nothing: it has the value that it has where it is not written, or no opset since
// MinSaved knows it, as those that exporters left behind.
func idle(op, name string, value any) bool {
	if op == "RoiAlign" && name == "coordinate_transformation_mode" {
		return false // its default is not what was done before it
	}
	known := false
	for _, s := range schemas()[op] {
		def, ok := s.attrs[name]
		if ok && def != "" && fmt.Sprint(value) == def {
			return true
		}
		known = known || ok
	}
	return !known
}

// forms are the operators that another opset between MinSaved and MaxOpset writes otherwise.
var forms = map[string]func(r *reformer, n *graph.Node){
	"GridSample":      gridSampleForm,
	"ReduceL1":        reduceForm,
	"ReduceL2":        reduceForm,
	"ReduceLogSum":    reduceForm,
	"ReduceLogSumExp": reduceForm,
	"ReduceMax":       reduceForm,
	"ReduceMean":      reduceForm,
	"ReduceMin":       reduceForm,
	"ReduceProd":      reduceForm,
	"ReduceSumSquare": reduceForm,
	"Reshape":         reshapeForm,
	"RoiAlign":        roiAlignForm,
	"Split":           splitForm,
}

// roiAlignForm: until opset 16 no half of an element was taken off the regions, which had no name.
func roiAlignForm(r *reformer, n *graph.Node) {
	switch {
	case r.opset >= 16:
	case n.Str("coordinate_transformation_mode", "half_pixel") == "output_half_pixel":
		delete(n.Attrs, "coordinate_transformation_mode")
	default: // which no earlier opset can say
		n.Attrs["coordinate_transformation_mode"] = "half_pixel"
	}
}

// reduceForm: the axes are an input since opset 18.
func reduceForm(r *reformer, n *graph.Node) {
	axes, ok := n.Attrs["axes"].([]int64)
	if r.opset < 18 || !ok {
		return
	}
	delete(n.Attrs, "axes")
	n.Inputs = append(n.Inputs[:1:1], r.g.Const(tensor.Vector(axes...)))
}

// splitForm: how many parts there are is told since opset 18.
func splitForm(r *reformer, n *graph.Node) {
	if r.opset >= 18 && n.Input(1) == nil {
		n.Attrs = cloneAttrs(n.Attrs)
		n.Attrs["num_outputs"] = int64(len(n.Outputs))
	} else {
		delete(n.Attrs, "num_outputs")
	}
}

// gridSampleForm: opset 20 calls the modes otherwise.
func gridSampleForm(r *reformer, n *graph.Node) {
	mode := n.Str("mode", "linear")
	for _, names := range [][2]string{{"bilinear", "linear"}, {"bicubic", "cubic"}} {
		switch {
		case r.opset < 20 && mode == names[1]:
			mode = names[0]
		case r.opset >= 20 && mode == names[0]:
			mode = names[1]
		}
	}
	n.Attrs = cloneAttrs(n.Attrs)
	n.Attrs["mode"] = mode
}

// reshapeForm: that a 0 is an extent of 0, and not a copy of the input's, matters where there is one.
func reshapeForm(r *reformer, n *graph.Node) {
	if r.opset >= 14 || n.Int("allowzero", 0) == 0 {
		return
	}
	if shape, ok := graph.Shape(n.Inputs[1].Ints).Known(); ok && len(shape) > 0 && !slices.Contains(shape, 0) {
		delete(n.Attrs, "allowzero")
	}
}
