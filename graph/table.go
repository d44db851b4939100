package graph

import (
	"errors"
	"fmt"
	"sort"
	"strings"

	"github.com/elbo-ml/elbo/tensor"
)

// ErrUnsupported is wrapped by every error about an operator, a type or a form of one that elbo does not have.
var ErrUnsupported = errors.New("unsupported")

// Op is one row of the operator table: all that is known about an operator but its kernel.
type Op struct {
	Name   string
	Domain string
	// Since is the opset that the operator came with where that is later than the canonical one, and 0 elsewhere: a graph
	// with such a node runs on the native engine, and is not written in the canonical opset.
	Since int
	// Inputs and Outputs are how many the node may have: [least, most], most -1 for any number.
	Inputs, Outputs [2]int

	// Infer sets the type and shape of each output from those of the inputs (and Ints, where it can).
	Infer func(n *Node) error

	// Gradient appends to g the nodes of the vector-Jacobian product and returns one value per input of n: the
	// gradient of the loss with respect to it, or nil where there is none (an index, a shape). dy has one value per
	// output of n, nil where the loss does not depend on that output. A nil Gradient means not differentiable; an
	// operator whose gradient is zero everywhere (Floor, Shape) uses NoGradient.
	Gradient func(g *Graph, n *Node, dy []*Value) []*Value

	// Undifferentiable tells why this node has no gradient in the form it is in (a mode, an axis computed at run time),
	// or "" when it has one. nil stands for always having one.
	Undifferentiable func(n *Node) string

	// Bodies are the names of the attributes that hold graphs, in order. Such a row checks its inputs itself.
	Bodies []string
	// Lists marks operators that take or give sequences and optionals; others take tensors alone.
	Lists bool

	// Noise marks operators that draw random numbers, whatever their inputs. Engines never run them: LiftNoise makes their
	// outputs inputs.
	Noise bool
}

var table = map[string]*Op{}

// register adds a row; each operator's file calls it from a package-level variable or init.
func register(ops ...*Op) {
	for _, op := range ops {
		key := opKey(op.Domain, op.Name)
		if table[key] != nil {
			panic("graph: operator " + key + " registered twice")
		}
		table[key] = op
	}
}

func opKey(domain, name string) string {
	if domain == "ai.onnx" || domain == "" {
		return name
	}
	return domain + "::" + name
}

// Lookup is the table's row for an operator, or nil.
func Lookup(domain, name string) *Op { return table[opKey(domain, name)] }

// Ops are all rows, by name.
func Ops() []*Op {
	out := make([]*Op, 0, len(table))
	for _, op := range table {
		out = append(out, op)
	}
	sort.Slice(out, func(i, j int) bool { return opKey(out[i].Domain, out[i].Name) < opKey(out[j].Domain, out[j].Name) })
	return out
}

// NoGradient is the Gradient of operators that are constant almost everywhere or give no real numbers.
func NoGradient(g *Graph, n *Node, dy []*Value) []*Value { return make([]*Value, len(n.Inputs)) }

// InferNode sets the type and shape of the node's outputs.
func InferNode(n *Node) error {
	op := Lookup(n.Domain, n.Op)
	if op == nil {
		return fmt.Errorf("graph: %s: operator %s: %w", describe(n), opKey(n.Domain, n.Op), ErrUnsupported)
	}
	if err := checkArity(op, n); err != nil {
		return err
	}
	infer := op.Infer
	for i, v := range n.Inputs {
		switch {
		case len(op.Bodies) > 0:
		case v == nil && (i < op.Inputs[0] || op.Inputs[1] < 0):
			return fmt.Errorf("graph: %s: input %d is required", describe(n), i)
		case v == nil:
		case !v.DType.Valid():
			return fmt.Errorf("graph: %s: the shape of input %d (%s) is not known", describe(n), i, v.Name)
		case v.Kind != tensor.Dense && !op.Lists:
			return fmt.Errorf("graph: %s: input %d (%s) is no tensor but a %v", describe(n), i, v.Name, v.Kind)
		case v.Shape == nil && !op.Lists:
			infer = inferOpen(op)
		}
	}
	// Rules write every output; one that nobody wants gets a value for the moment.
	wanted := n.Outputs
	n.Outputs = make([]*Value, len(wanted))
	for i, v := range wanted {
		if v == nil {
			v = &Value{Name: n.Name, Producer: n}
		}
		v.Ints, v.Kind = nil, tensor.Dense
		n.Outputs[i] = v
	}
	err := infer(n)
	n.Outputs = wanted
	if err != nil {
		return fmt.Errorf("graph: %s: %w", describe(n), err)
	}
	return nil
}

func layerError(layer, name string, x *Value, cause string) error {
	return fmt.Errorf("graph: %s %q on %v: %s", layer, name, x, cause)
}

func checkArity(op *Op, n *Node) error {
	if err := checkBodies(op, n); err != nil {
		return err
	}
	if k := len(n.Own()); k < op.Inputs[0] || op.Inputs[1] >= 0 && k > op.Inputs[1] {
		return fmt.Errorf("graph: %s has %d inputs, the operator takes %s", describe(n), k, arity(op.Inputs))
	}
	if k := len(n.Outputs); k < op.Outputs[0] || op.Outputs[1] >= 0 && k > op.Outputs[1] {
		return fmt.Errorf("graph: %s has %d outputs, the operator gives %s", describe(n), k, arity(op.Outputs))
	}
	return nil
}

func arity(a [2]int) string {
	switch {
	case a[1] < 0:
		return fmt.Sprintf("at least %d", a[0])
	case a[0] == a[1]:
		return fmt.Sprint(a[0])
	}
	return fmt.Sprintf("%d to %d", a[0], a[1])
}

// describe names a node for an error: its operator, its name, and its input shapes.
func describe(n *Node) string {
	shapes := make([]string, len(n.Inputs))
	for i, v := range n.Inputs {
		if v == nil {
			shapes[i] = "-"
			continue
		}
		shapes[i] = v.DType.String() + v.Shape.String()
		if v.Kind != tensor.Dense {
			shapes[i] = v.Kind.String() + " of " + shapes[i]
		}
	}
	return fmt.Sprintf("%s %q(%s)", n.Op, n.Name, strings.Join(shapes, ", "))
}

// Infer infers every node's types and shapes anew, in order. Declared shapes of inputs and weights are taken as given.
func Infer(g *Graph) error {
	for _, n := range g.Nodes {
		if err := InferNode(n); err != nil {
			return err
		}
	}
	return nil
}
