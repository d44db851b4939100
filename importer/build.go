package importer

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/importer/internal/onnxpb"
	"github.com/elbo-ml/elbo/tensor"
)

// builder makes a graph of a flat model.
type builder struct {
	limits  Limits
	dir     string
	partial bool
	fixed   map[string]*tensor.Tensor
	files   map[string][]byte // external data by location

	read map[string]bool // names that a node or an output reads
	cut  []*graph.Node   // SplitToSequences of which parts were taken as Slices

	g           *graph.Graph
	unsupported []Unsupported

	parent *builder // of the graph around a body
	outer  map[*graph.Value]*graph.Value
	effort *int // nodes of bodies converted and written out, of the whole model
}

func build(m *onnxpb.Model, steps []*step, o Options) (*graph.Graph, error) {
	b := &builder{limits: o.Limits, dir: o.Dir, partial: o.Partial, fixed: o.Fixed,
		files: map[string][]byte{}, g: graph.New(m.Graph.Name), effort: new(int)}
	b.describe(m)
	if err := b.weights(m.Graph); err != nil {
		return nil, err
	}
	if err := b.sparseWeights(m.Graph.Sparse); err != nil {
		return nil, err
	}
	if err := b.inputs(m.Graph); err != nil {
		return nil, err
	}
	b.readers(steps)
	for _, p := range m.Graph.Outputs {
		b.read[p.Name] = true
	}
	if err := b.nodes(steps); err != nil {
		return nil, err
	}
	if err := b.outputs(m.Graph); err != nil {
		return nil, err
	}
	b.dropCut()
	g := b.g.Clone() // without the names that no value of the graph bears any more
	if o.Partial {
		return g, nil
	}
	if err := graph.Verify(g); err != nil {
		return nil, fmt.Errorf("%s: %w", strings.ReplaceAll(err.Error(), "\n", "; "), ErrMalformed)
	}
	return g, nil
}

func (b *builder) readers(steps []*step) {
	b.read = map[string]bool{}
	for _, s := range steps {
		for _, name := range s.reads() {
			b.read[name] = true
		}
	}
}

// describe carries over what the model says about itself. The fields that a graph has no place for travel as unknown.
func (b *builder) describe(m *onnxpb.Model) {
	b.g.Doc, b.g.Producer, b.g.ProducerVersion = m.Graph.Doc, m.ProducerName, m.ProducerVersion
	if opset, ok := defaultOpset(m.Opsets); ok {
		b.g.FileOpset, b.g.FileIRVersion = int(opset), int(m.IRVersion)
	}
	for _, p := range m.Metadata {
		b.g.Metadata = append(b.g.Metadata, graph.Property{Key: p.Key, Value: p.Value})
	}
	b.g.Unknown = m.Graph.Unknown
	rest := &onnxpb.Model{Domain: m.Domain, ModelVersion: m.ModelVersion, Doc: m.Doc}
	b.g.UnknownModel = append(rest.Encode().Bytes(), m.Unknown...)
}

func (b *builder) weights(g *onnxpb.Graph) error {
	for _, p := range g.Initializers {
		if p.Name == "" {
			return fmt.Errorf("an initializer has no name: %w", ErrMalformed)
		}
		t, err := b.tensorOf(p)
		if err != nil {
			return fmt.Errorf("initializer %q: %w", p.Name, err)
		}
		v := b.g.Weight(p.Name, t)
		if err := b.g.Err(); err != nil {
			return fmt.Errorf("%w: %w", err, ErrMalformed)
		}
		v.Doc, v.Unknown = p.Doc, p.Unknown
	}
	return nil
}

// inputs declares the graph's inputs but those that an initializer gives a value: elbo takes these for weights.
func (b *builder) inputs(g *onnxpb.Graph) error {
	for _, p := range g.Inputs {
		if p.Name == "" {
			return fmt.Errorf("an input has no name: %w", ErrMalformed)
		}
		if v := b.g.Value(p.Name); v != nil && v.IsWeight() {
			continue
		}
		if t := b.fixed[p.Name]; t != nil {
			v := &graph.Value{Name: p.Name, Constant: true, Doc: p.Doc}
			v.Hold(t)
			if err := b.g.Register(v); err != nil {
				return fmt.Errorf("%w: %w", err, ErrMalformed)
			}
			continue
		}
		typed, err := declared(p)
		if err != nil {
			return fmt.Errorf("input %q: %w", p.Name, err)
		}
		v := b.g.InputOf(typed.DType, p.Name, typed.Shape)
		if err := b.g.Err(); err != nil {
			return fmt.Errorf("%w: %w", err, ErrMalformed)
		}
		v.Kind, v.Doc, v.Unknown = typed.Kind, p.Doc, p.Unknown
	}
	return nil
}

// declared is a value of the type that a file declares.
func declared(p *onnxpb.ValueInfo) (*graph.Value, error) {
	kind, t := tensorType(p.Type)
	if t == nil {
		return nil, fmt.Errorf("its type is neither a tensor nor a sequence or an optional of tensors: %w", graph.ErrUnsupported)
	}
	dtype, err := dtypeOf(t.Elem)
	if err != nil {
		return nil, err
	}
	return &graph.Value{Name: p.Name, DType: dtype, Kind: kind, Shape: shapeOf(p)}, nil
}

// tensorType is the type of the tensors in what a type describes, and what holds them; nil where it is something else.
func tensorType(t *onnxpb.Type) (tensor.Kind, *onnxpb.TensorType) {
	kind := tensor.Dense
	if t != nil && t.Optional != nil {
		kind, t = tensor.Optional, t.Optional.Elem
	}
	if t != nil && t.Sequence != nil {
		if kind == tensor.Optional {
			kind = tensor.OptionalSequence
		} else {
			kind = tensor.Sequence
		}
		t = t.Sequence.Elem
	}
	if t == nil {
		return kind, nil
	}
	return kind, t.Tensor
}

// shapeOf is a declared shape; an extent left open gets a symbol of its own.
func shapeOf(p *onnxpb.ValueInfo) graph.Shape {
	_, t := tensorType(p.Type)
	if t == nil || t.Shape == nil {
		return nil
	}
	s := make(graph.Shape, len(t.Shape.Dims))
	for i, d := range t.Shape.Dims {
		switch {
		case d.Known && d.Value >= 0 && d.Value <= maxDim:
			s[i] = graph.N(int(d.Value))
		case d.Param != "":
			s[i] = graph.Sym(d.Param)
		default:
			s[i] = graph.Sym(p.Name + "_dim" + strconv.Itoa(i))
		}
	}
	return s
}

// maxDim is the greatest extent that is taken at its word.
const maxDim = 1 << 31

// nodes declares every node's outputs, sorts the nodes, converts each to the canonical opset and infers its types.
func (b *builder) nodes(steps []*step) error {
	for _, s := range steps {
		for _, name := range s.outputs {
			if name == "" {
				continue
			}
			if err := b.g.Register(&graph.Value{Name: name}); err != nil {
				return fmt.Errorf("%w: %w", err, ErrMalformed)
			}
		}
	}
	order, err := sortSteps(steps)
	if err != nil {
		return err
	}
	for _, s := range order {
		n, err := b.node(s)
		if err != nil {
			return err
		}
		if err := b.place(n, s); err != nil {
			return err
		}
	}
	if len(b.unsupported) > 0 && !b.partial {
		return &UnsupportedError{Operators: b.unsupported}
	}
	return nil
}

// node resolves a step's names and attributes.
func (b *builder) node(s *step) (*graph.Node, error) {
	n := &graph.Node{Name: s.name, Op: s.op, Domain: s.domain, Doc: s.from.Doc, Unknown: s.from.Unknown}
	for _, name := range s.inputs {
		v := b.g.Value(name)
		if name != "" && v == nil {
			return nil, fmt.Errorf("node %q (%s) takes %q, which nothing makes: %w", s.name, s.op, name, ErrMalformed)
		}
		n.Inputs = append(n.Inputs, v)
	}
	for len(n.Inputs) > 0 && n.Inputs[len(n.Inputs)-1] == nil {
		n.Inputs = n.Inputs[:len(n.Inputs)-1]
	}
	for _, name := range s.outputs {
		n.Outputs = append(n.Outputs, b.g.Value(name))
	}
	for len(n.Outputs) > 0 && n.Outputs[len(n.Outputs)-1] == nil {
		n.Outputs = n.Outputs[:len(n.Outputs)-1]
	}
	attrs, err := b.attrs(s.attrs)
	if errors.Is(err, graph.ErrUnsupported) {
		why := ""
		if supported(n.Domain, n.Op) {
			why = err.Error()
		}
		b.refuse(n, s.opset, why)
		attrs, err = nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("node %q (%s): %w", s.name, s.op, err)
	}
	n.Attrs = attrs
	return n, nil
}

// place converts the node and appends it, or notes that it is unsupported.
func (b *builder) place(n *graph.Node, s *step) error {
	opset := s.opset
	c := &conversion{builder: b, g: b.g, n: n, opset: opset, bodies: s.bodies}
	if !supported(n.Domain, n.Op) {
		b.refuse(n, opset, "")
		c.keep()
		return nil
	}
	if c.blind() {
		c.keep()
		return nil
	}
	err := c.open()
	if err == nil {
		err = c.convert()
	}
	if err == nil {
		err = b.g.Err()
	}
	if err == nil {
		return nil
	}
	if !errors.Is(err, graph.ErrUnsupported) && !b.partial {
		return fmt.Errorf("node %q (%s, opset %d): %w", n.Name, n.Op, opset, err)
	}
	b.refuse(n, opset, err.Error())
	c.keep()
	return nil
}

func (b *builder) refuse(n *graph.Node, opset int, reason string) {
	if k := len(b.unsupported); k > 0 && b.unsupported[k-1].node == n {
		return
	}
	b.unsupported = append(b.unsupported, Unsupported{Op: n.Op, Domain: n.Domain, Node: n.Name, Opset: opset, Reason: reason, node: n})
}

func (b *builder) outputs(g *onnxpb.Graph) error {
	for _, p := range g.Outputs {
		v := b.g.Value(p.Name)
		if v == nil {
			return fmt.Errorf("nothing makes the output %q: %w", p.Name, ErrMalformed)
		}
		v.Declared = shapeOf(p)
		if typed, err := declared(p); err == nil && v.Shape == nil && (b.partial || v.Kind == typed.Kind && v.DType == typed.DType) {
			// Inference stopped at an unsupported node, or before a rank that only a run tells: believe the file.
			v.Kind, v.DType, v.Shape = typed.Kind, typed.DType, typed.Shape
		}
		if v.Producer != nil {
			v.Doc, v.Unknown = p.Doc, p.Unknown
		}
		b.g.Outputs = append(b.g.Outputs, v)
	}
	if len(g.Outputs) == 0 {
		return fmt.Errorf("the graph has no outputs: %w", ErrMalformed)
	}
	return nil
}

// attrs are a node's attributes as package graph holds them.
func (b *builder) attrs(list []*onnxpb.Attribute) (graph.Attrs, error) {
	if len(list) == 0 {
		return nil, nil
	}
	out := make(graph.Attrs, len(list))
	for _, a := range list {
		v, err := b.attr(a)
		if err != nil {
			return nil, fmt.Errorf("attribute %q: %w", a.Name, err)
		}
		out[a.Name] = v
	}
	return out, nil
}

func (b *builder) attr(a *onnxpb.Attribute) (any, error) {
	switch a.Kind() {
	case onnxpb.AttrFloat:
		return a.F, nil
	case onnxpb.AttrInt:
		return a.I, nil
	case onnxpb.AttrString:
		return string(a.S), nil
	case onnxpb.AttrFloats:
		return a.Floats, nil
	case onnxpb.AttrInts:
		return a.Ints, nil
	case onnxpb.AttrStrings:
		out := make([]string, len(a.Strings))
		for i, s := range a.Strings {
			out[i] = string(s)
		}
		return out, nil
	case onnxpb.AttrTensor:
		if a.T == nil {
			return nil, fmt.Errorf("the tensor is missing: %w", ErrMalformed)
		}
		return b.tensorOf(a.T)
	case onnxpb.AttrType:
		return declared(&onnxpb.ValueInfo{Name: "type", Type: a.TP})
	}
	return nil, fmt.Errorf("a value of kind %d: %w", a.Kind(), graph.ErrUnsupported)
}
