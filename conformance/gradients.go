package conformance

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/tensor/npy"
	"github.com/elbo-ml/elbo/train"
)

// Gradients computes d loss / d parameter and d loss / d input in one program, where loss is the sum of each real
// output times its cotangent, on the first data set, and returns the differences to PyTorch's past the tolerance.
func (f *Fixture) Gradients(ctx context.Context, e runtime.Engine, tol Tolerances) ([]Difference, error) {
	c, err := f.gradientProgram()
	if err != nil {
		return nil, err
	}
	p, err := e.Compile(c.graph, runtime.Options{})
	if err != nil {
		return nil, err
	}
	defer p.Close()
	got := make([]*tensor.Tensor, len(c.want))
	if err := p.Run(ctx, c.in, got); err != nil {
		return nil, err
	}
	return past(names(c.graph.Outputs, ""), got, c.want, PerTensor, tol), nil
}

// gradientRun is a graph whose outputs are gradients, what it is fed, and what must come out.
type gradientRun struct {
	graph    *graph.Graph
	in, want []*tensor.Tensor
}

func (f *Fixture) gradientProgram() (*gradientRun, error) {
	g, err := f.Model()
	if err != nil {
		return nil, err
	}
	in, err := f.feeds(g, "")
	if err != nil {
		return nil, err
	}
	wanted, err := f.expected(g)
	if err != nil {
		return nil, err
	}
	loss, cotangents, err := f.loss(g)
	if err != nil {
		return nil, err
	}
	c := &gradientRun{graph: g, in: append(in, cotangents...)}
	var of []*graph.Value
	for _, w := range wanted {
		of, c.want = append(of, w.of), append(c.want, w.gradient)
	}
	grads, err := train.Gradients(g, loss, of)
	if err != nil {
		return nil, err
	}
	g.Outputs = nil
	for i, d := range grads {
		g.Output("gradient of "+of[i].Name, d)
	}
	return c, g.Err()
}

// loss adds the sum over the real outputs of output times cotangent. The cotangents become inputs, in this order.
func (f *Fixture) loss(g *graph.Graph) (loss *graph.Value, cotangents []*tensor.Tensor, err error) {
	for at, y := range g.Outputs {
		i := position(f.Meta.Outputs, at, y)
		if !y.DType.IsFloat() || i < 0 {
			continue
		}
		file := fmt.Sprintf("cot_%d_%s.npy", i, f.Meta.Outputs[i])
		t := one(y.DType)
		if _, err := os.Stat(filepath.Join(f.Dir, file)); err == nil {
			if t, err = f.read(file); err != nil {
				return nil, nil, err
			}
		}
		cot := g.InputOf(t.DType(), g.Fresh("cotangent"), y.Shape)
		cotangents = append(cotangents, t)
		term := g.ReduceSum(g.Mul(y, cot), false)
		if loss == nil {
			loss = term
		} else {
			loss = g.Add(loss, term)
		}
	}
	if loss == nil {
		return nil, nil, fmt.Errorf("the model has no real output")
	}
	return loss, cotangents, g.Err()
}

func one(dtype tensor.DType) *tensor.Tensor {
	if dtype == tensor.Float64 {
		return tensor.Scalar(1.0)
	}
	return tensor.Scalar(float32(1))
}

// wanted is a value of the graph and PyTorch's gradient with respect to it.
type wanted struct {
	of       *graph.Value
	gradient *tensor.Tensor
}

// expected reads grads.npz and input_grads.npz, in the terms of the graph: an initializer that serves several
// parameters gets the sum of their gradients, one that holds a parameter transposed gets the transposed gradient.
func (f *Fixture) expected(g *graph.Graph) ([]wanted, error) {
	var out []wanted
	at := map[*graph.Value]int{}
	grads, err := npy.ReadArchive(filepath.Join(f.Dir, "grads.npz"))
	if err != nil {
		return nil, err
	}
	for _, name := range sortedKeys(f.Meta.Params) {
		p, d := f.Meta.Params[name], grads[name]
		v := g.Value(p.Initializer)
		if d == nil || p.Initializer == "" || v == nil {
			continue
		}
		if p.Status == "transposed" {
			d = transposed(d)
		}
		shape, _ := v.Shape.Known()
		if d, err = d.Reshape(shape...); err != nil {
			return nil, fmt.Errorf("gradient of %q: %w", name, err)
		}
		if i, shared := at[v]; shared {
			add(out[i].gradient, d)
			continue
		}
		at[v] = len(out)
		out = append(out, wanted{v, d.Clone()})
	}
	inputs, err := npy.ReadArchive(filepath.Join(f.Dir, "input_grads.npz"))
	if err != nil {
		return nil, err
	}
	for _, v := range g.Inputs {
		if d := inputs[v.Name]; d != nil {
			out = append(out, wanted{v, d})
		}
	}
	return out, nil
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// transposed is a copy of a matrix with rows and columns exchanged.
func transposed(t *tensor.Tensor) *tensor.Tensor {
	if len(t.Shape()) != 2 {
		return t
	}
	rows, cols, size := t.Shape()[0], t.Shape()[1], t.DType().Size()
	out := tensor.New(t.DType(), cols, rows)
	for r := range rows {
		for c := range cols {
			copy(out.Bytes()[(c*rows+r)*size:][:size], t.Bytes()[(r*cols+c)*size:][:size])
		}
	}
	return out
}

func add(sum, t *tensor.Tensor) {
	if sum.DType() == tensor.Float64 {
		addTo[float64](sum, t)
		return
	}
	addTo[float32](sum, t)
}

func addTo[T float32 | float64](sum, t *tensor.Tensor) {
	s := tensor.Data[T](sum)
	for i, v := range tensor.Data[T](t) {
		s[i] += v
	}
}
