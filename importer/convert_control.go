package importer

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/importer/internal/onnxpb"
	"github.com/elbo-ml/elbo/tensor"
)

// maxEffort bounds the nodes of bodies that are converted, which may be more than once, or written out.
const maxEffort = 1 << 18

// Rules that read graphs, which their nodes' rules are looked up for.
func init() {
	rules["If"], rules["Loop"], rules["Scan"], rules["SequenceMap"] = branch, loop, scan, sequenceMap
}

// spend counts the nodes of a body against the bound.
func (b *builder) spend(nodes int) error {
	*b.effort += nodes
	return onnxpb.Over("nodes of graphs in attributes, converted and written out,", *b.effort, maxEffort)
}

// branch converts an If. Of a condition that is known only the branch that is taken is read: the other is often one that
// could not run on these shapes.
func branch(c *conversion) error {
	condition, err := c.input(0)
	if err != nil {
		return err
	}
	names := graph.Lookup("", c.n.Op).Bodies
	taken, known := constBool(condition)
	bodies := make([]*graph.Graph, len(names))
	captured := make([][]*graph.Value, len(names))
	for i, name := range names {
		if known && taken != (name == "then_branch") {
			continue
		}
		if bodies[i], captured[i], err = c.builder.body(c.bodies[name], nil); err != nil {
			return err
		}
	}
	if known {
		i := 0
		if taken {
			i = 1
		}
		bodies[1-i], captured[1-i] = bodies[i], captured[i]
	}
	for i, name := range names {
		c.setAttr(name, bodies[i])
	}
	c.n.Inputs = slices.Concat([]*graph.Value{condition}, captured[0], captured[1])
	return c.control()
}

// constBool is the content of a bool that is known when the model is read.
func constBool(v *graph.Value) (b, known bool) {
	if v.Data != nil && v.DType == tensor.Bool && v.Data.Len() == 1 {
		return v.Data.Bytes()[0] != 0, true
	}
	if ints, ok := graph.Shape(v.Ints).Known(); ok && len(ints) == 1 {
		return ints[0] != 0, true
	}
	return false, false
}

// loop converts a Loop: inputs are the most iterations, the condition and the carried values.
func loop(c *conversion) error {
	n := c.n
	for len(n.Inputs) < 2 {
		n.Inputs = append(n.Inputs, nil)
	}
	formals := []*graph.Value{{DType: tensor.Int64, Shape: graph.Shape{}}, {DType: tensor.Bool, Shape: graph.Shape{}}}
	return c.repeated(formals, n.Inputs[2:], nil, 1)
}

// scan converts a Scan: inputs are the carried values and the tensors that are walked along.
func scan(c *conversion) error {
	if c.opset < 9 {
		return scanBatches(c)
	}
	n := c.n
	walked := n.Int("num_scan_inputs", 0)
	if walked < 1 || walked > len(n.Inputs) {
		return fmt.Errorf("num_scan_inputs %d of %d inputs: %w", walked, len(n.Inputs), ErrMalformed)
	}
	carried := len(n.Inputs) - walked
	axes := n.Ints("scan_input_axes")
	var entries []*graph.Value
	for i, x := range n.Inputs[carried:] {
		a := 0
		if i < len(axes) {
			a = axes[i]
		}
		if x == nil || x.Shape == nil || x.Kind != tensor.Dense {
			return fmt.Errorf("input %d, which is walked along, is no tensor of known rank: %w", carried+i, graph.ErrUnsupported)
		}
		a, err := axis(a, x.Rank())
		if err != nil || a == x.Rank() {
			return fmt.Errorf("scan_input_axes %v of %v: %w", axes, x, ErrMalformed)
		}
		entries = append(entries, &graph.Value{DType: x.DType, Shape: slices.Delete(slices.Clone(x.Shape), a, a+1)})
	}
	return c.repeated(nil, n.Inputs[:carried], entries, 0)
}

// repeated reads the body of a Loop or Scan, whose inputs are before, the carried values and after, and whose outputs are
// skip others and the carried values first. A carried value has the shape that it starts with, as long as the body gives
// that back; an extent that the body changes gets a symbol, and a rank that it changes stays open.
func (c *conversion) repeated(before, carried, after []*graph.Value, skip int) error {
	s := c.bodies["body"]
	formals := slices.Clone(before)
	for i, v := range carried {
		if v == nil {
			return fmt.Errorf("carried value %d is left out: %w", i, ErrMalformed)
		}
		f := &graph.Value{DType: v.DType, Kind: v.Kind, Shape: slices.Clone(v.Shape)}
		formals = append(formals, f)
	}
	formals = append(formals, after...)
	if len(s.inputs) != len(formals) || len(s.outputs) < skip+len(carried) {
		return fmt.Errorf("a body of %d inputs and %d outputs where there are %d carried values: %w", len(s.inputs), len(s.outputs), len(carried), ErrMalformed)
	}
	for {
		body, captured, err := c.builder.body(s, formals)
		if err != nil {
			return err
		}
		if !c.widen(formals[len(before):len(before)+len(carried)], body.Outputs[skip:], s.inputs[len(before):]) {
			c.setAttr("body", body)
			c.n.Inputs = append(c.n.Inputs[:len(c.n.Inputs):len(c.n.Inputs)], captured...)
			return c.control()
		}
	}
}

// widen makes of each formal what holds for the value that the body gives, too, and reports whether that changed one.
func (c *conversion) widen(formals, given []*graph.Value, names []string) (changed bool) {
	for i, f := range formals {
		y := given[i]
		switch {
		case f.Shape == nil:
		case y.Shape == nil || len(y.Shape) != len(f.Shape):
			f.Shape, changed = nil, true
		default:
			for axis, d := range f.Shape {
				own := graph.Sym(c.n.Name + "/" + names[i] + "." + strconv.Itoa(axis))
				if !d.Equal(own) && !d.Equal(y.Shape[axis]) {
					f.Shape[axis], changed = own, true
				}
			}
		}
	}
	return changed
}

// control places a node whose bodies are read: written out where what decides is known.
func (c *conversion) control() error {
	if err := graph.InferNode(c.n); err != nil {
		return err
	}
	before := len(c.g.Nodes)
	values, ok, err := graph.Unfold(c.g, c.n)
	if err != nil {
		return err
	}
	if !ok {
		return nil
	}
	if err := c.builder.spend(len(c.g.Nodes) - before); err != nil {
		return err
	}
	return c.give(values...)
}

// body reads a body whose inputs have the types of formals, or those that it declares. It returns the graph and the values
// of the graph around it that the graph's Outer stand for.
func (b *builder) body(s *body, formals []*graph.Value) (*graph.Graph, []*graph.Value, error) {
	if err := b.spend(1 + len(s.steps)); err != nil {
		return nil, nil, err
	}
	in := &builder{limits: b.limits, dir: b.dir, files: b.files, g: graph.New(s.proto.Name), parent: b,
		outer: map[*graph.Value]*graph.Value{}, effort: b.effort}
	in.g.Doc = s.proto.Doc
	for i, p := range s.proto.Inputs {
		typed, err := declared(p)
		if formals != nil {
			typed, err = formals[i], nil
		}
		if err != nil {
			return nil, nil, fmt.Errorf("input %q of a body: %w", p.Name, err)
		}
		v := in.g.InputOf(typed.DType, s.inputs[i], slices.Clone(typed.Shape))
		v.Kind = typed.Kind
	}
	for _, name := range s.reads {
		v := b.g.Value(name)
		if v == nil {
			return nil, nil, fmt.Errorf("a body reads %q, which nothing makes: %w", name, ErrMalformed)
		}
		if err := in.take(name, v); err != nil {
			return nil, nil, err
		}
	}
	if err := in.initializers(s); err != nil {
		return nil, nil, err
	}
	if err := in.g.Err(); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", err, ErrMalformed)
	}
	in.readers(s.steps)
	for _, name := range s.outputs {
		in.read[name] = true
	}
	if err := in.nodes(s.steps); err != nil {
		return nil, nil, err
	}
	for _, name := range s.outputs {
		v := in.g.Value(name)
		if v == nil {
			return nil, nil, fmt.Errorf("nothing makes the output %q of a body: %w", name, ErrMalformed)
		}
		in.g.Outputs = append(in.g.Outputs, v)
	}
	return in.finished()
}

// take makes the value v of the graph around the body one of the body's, called name. What shapes and axes are computed
// from is a constant of the body, too; real weights are not, since they may be trained.
func (b *builder) take(name string, v *graph.Value) error {
	if !v.DType.Valid() {
		return fmt.Errorf("a body reads %q, whose type is not known: %w", name, graph.ErrUnsupported)
	}
	w := &graph.Value{Name: name, DType: v.DType, Kind: v.Kind, Shape: v.Shape, Ints: v.Ints}
	if v.Constant || v.Data != nil && !v.DType.IsFloat() {
		w.Constant = true
		w.Hold(v.Data)
	} else {
		b.g.Outer = append(b.g.Outer, w)
		b.outer[w] = v
	}
	return b.g.Register(w)
}

// initializers makes the body's initializers constants of it.
func (b *builder) initializers(s *body) error {
	for i, p := range s.proto.Initializers {
		t, err := b.tensorOf(p)
		if err != nil {
			return fmt.Errorf("initializer %q of a body: %w", p.Name, err)
		}
		v := &graph.Value{Name: s.tensors[i], Constant: true, Doc: p.Doc, Unknown: p.Unknown}
		v.Hold(t)
		if err := b.g.Register(v); err != nil {
			return err
		}
	}
	return nil
}

// finished is the body without what nothing needs, and what it reads of the graph around it.
func (b *builder) finished() (*graph.Graph, []*graph.Value, error) {
	graph.Prune(b.g)
	needed := map[*graph.Value]bool{}
	for _, v := range b.g.Outputs {
		needed[v] = true
	}
	for _, n := range b.g.Nodes {
		for _, v := range n.Inputs {
			needed[v] = true
		}
	}
	b.g.Outer = slices.DeleteFunc(b.g.Outer, func(v *graph.Value) bool { return !needed[v] })
	captured := make([]*graph.Value, len(b.g.Outer))
	for i, v := range b.g.Outer {
		captured[i] = b.outer[v]
	}
	g := b.g.Clone() // without the names that no value of the graph bears any more
	if err := graph.Verify(g); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", strings.ReplaceAll(err.Error(), "\n", "; "), ErrMalformed)
	}
	return g, captured, nil
}

// scanBatches converts the Scan of opset 8, which runs for each entry of a batch axis, before the axis it walks along.
func scanBatches(c *conversion) error {
	g, n := c.g, c.n
	walked := n.Int("num_scan_inputs", 0)
	carried := len(n.Inputs) - 1 - walked
	if walked < 1 || carried < 0 || n.Inputs[0] != nil {
		return fmt.Errorf("sequence_lens, or %d inputs walked along: %w", walked, graph.ErrUnsupported)
	}
	for _, v := range n.Inputs[1:] {
		if v == nil || v.Rank() < 1 {
			return fmt.Errorf("an input without a batch axis: %w", ErrMalformed)
		}
	}
	batch, known := n.Inputs[1].Shape[0].Known()
	if !known || batch < 1 || batch > maxUnrolled {
		return fmt.Errorf("a batch of %v: %w", n.Inputs[1].Shape[0], graph.ErrUnsupported)
	}
	attrs := graph.Attrs{"num_scan_inputs": int64(walked)}
	if d, ok := n.Attrs["directions"]; ok {
		attrs["scan_input_directions"] = d
	}
	parts := make([][]*graph.Value, len(n.Outputs))
	for k := range batch {
		entry := &graph.Node{Name: n.Name + "/" + strconv.Itoa(k), Op: "Scan", Attrs: maps.Clone(attrs)}
		for _, v := range n.Inputs[1:] {
			entry.Inputs = append(entry.Inputs, g.Gather(v, g.Const(tensor.Scalar(int64(k))), 0))
		}
		for range n.Outputs {
			v := &graph.Value{Name: g.Fresh("Scan"), Producer: entry}
			if err := g.Register(v); err != nil {
				return err
			}
			entry.Outputs = append(entry.Outputs, v)
		}
		if err := (&conversion{builder: c.builder, g: g, n: entry, opset: 9, bodies: c.bodies}).convert(); err != nil {
			return err
		}
		for i, v := range entry.Outputs {
			if v.Shape == nil {
				return fmt.Errorf("output %d of unknown rank: %w", i, graph.ErrUnsupported)
			}
			parts[i] = append(parts[i], g.Unsqueeze(v, 0))
		}
	}
	var outputs []*graph.Value
	for _, list := range parts {
		outputs = append(outputs, g.Concat(0, list...))
	}
	if err := g.Err(); err != nil {
		return err
	}
	return c.give(outputs...)
}

// sequenceMap converts a SequenceMap: the body takes an entry of each input that is a sequence, and the other inputs as
// they are.
func sequenceMap(c *conversion) error {
	var formals []*graph.Value
	for i, v := range c.n.Inputs {
		if v == nil || i == 0 && v.Kind != tensor.Sequence {
			return fmt.Errorf("input %d is %v: %w", i, v, ErrMalformed)
		}
		formals = append(formals, graph.ItemOf(v, "entry"+strconv.Itoa(i)))
	}
	if len(formals) != len(c.bodies["body"].inputs) {
		return fmt.Errorf("%d inputs for a body of %d: %w", len(formals), len(c.bodies["body"].inputs), ErrMalformed)
	}
	body, captured, err := c.builder.body(c.bodies["body"], formals)
	if err != nil {
		return err
	}
	c.setAttr("body", body)
	c.n.Inputs = append(c.n.Inputs[:len(c.n.Inputs):len(c.n.Inputs)], captured...)
	return nil
}

// Since opset 18 the operators on optionals also take what is none, which is an optional that holds something.
func optionalGetElement(c *conversion) error {
	x, err := c.input(0)
	if err != nil {
		return err
	}
	if x.Kind == tensor.Dense || x.Kind == tensor.Sequence {
		return c.finish("Identity", nil, x)
	}
	return nil
}

func optionalHasElement(c *conversion) error {
	x := c.n.Input(0)
	switch {
	case x == nil:
		return c.finish("Identity", nil, c.g.Const(tensor.Scalar(false)))
	case x.Kind == tensor.Dense || x.Kind == tensor.Sequence:
		return c.finish("Identity", nil, c.g.Const(tensor.Scalar(true)))
	}
	return nil
}
