package models

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
)

// Tolerance is the largest difference between engines that Verify's callers should accept.
const Tolerance = 1e-5

// Difference is how far two engines are apart on one output.
type Difference struct {
	Part   string `json:"part"`   // "encoder", "decoder", "flow1", ...
	Output string `json:"output"` // the output's name in the graph
	Shape  []int  `json:"shape"`
	// Difference is the largest |a-b| relative to the output's largest magnitude.
	Difference float64 `json:"difference"`
}

// VerifyOptions say what Verify feeds the engines.
type VerifyOptions struct {
	// Rows is the number of rows; 0 means 64.
	Rows int
	// Seed draws them.
	Seed uint64
}

// Verify runs v's parts on engines a and b with the same inputs (uniform numbers for x, standard normal
// ones for z and noise) and reports the difference of each output.
func Verify(ctx context.Context, v *VAE, a, b runtime.Engine, o VerifyOptions) ([]Difference, error) {
	return verify{a, b, v.settings.run, o}.all(ctx, slices.Sorted(maps.Keys(v.parts)), func(name string) (*graph.Graph, *graph.Value, map[*graph.Value][]int) {
		return v.parts[name].graph, v.encoder.in["x"], map[*graph.Value][]int{v.encoder.in["x"]: v.xRow, v.decoder.in["z"]: v.zRow}
	})
}

// VerifyBundle is Verify for the parts of a model of any kind.
func VerifyBundle(ctx context.Context, m *Bundle, a, b runtime.Engine, o VerifyOptions) ([]Difference, error) {
	return verify{a, b, runtime.Options{}, o}.all(ctx, slices.Sorted(maps.Keys(m.Graphs)), func(name string) (*graph.Graph, *graph.Value, map[*graph.Value][]int) {
		g := m.Graphs[name]
		x := g.Value(m.Manifest.Parts[name].Inputs["x"])
		return g, x, map[*graph.Value][]int{x: m.Manifest.Shape}
	})
}

// verify holds two engines against each other.
type verify struct {
	a, b runtime.Engine
	run  runtime.Options
	VerifyOptions
}

// all runs the named parts. What part gives is its graph, which of its inputs is x, and the rows that are known.
func (v verify) all(ctx context.Context, names []string, part func(name string) (g *graph.Graph, x *graph.Value, known map[*graph.Value][]int)) ([]Difference, error) {
	if v.Rows == 0 {
		v.Rows = 64
	}
	if v.Rows < 1 || v.Rows > 1<<20 {
		return nil, fmt.Errorf("models: verify: %d rows; give 1 to %d: %w", v.Rows, 1<<20, ErrInput)
	}
	var all []Difference
	for _, name := range names {
		g, x, known := part(name)
		in, err := v.inputs(g, x, known)
		if err == nil {
			var d []Difference
			d, err = v.part(ctx, name, g, in)
			all = append(all, d...)
		}
		if err != nil {
			return nil, fmt.Errorf("models: verify: %s: %w", name, err)
		}
	}
	return all, nil
}

func (v verify) part(ctx context.Context, name string, g *graph.Graph, in []*tensor.Tensor) (differences []Difference, err error) {
	var out [2][]*tensor.Tensor
	for i, e := range []runtime.Engine{v.a, v.b} {
		if out[i], err = runOnce(ctx, e, g, v.run, in); err != nil {
			return nil, fmt.Errorf("%s engine: %w", e.Name(), err)
		}
	}
	for i, port := range g.Outputs {
		x, y := out[0][i], out[1][i]
		if !x.Shape().Equal(y.Shape()) {
			return nil, fmt.Errorf("output %s: %s gives %v, %s gives %v", port.Name, v.a.Name(), x.Shape(), v.b.Name(), y.Shape())
		}
		differences = append(differences, Difference{Part: name, Output: port.Name, Shape: x.Shape(), Difference: relativeDifference(x.Floats(), y.Floats())})
	}
	return differences, nil
}

func (v verify) inputs(g *graph.Graph, x *graph.Value, known map[*graph.Value][]int) ([]*tensor.Tensor, error) {
	in := make([]*tensor.Tensor, len(g.Inputs))
	for i, port := range g.Inputs {
		row, err := rowOf(port, known[port])
		if err != nil {
			return nil, err
		}
		if port.DType != tensor.Float32 {
			return nil, fmt.Errorf("input %v: verify feeds float32 only", port)
		}
		rows := tensor.New(tensor.Float32, append([]int{v.Rows}, row...)...)
		noise := runtime.Noise{Seed: v.Seed, Stream: uint64(i)}
		for r := range v.Rows {
			dst := tensor.Data[float32](rows.Rows(r, r+1))
			if port == x {
				noise.Uniform(uint64(r), dst)
			} else {
				noise.Normal(uint64(r), dst)
			}
		}
		in[i] = rows
	}
	return in, nil
}

func runOnce(ctx context.Context, e runtime.Engine, g *graph.Graph, o runtime.Options, in []*tensor.Tensor) ([]*tensor.Tensor, error) {
	p, err := e.Compile(g, o)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	out := make([]*tensor.Tensor, len(g.Outputs))
	return out, p.Run(ctx, in, out)
}

// relativeDifference is max |a-b| / max |a|, and infinity where one is NaN.
func relativeDifference(a, b []float64) float64 {
	largest, scale := 0.0, 0.0
	for i := range a {
		d := math.Abs(a[i] - b[i])
		if math.IsNaN(d) {
			return math.Inf(1)
		}
		largest, scale = max(largest, d), max(scale, math.Abs(a[i]))
	}
	if largest == 0 {
		return 0
	}
	return largest / scale
}
