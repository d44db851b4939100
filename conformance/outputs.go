package conformance

import (
	"context"
	"fmt"
	"slices"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
)

// Outputs runs the fixture's model on its data sets and returns the differences past the tolerance.
func (f *Fixture) Outputs(ctx context.Context, e runtime.Engine, tol Tolerances) ([]Difference, error) {
	g, err := f.Model()
	if err != nil {
		return nil, err
	}
	p, err := e.Compile(g, runtime.Options{})
	if err != nil {
		return nil, err
	}
	defer p.Close()
	var failures []Difference
	for _, set := range f.sets() {
		in, err := f.feeds(g, set)
		if err != nil {
			return nil, err
		}
		want, err := f.results(g, set)
		if err != nil {
			return nil, err
		}
		got := make([]*tensor.Tensor, len(want))
		if err := p.Run(ctx, in, got); err != nil {
			return nil, fmt.Errorf("data set %q: %w", set, err)
		}
		failures = append(failures, past(names(g.Outputs, set), got, want, PerElement, tol)...)
	}
	return failures, nil
}

// past are the differences that exceed the tolerance.
func past(names []string, got, want []*tensor.Tensor, m Measure, tol Tolerances) []Difference {
	var out []Difference
	for i := range want {
		// Negated, so that NaN does not pass.
		if d := Compare(names[i], got[i], want[i], m); !(d.Largest <= tol.of(want[i].DType(), m)) {
			out = append(out, d)
		}
	}
	return out
}

func names(vs []*graph.Value, prefix string) []string {
	out := make([]string, len(vs))
	for i, v := range vs {
		out[i] = prefix + v.Name
	}
	return slices.Clip(out)
}
