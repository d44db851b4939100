// Package graph is ONNX in memory, at one canonical opset: models are built in it, imported into it, differentiated
// in it, optimised in it, run from it and exported from it.
package graph

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/elbo-ml/elbo/tensor"
)

// Opset is the version of ONNX's own operators that every graph in memory speaks. Package importer converts others to it.
const Opset = 17

// Graph is a dataflow graph of ONNX operators. Nodes stand in topological order.
//
// The builder methods (Add, Dense, Exp, ...) append nodes and keep the first error, which Err returns: a formula reads
// as a formula and is checked once at its end. A Graph is not safe for concurrent changes; concurrent reads are fine.
type Graph struct {
	Name    string
	Doc     string
	Inputs  []*Value
	Outputs []*Value
	Nodes   []*Node
	Weights []*Value // ONNX's initializers, in file order

	// Outer are the values of the enclosing graph that a body (the graph in an attribute of an If, Loop or Scan) reads, as
	// the body sees them: it takes them like inputs, after its own; see Node.Bodies. nil for a graph of its own.
	Outer []*Value

	// Metadata is the model's metadata_props, in order.
	Metadata []Property
	// Producer and ProducerVersion name the tool that wrote the file.
	Producer, ProducerVersion string
	// FileOpset and FileIRVersion are those of the file that the graph was read from; 0 for a graph built here.
	FileOpset, FileIRVersion int
	// Unknown are protobuf fields of GraphProto that this version does not know; UnknownModel those of ModelProto.
	Unknown, UnknownModel []byte

	// Init fills the weights that the layer methods (Dense, ...) make.
	Init Init

	names  map[string]*Value
	consts map[string]*Value // constants by type and content, so that each is made once
	scopes []string
	next   int
	err    error
}

// Property is one entry of a model's metadata.
type Property struct{ Key, Value string }

// New makes an empty graph.
func New(name string) *Graph {
	return &Graph{Name: name, names: map[string]*Value{}, consts: map[string]*Value{}}
}

// Err is the first error of the builder methods, or nil.
func (g *Graph) Err() error { return g.err }

// Fail records err as the graph's error unless it has one already.
func (g *Graph) Fail(err error) {
	if g.err == nil && err != nil {
		g.err = err
	}
}

// Value is the value called name, or nil.
func (g *Graph) Value(name string) *Value { return g.names[name] }

// Register adds a value under its name; a name that is taken is an error.
func (g *Graph) Register(v *Value) error {
	if g.names[v.Name] != nil {
		return fmt.Errorf("graph: two values are called %q", v.Name)
	}
	g.names[v.Name] = v
	return nil
}

// Rename gives v another name, if that is free.
func (g *Graph) Rename(v *Value, name string) error {
	if v.Name == name {
		return nil
	}
	if g.names[name] != nil {
		return fmt.Errorf("graph: two values are called %q", name)
	}
	delete(g.names, v.Name)
	v.Name = name
	g.names[name] = v
	return nil
}

// Fresh is a value name that starts with stem and is not taken.
func (g *Graph) Fresh(stem string) string {
	for {
		g.next++
		if name := stem + "_" + strconv.Itoa(g.next); g.names[name] == nil {
			return name
		}
	}
}

// Scope prefixes the names of the weights that build makes: g.Scope("encoder", ...) makes "encoder/fc1.weight".
func (g *Graph) Scope(name string, build func()) {
	g.scopes = append(g.scopes, name)
	defer func() { g.scopes = g.scopes[:len(g.scopes)-1] }()
	build()
}

func (g *Graph) scoped(name string) string {
	for i := len(g.scopes) - 1; i >= 0; i-- {
		name = g.scopes[i] + "/" + name
	}
	return name
}

// Input adds a float32 input. The dimensions are ints and symbols: g.Input("x", "batch", 784).
func (g *Graph) Input(name string, dims ...any) *Value {
	return g.InputOf(tensor.Float32, name, Dims(dims...))
}

// InputOf adds an input of any type.
func (g *Graph) InputOf(dtype tensor.DType, name string, shape Shape) *Value {
	v := &Value{Name: name, DType: dtype, Shape: shape}
	if err := g.Register(v); err != nil {
		g.Fail(err)
		return v
	}
	g.Inputs = append(g.Inputs, v)
	return v
}

// Weight adds an initializer that holds t itself, not a copy.
func (g *Graph) Weight(name string, t *tensor.Tensor) *Value {
	v := &Value{Name: g.scoped(name), DType: t.DType(), Shape: shapeOf(t), Data: t, Ints: intsOf(t)}
	if err := g.Register(v); err != nil {
		g.Fail(err)
		return v
	}
	g.Weights = append(g.Weights, v)
	return v
}

// Const is a constant of the formula. Equal constants are one value.
func (g *Graph) Const(t *tensor.Tensor) *Value {
	key := t.Key()
	if v := g.consts[key]; v != nil && t.Len() <= 64 {
		return v
	}
	v := &Value{Name: g.Fresh("const"), DType: t.DType(), Shape: shapeOf(t), Data: t, Constant: true, Ints: intsOf(t)}
	g.Fail(g.Register(v))
	if t.Len() <= 64 {
		g.consts[key] = v
	}
	return v
}

// Scalar is the constant x with the element type of like.
func (g *Graph) Scalar(x float64, like *Value) *Value { return g.Const(scalarOf(x, like.DType)) }

func scalarOf(x float64, dtype tensor.DType) *tensor.Tensor {
	switch dtype {
	case tensor.Float64:
		return tensor.Scalar(x)
	case tensor.Int64:
		return tensor.Scalar(int64(x))
	case tensor.Int32:
		return tensor.Scalar(int32(x))
	case tensor.Float16, tensor.BFloat16, tensor.Int8, tensor.Uint8, tensor.Int16, tensor.Uint16, tensor.Uint32, tensor.Uint64:
		t := tensor.New(dtype)
		switch b := t.Bytes(); dtype {
		case tensor.Float16:
			tensor.Data[uint16](t)[0] = tensor.ToFloat16(float32(x))
		case tensor.BFloat16:
			tensor.Data[uint16](t)[0] = tensor.ToBFloat16(float32(x))
		default: // integers are little-endian, and x is one that fits
			for i, v := 0, int64(x); i < len(b); i, v = i+1, v>>8 {
				b[i] = byte(v)
			}
		}
		return t
	}
	return tensor.Scalar(float32(x))
}

// Int64s is the constant vector of ints, as axes and shapes are given to operators.
func (g *Graph) Int64s(v ...int) *Value { return g.Const(tensor.Vector(ints64(v...)...)) }

// Output marks v as an output called name. A value that already has another role keeps its name and is passed through
// an Identity node.
func (g *Graph) Output(name string, v *Value) *Value {
	if v.Name != name && (v.Producer == nil || slices.Contains(g.Outputs, v)) {
		v = g.Node("Identity", nil, v)
	}
	g.Fail(g.Rename(v, name))
	g.Outputs = append(g.Outputs, v)
	return v
}

// Node appends a node with one output and infers its type and shape.
func (g *Graph) Node(op string, attrs Attrs, inputs ...*Value) *Value {
	return g.NodeN(op, 1, attrs, inputs...)[0]
}

// NodeN appends a node with n outputs. Trailing nil inputs are dropped.
func (g *Graph) NodeN(op string, n int, attrs Attrs, inputs ...*Value) []*Value {
	for len(inputs) > 0 && inputs[len(inputs)-1] == nil {
		inputs = inputs[:len(inputs)-1]
	}
	node := &Node{Op: op, Inputs: slices.Clone(inputs), Attrs: attrs}
	for range n {
		v := &Value{Name: g.Fresh(op), Producer: node}
		g.Fail(g.Register(v))
		node.Outputs = append(node.Outputs, v)
	}
	node.Name = node.Outputs[0].Name
	g.Nodes = append(g.Nodes, node)
	if g.err == nil {
		g.Fail(InferNode(node))
	}
	return node.Outputs
}

// wanted is output i of n, which gets a value where nobody wanted it before: what a gradient rule needs of its node.
func (g *Graph) wanted(n *Node, i int) *Value {
	for len(n.Outputs) <= i {
		n.Outputs = append(n.Outputs, nil)
	}
	if n.Outputs[i] == nil {
		n.Outputs[i] = &Value{Name: g.Fresh(n.Name), Producer: n}
		g.Fail(g.Register(n.Outputs[i]))
		g.Fail(InferNode(n))
	}
	return n.Outputs[i]
}

// Property returns the metadata entry called key, or "".
func (g *Graph) Property(key string) string {
	for _, p := range g.Metadata {
		if p.Key == key {
			return p.Value
		}
	}
	return ""
}

// SetProperty adds or replaces a metadata entry.
func (g *Graph) SetProperty(key, value string) {
	for i, p := range g.Metadata {
		if p.Key == key {
			g.Metadata[i].Value = value
			return
		}
	}
	g.Metadata = append(g.Metadata, Property{key, value})
}

func shapeOf(t *tensor.Tensor) Shape {
	s := make(Shape, len(t.Shape()))
	for i, n := range t.Shape() {
		s[i] = N(n)
	}
	return s
}

// maxInts bounds the integer tensors whose content shape inference follows.
const maxInts = 256

func intsOf(t *tensor.Tensor) []Dim {
	if len(t.Shape()) > 1 || t.Len() > maxInts {
		return nil
	}
	out := make([]Dim, t.Len())
	switch t.DType() {
	case tensor.Int64:
		for i, v := range tensor.Data[int64](t) {
			out[i] = N(int(v))
		}
	case tensor.Int32:
		for i, v := range tensor.Data[int32](t) {
			out[i] = N(int(v))
		}
	case tensor.Bool:
		for i, v := range tensor.Data[uint8](t) {
			out[i] = boolDim(v != 0)
		}
	default:
		return nil
	}
	return out
}
