package conformance

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/importer"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
)

// BackendTolerances are for ONNX's own tests, some of whose numbers are written with four digits.
var BackendTolerances = Tolerances{Output: 1e-4, Gradient: 1e-4, Float64: 1e-7, Float16: 2e-3, BFloat16: 1.6e-2}

// Case is one of ONNX's own backend tests: a model and what must come out of it.
type Case struct {
	Name  string
	Model string // the file
	// Sets are the folders with input_*.pb and output_*.pb. A light model has none: its input is a ramp from 0 to 1, and
	// output i stands beside it in NAME_output_i.pb.
	Sets []string
}

// OpenCase is the case whose model is the file: a model.onnx beside folders test_data_set_*, or a light model.
func OpenCase(model string) (Case, error) {
	if filepath.Base(model) != "model.onnx" {
		return Case{Name: strings.TrimSuffix(filepath.Base(model), ".onnx"), Model: model}, nil
	}
	dir := filepath.Dir(model)
	sets, err := filepath.Glob(filepath.Join(dir, "test_data_set_*"))
	return Case{Name: filepath.Base(dir), Model: model, Sets: sets}, err
}

// Cases are the cases in the folders beneath dir, whichever release of ONNX they are of.
func Cases(dir string) ([]Case, error) {
	var list []Case
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		light := strings.HasPrefix(e.Name(), "light_") && filepath.Ext(path) == ".onnx"
		if err != nil || e.IsDir() || e.Name() != "model.onnx" && !light {
			return err
		}
		c, err := OpenCase(path)
		if err == nil && (light || len(c.Sets) > 0) {
			list = append(list, c)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("conformance: %w", err)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("conformance: no folder beneath %s holds a model.onnx and a test_data_set_0", dir)
	}
	return list, nil
}

// Run runs the case and returns the differences past the tolerance. A model that elbo cannot run gives an error that
// wraps graph.ErrUnsupported. Where that is because axes, sizes or flags are fed, it is run with these as constants.
func (c Case) Run(ctx context.Context, e runtime.Engine, tol Tolerances) ([]Difference, error) {
	var lacks *importer.UnsupportedError
	if _, err := importer.Load(c.Model, importer.Options{}); errors.As(err, &lacks) && lacks.Operators[0].Reason == "" {
		return nil, err // and its data may be no tensors
	}
	ports, err := importer.Load(c.Model, importer.Options{Partial: true})
	if err != nil {
		return nil, err
	}
	return c.check(c.portsOf(ports), tol, func(in []tensor.Value) ([]tensor.Value, error) {
		got, err := backendRun(ctx, c.Model, e, in, nil)
		for _, like := range []func(*tensor.Tensor) bool{isIndex, isVector} {
			if errors.Is(err, graph.ErrUnsupported) {
				rest, fixed := fix(ports, in, like)
				got, err = backendRun(ctx, c.Model, e, rest, fixed)
			}
		}
		return got, err
	})
}

// RunFile runs the case's file as it stands.
func (c Case) RunFile(ctx context.Context, e runtime.ModelCompiler, tol Tolerances) ([]Difference, error) {
	b, err := os.ReadFile(c.Model)
	if err != nil {
		return nil, err
	}
	p, err := e.CompileModel(c.Name, b, runtime.Options{Threads: 1})
	if err != nil {
		return nil, err
	}
	defer p.Close()
	ports := casePorts{in: p.Inputs(), out: p.Outputs()}
	if len(c.Sets) == 0 { // a light model's input is made after its declaration, which the bytes alone hold
		g, err := importer.Unmarshal(b, importer.Options{Partial: true})
		if err != nil {
			return nil, err
		}
		ports = c.portsOf(g)
	}
	return c.check(ports, tol, func(in []tensor.Value) ([]tensor.Value, error) { return runValues(ctx, p, in) })
}

// casePorts are a model's inputs and outputs, in the order of the case's files.
type casePorts struct{ in, out []runtime.Port }

func (c Case) portsOf(g *graph.Graph) casePorts {
	list := func(values []*graph.Value) (ports []runtime.Port) {
		for _, v := range values {
			ports = append(ports, runtime.Port{Name: v.Name, Kind: v.Kind, DType: v.DType, Shape: v.Shape})
		}
		return ports
	}
	return casePorts{list(g.Inputs), list(g.Outputs)}
}

// check feeds run each of the case's data sets.
func (c Case) check(p casePorts, tol Tolerances, run func(in []tensor.Value) ([]tensor.Value, error)) ([]Difference, error) {
	var failures []Difference
	for k := range max(1, len(c.Sets)) {
		in, want, err := c.data(k, p)
		if err != nil {
			return nil, err
		}
		got, err := run(in)
		if err != nil {
			return nil, err
		}
		for i, port := range p.out {
			failures = append(failures, differences(port.Name, got[i], want[i], tol)...)
		}
	}
	return failures, nil
}

// differences are those past the tolerance of what may be a sequence or an optional.
func differences(name string, got, want tensor.Value, tol Tolerances) []Difference {
	if got.Empty != want.Empty || len(got.Items) != len(want.Items) || (got.Tensor == nil) != (want.Tensor == nil) {
		return []Difference{{What: name, Largest: math.Inf(1), Problem: fmt.Sprintf("%v where %v is expected", got, want)}}
	}
	if want.Tensor != nil {
		return past([]string{name}, []*tensor.Tensor{got.Tensor}, []*tensor.Tensor{want.Tensor}, PerElement, tol)
	}
	names := make([]string, len(want.Items))
	for i := range names {
		names[i] = fmt.Sprintf("%s[%d]", name, i)
	}
	return past(names, got.Items, want.Items, PerElement, tol)
}

// data is data set k: what goes in and what must come out.
func (c Case) data(k int, p casePorts) (in, want []tensor.Value, err error) {
	if len(c.Sets) > 0 {
		if in, err = readValues(filepath.Join(c.Sets[k], "input"), p.in); err != nil {
			return nil, nil, err
		}
		want, err = readValues(filepath.Join(c.Sets[k], "output"), p.out)
		return in, want, err
	}
	for _, port := range p.in {
		t, err := ramp(port)
		if err != nil {
			return nil, nil, err
		}
		in = append(in, tensor.ValueOf(t))
	}
	want, err = readValues(strings.TrimSuffix(c.Model, ".onnx")+"_output", p.out)
	return in, want, err
}

// ramp is what ONNX feeds its light models: element i of n is i/n.
func ramp(p runtime.Port) (*tensor.Tensor, error) {
	shape, ok := p.Shape.Known()
	if !ok || p.DType != tensor.Float32 {
		return nil, fmt.Errorf("input %q is %v%v, and not float32 of a known shape", p.Name, p.DType, p.Shape)
	}
	t := tensor.New(tensor.Float32, shape...)
	for i, data := 0, tensor.Data[float32](t); i < len(data); i++ {
		data[i] = float32(float64(i) / float64(len(data)))
	}
	return t, nil
}

func backendRun(ctx context.Context, model string, e runtime.Engine, in []tensor.Value, fixed map[string]*tensor.Tensor) ([]tensor.Value, error) {
	g, err := importer.Load(model, importer.Options{Fixed: fixed})
	if err != nil {
		return nil, err
	}
	for _, n := range g.Nodes {
		if graph.Draws(n) {
			return nil, fmt.Errorf("it draws random numbers (%s): %w", n.Op, graph.ErrUnsupported)
		}
	}
	p, err := e.Compile(g, runtime.Options{})
	if err != nil {
		return nil, err
	}
	defer p.Close()
	return runValues(ctx, p, in)
}

// runValues runs a program on what may be sequences and optionals, where it takes such.
func runValues(ctx context.Context, p runtime.Program, in []tensor.Value) ([]tensor.Value, error) {
	if p, ok := p.(runtime.ValueProgram); ok {
		return p.RunValues(ctx, in)
	}
	fed, got := make([]*tensor.Tensor, len(in)), make([]*tensor.Tensor, len(p.Outputs()))
	for i, v := range in {
		if fed[i] = v.Tensor; v.Kind != tensor.Dense {
			return nil, fmt.Errorf("input %d is a %v: %w", i, v.Kind, graph.ErrUnsupported)
		}
	}
	if err := p.Run(ctx, fed, got); err != nil {
		return nil, err
	}
	out := make([]tensor.Value, len(got))
	for i, t := range got {
		out[i] = tensor.ValueOf(t)
	}
	return out, nil
}

// fix parts the inputs into those that are fed and those behind the first that are constants, as like says.
func fix(g *graph.Graph, in []tensor.Value, like func(*tensor.Tensor) bool) (fed []tensor.Value, fixed map[string]*tensor.Tensor) {
	fixed = map[string]*tensor.Tensor{}
	for i, v := range g.Inputs {
		if t := in[i].Tensor; i > 0 && in[i].Kind == tensor.Dense && like(t) {
			fixed[v.Name] = t
		} else {
			fed = append(fed, in[i])
		}
	}
	return fed, fixed
}

func isVector(t *tensor.Tensor) bool { return len(t.Shape()) <= 1 }

func isIndex(t *tensor.Tensor) bool {
	return isVector(t) && (t.DType() == tensor.Int64 || t.DType() == tensor.Int32)
}

// readValues reads the values of the ports in stem_0.pb, stem_1.pb, ...
func readValues(stem string, ports []runtime.Port) ([]tensor.Value, error) {
	out := make([]tensor.Value, len(ports))
	for i, p := range ports {
		b, err := os.ReadFile(fmt.Sprintf("%s_%d.pb", stem, i))
		if err != nil {
			return nil, err
		}
		if out[i], err = importer.UnmarshalValue(b, p.Kind, p.DType, importer.Limits{}); err != nil {
			return nil, err
		}
	}
	return out, nil
}
