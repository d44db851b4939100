package onnxgo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/importer"
	"github.com/elbo-ml/elbo/importer/internal/onnxpb"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
)

// compiled is the graph made ready for inputs of certain shapes.
type compiled struct {
	program runtime.Program
	inputs  []*value
	shapes  []tensor.Shape
	fixed   map[*value]*tensor.Tensor // inputs taken for constants
	outputs []*value
}

// Run computes the outputs from the inputs that have been set. The first run compiles the graph, as does one whose inputs
// have other shapes than those of the run before; and where inputs give shapes or axes, one where these differ. An input that was never
// set is what onnx-go made of its declaration: zeros of the declared shape. Outputs are new tensors each time.
//
// The errors to branch on are importer's and the engine's: graph.ErrUnsupported, runtime.ErrInput.
func (g *Graph) Run() error {
	if err := g.run(); err != nil {
		return fmt.Errorf("onnxgo: run: %w", err)
	}
	return nil
}

// Close frees the compiled program. Run may be called again.
func (g *Graph) Close() error {
	c := g.compiled
	g.compiled = nil
	if c == nil {
		return nil
	}
	return c.program.Close()
}

// Elbo is the graph as elbo holds it, to inspect, differentiate, train or save. The inputs are those set so far.
func (g *Graph) Elbo() (*graph.Graph, error) {
	in := g.fed()
	tensors, err := tensorsOf(in)
	if err != nil {
		return nil, fmt.Errorf("onnxgo: %w", err)
	}
	built, err := g.build(in, tensors, nil)
	if err != nil {
		return nil, fmt.Errorf("onnxgo: %w", err)
	}
	return built, nil
}

func (g *Graph) run() error {
	in := g.fed()
	tensors, err := tensorsOf(in)
	if err != nil {
		return err
	}
	if g.compiled.fits(in, tensors) {
		return g.compiled.run(in, tensors)
	}
	if err := g.Close(); err != nil {
		return err
	}
	if err = g.try(in, tensors, nil); errors.Is(err, graph.ErrUnsupported) {
		if fixed := constants(in, tensors); len(fixed) > 0 {
			err = g.try(in, tensors, fixed)
		}
	}
	return err
}

// try compiles the graph and runs it once: whether a shape depends on an input shows only then.
func (g *Graph) try(in []*value, tensors []*tensor.Tensor, fixed map[*value]*tensor.Tensor) error {
	built, err := g.build(in, tensors, fixed)
	if err != nil {
		return err
	}
	p, err := g.engine.Compile(built, runtime.Options{})
	if err != nil {
		return err
	}
	c := &compiled{program: p, inputs: in, outputs: g.wanted(), fixed: fixed}
	for _, t := range tensors {
		c.shapes = append(c.shapes, slices.Clone(t.Shape()))
	}
	if err := c.run(in, tensors); err != nil {
		return errors.Join(err, p.Close())
	}
	g.compiled = c
	return nil
}

// fits reports whether c computes these inputs: their shapes and its constants are as they were.
func (c *compiled) fits(in []*value, tensors []*tensor.Tensor) bool {
	if c == nil || !slices.Equal(in, c.inputs) {
		return false
	}
	for i, t := range tensors {
		old := c.fixed[in[i]]
		if !t.Shape().Equal(c.shapes[i]) || old != nil && !bytes.Equal(t.Bytes(), old.Bytes()) {
			return false
		}
	}
	return true
}

func (c *compiled) run(in []*value, tensors []*tensor.Tensor) error {
	var rest []*tensor.Tensor
	for i, v := range in {
		if c.fixed[v] == nil {
			rest = append(rest, tensors[i])
		}
	}
	out := make([]*tensor.Tensor, len(c.outputs))
	if err := c.program.Run(context.Background(), rest, out); err != nil {
		return err
	}
	for i, v := range c.outputs {
		t, err := toGorgonia(out[i])
		if err != nil {
			return fmt.Errorf("output %q: %w", v.name, err)
		}
		v.tensor = t
	}
	return nil
}

// constants are the inputs that may give shapes or axes: integers of rank 0 and 1.
func constants(in []*value, tensors []*tensor.Tensor) map[*value]*tensor.Tensor {
	fixed := map[*value]*tensor.Tensor{}
	for i, t := range tensors {
		if len(t.Shape()) <= 1 && (t.DType() == tensor.Int64 || t.DType() == tensor.Int32) {
			fixed[in[i]] = t.Clone()
		}
	}
	return fixed
}

func tensorsOf(values []*value) ([]*tensor.Tensor, error) {
	out := make([]*tensor.Tensor, len(values))
	for i, v := range values {
		var err error
		if out[i], err = fromGorgonia(v.tensor); err != nil {
			return nil, fmt.Errorf("input %q: %w", v.name, err)
		}
	}
	return out, nil
}

func (g *Graph) build(in []*value, tensors []*tensor.Tensor, fixed map[*value]*tensor.Tensor) (*graph.Graph, error) {
	m, err := g.model(in, tensors, g.wanted())
	if err != nil {
		return nil, err
	}
	o := importer.Options{Fixed: map[string]*tensor.Tensor{}}
	for v, t := range fixed {
		o.Fixed[nameOf(v)] = t
	}
	return importer.Unmarshal(m.Encode().Bytes(), o)
}

// fed are the values that the user has set.
func (g *Graph) fed() []*value {
	var in []*value
	for _, v := range g.values {
		if v.fed && !v.made {
			in = append(in, v)
		}
	}
	return in
}

// wanted are the values that the model declares the type of, as it does of its outputs, and those that nobody reads: the
// decoder does not tell a backend which are outputs.
func (g *Graph) wanted() []*value {
	read := map[*value]bool{}
	for _, v := range g.values {
		for _, w := range v.operands {
			read[w] = true
		}
	}
	var out []*value
	for _, v := range g.values {
		if v.made && v.name != "" && (v.declared || !read[v]) {
			out = append(out, v)
		}
	}
	return out
}

// Opset is the version of ONNX's operators that the model in b speaks: 1 where it names none, as ONNX has it, and 0 where
// b is no model.
func Opset(b []byte) int {
	m, err := onnxpb.Unmarshal(b, onnxpb.Limits{}.WithDefaults())
	if err != nil {
		return 0
	}
	for _, s := range m.Opsets {
		if s.Domain == "" || s.Domain == "ai.onnx" {
			return int(s.Version)
		}
	}
	return 1
}
