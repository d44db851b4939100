package conformance

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/importer"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
)

// BackendTolerances are for ONNX's own tests, some of whose numbers are written with four digits.
var BackendTolerances = Tolerances{Output: 1e-4, Gradient: 1e-4, Float64: 1e-7, Float16: 2e-3, BFloat16: 1.6e-2}

// Backend runs one case of ONNX's own backend tests: a folder with model.onnx and test_data_set_*/{input,output}_*.pb.
// It returns the differences past the tolerance. A model that elbo cannot run gives an error that wraps
// graph.ErrUnsupported. Where that is because axes, sizes or flags are fed, it is run with these as constants.
func Backend(ctx context.Context, dir string, e runtime.Engine, tol Tolerances) ([]Difference, error) {
	model := filepath.Join(dir, "model.onnx")
	var lacks *importer.UnsupportedError
	if _, err := importer.Load(model, importer.Options{}); errors.As(err, &lacks) && lacks.Operators[0].Reason == "" {
		return nil, err // and its data may be no tensors
	}
	ports, err := importer.Load(model, importer.Options{Partial: true})
	if err != nil {
		return nil, err
	}
	sets, err := filepath.Glob(filepath.Join(dir, "test_data_set_*"))
	if err != nil {
		return nil, err
	}
	var failures []Difference
	for _, set := range sets {
		in, err := readTensors(set, "input", len(ports.Inputs))
		if err != nil {
			return nil, err
		}
		want, err := readTensors(set, "output", len(ports.Outputs))
		if err != nil {
			return nil, err
		}
		got, err := backendRun(ctx, model, e, in, nil)
		for _, like := range []func(*tensor.Tensor) bool{isIndex, isVector} {
			if errors.Is(err, graph.ErrUnsupported) {
				rest, fixed := fix(ports, in, like)
				got, err = backendRun(ctx, model, e, rest, fixed)
			}
		}
		if err != nil {
			return nil, err
		}
		failures = append(failures, past(names(ports.Outputs, ""), got, want, PerElement, tol)...)
	}
	return failures, nil
}

func backendRun(ctx context.Context, model string, e runtime.Engine, in []*tensor.Tensor, fixed map[string]*tensor.Tensor) ([]*tensor.Tensor, error) {
	g, err := importer.Load(model, importer.Options{Fixed: fixed})
	if err != nil {
		return nil, err
	}
	for _, n := range g.Nodes {
		if graph.Lookup(n.Domain, n.Op).Noise {
			return nil, fmt.Errorf("it draws random numbers (%s): %w", n.Op, graph.ErrUnsupported)
		}
	}
	p, err := e.Compile(g, runtime.Options{})
	if err != nil {
		return nil, err
	}
	defer p.Close()
	got := make([]*tensor.Tensor, len(g.Outputs))
	return got, p.Run(ctx, in, got)
}

// fix parts the inputs into those that are fed and those behind the first that are constants, as like says.
func fix(g *graph.Graph, in []*tensor.Tensor, like func(*tensor.Tensor) bool) (fed []*tensor.Tensor, fixed map[string]*tensor.Tensor) {
	fixed = map[string]*tensor.Tensor{}
	for i, v := range g.Inputs {
		if t := in[i]; i > 0 && like(t) {
			fixed[v.Name] = t
		} else {
			fed = append(fed, t)
		}
	}
	return fed, fixed
}

func isVector(t *tensor.Tensor) bool { return len(t.Shape()) <= 1 }

func isIndex(t *tensor.Tensor) bool {
	return isVector(t) && (t.DType() == tensor.Int64 || t.DType() == tensor.Int32)
}

func readTensors(dir, kind string, n int) ([]*tensor.Tensor, error) {
	out := make([]*tensor.Tensor, n)
	for i := range out {
		b, err := os.ReadFile(filepath.Join(dir, fmt.Sprintf("%s_%d.pb", kind, i)))
		if err != nil {
			return nil, err
		}
		if _, out[i], err = importer.UnmarshalTensor(b, importer.Limits{}); err != nil {
			return nil, err
		}
	}
	return out, nil
}
