package conformance

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/native"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train"
)

// Whatever PyTorch exports can be put under dropout, and is itself where the noise is 0. What has no layer with weights is
// refused.
func TestExportsUnderDropoutWithoutNoise(t *testing.T) {
	all, err := Fixtures(fixturesDir())
	if err != nil {
		t.Fatal(err)
	}
	ran, refused := 0, []string(nil)
	for _, f := range all {
		if !strings.Contains(f.Name, "_op13") || len(f.Untold()) > 0 {
			continue
		}
		for _, kind := range []train.Dropout{train.VariationalDropoutA, train.VariationalDropoutB, train.SparseDropout} {
			g, err := f.Model()
			if errors.Is(err, graph.ErrUnsupported) {
				continue // TestPyTorchExports tells which
			}
			if err != nil {
				t.Fatal(err)
			}
			in, err := f.feeds(g, "")
			if err != nil {
				t.Fatal(err)
			}
			want, err := f.results(g, "")
			if err != nil {
				t.Fatal(err)
			}
			shapes := map[string][]int{}
			for i, x := range in {
				shapes[g.Inputs[i].Name] = x.Shape()
			}
			if g, err = graph.Specialize(g, shapes); err != nil {
				t.Fatal(err)
			}
			v, err := train.Variational(g, train.VariationalOptions{Dropout: kind, Examples: 1})
			if errors.Is(err, train.ErrOptions) && strings.Contains(err.Error(), "has no Gemm") {
				continue
			}
			if kind == train.SparseDropout && errors.Is(err, train.ErrOptions) && strings.Contains(err.Error(), "pruning cannot go back") {
				refused = append(refused, f.Name)
				continue
			}
			if err != nil {
				t.Errorf("%s under %v: %v", f.Name, kind, err)
				continue
			}
			sampling := v.SamplingModel()
			for _, p := range sampling.Inputs[len(in):] {
				shape, known := p.Shape.Known()
				if !known {
					t.Fatalf("%s under %v: the noise %v has no known shape", f.Name, kind, p)
				}
				in = append(in, tensor.New(p.DType, shape...))
			}
			if err := graph.Verify(sampling); err != nil {
				t.Errorf("%s under %v: %v", f.Name, kind, err)
				continue
			}
			p, err := native.New().Compile(sampling, runtime.Options{})
			if err != nil {
				t.Fatal(err)
			}
			got := make([]*tensor.Tensor, len(want))
			err = p.Run(t.Context(), in, got)
			p.Close()
			if err != nil {
				t.Errorf("%s under %v: %v", f.Name, kind, err)
				continue
			}
			for _, d := range past(names(g.Outputs, ""), got, want, PerElement, DefaultTolerances) {
				t.Errorf("%s under %v: %v", f.Name, kind, d)
			}
			if ran++; !slices.ContainsFunc(v.Layers, func(l *train.VariationalLayer) bool { return l.KL != nil }) {
				t.Errorf("%s under %v has no KL", f.Name, kind)
			}
		}
	}
	t.Logf("%d graphs; sparse dropout refuses %v, whose weights pass a mask or are cut up", ran, refused)
	if len(refused) > 8 {
		t.Errorf("sparse dropout refuses %d exports", len(refused))
	}
	if ran == 0 {
		t.Error("no export has a layer")
	}
}
