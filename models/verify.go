package models

import (
	"context"
	"fmt"
	"math"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
)

// Tolerance is the largest difference between engines that Verify's callers should accept.
const Tolerance = 1e-5

// Difference is how far two engines are apart on one output.
type Difference struct {
	Part   string `json:"part"`   // "encoder" or "decoder"
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

// Verify runs v's encoder and decoder on engines a and b with the same inputs (uniform numbers for x, standard normal
// ones for z and noise) and reports the difference of each output.
func Verify(ctx context.Context, v *VAE, a, b runtime.Engine, o VerifyOptions) ([]Difference, error) {
	if o.Rows == 0 {
		o.Rows = 64
	}
	if o.Rows < 1 || o.Rows > 1<<20 {
		return nil, fmt.Errorf("models: verify: %d rows; give 1 to %d: %w", o.Rows, 1<<20, ErrInput)
	}
	var all []Difference
	for _, p := range []*part{v.encoder, v.decoder} {
		d, err := v.verifyPart(ctx, p, a, b, o)
		if err != nil {
			return nil, fmt.Errorf("models: verify: %s: %w", p.name, err)
		}
		all = append(all, d...)
	}
	return all, nil
}

func (v *VAE) verifyPart(ctx context.Context, p *part, a, b runtime.Engine, o VerifyOptions) ([]Difference, error) {
	in, err := v.verifyInputs(p, o)
	if err != nil {
		return nil, err
	}
	var out [2][]*tensor.Tensor
	for i, e := range []runtime.Engine{a, b} {
		if out[i], err = runOnce(ctx, e, p.graph, v.settings.run, in); err != nil {
			return nil, fmt.Errorf("%s engine: %w", e.Name(), err)
		}
	}
	differences := make([]Difference, len(p.graph.Outputs))
	for i, port := range p.graph.Outputs {
		x, y := out[0][i], out[1][i]
		if !x.Shape().Equal(y.Shape()) {
			return nil, fmt.Errorf("output %s: %s gives %v, %s gives %v", port.Name, a.Name(), x.Shape(), b.Name(), y.Shape())
		}
		differences[i] = Difference{Part: p.name, Output: port.Name, Shape: x.Shape(), Difference: relativeDifference(x.Floats(), y.Floats())}
	}
	return differences, nil
}

func (v *VAE) verifyInputs(p *part, o VerifyOptions) ([]*tensor.Tensor, error) {
	in := make([]*tensor.Tensor, len(p.graph.Inputs))
	for i, port := range p.graph.Inputs {
		known := v.zRow
		if port == v.encoder.in {
			known = v.xRow
		}
		row, err := rowOf(port, known)
		if err != nil {
			return nil, err
		}
		if port.DType != tensor.Float32 {
			return nil, fmt.Errorf("input %v: verify feeds float32 only", port)
		}
		x := tensor.New(tensor.Float32, append([]int{o.Rows}, row...)...)
		noise := runtime.Noise{Seed: o.Seed, Stream: uint64(i)}
		for r := range o.Rows {
			dst := tensor.Data[float32](x.Rows(r, r+1))
			if port == v.encoder.in {
				noise.Uniform(uint64(r), dst)
			} else {
				noise.Normal(uint64(r), dst)
			}
		}
		in[i] = x
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
