package train

import (
	"context"
	"fmt"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/native"
	"github.com/elbo-ml/elbo/tensor"
)

// PredictOptions say how Predict samples.
type PredictOptions struct {
	// Engine is nil for the native one, Threads 0 for all cores.
	Engine  runtime.Engine
	Threads int
	// Draws is the number of draws of the noise; 0 is 100.
	Draws int
	// Seed and FirstRow pick the noise: row i uses the numbers of (Seed, FirstRow+i), at any batch size.
	Seed, FirstRow uint64
}

// Prediction is what one output does under noise: mean and variance over the draws, of the output's shape. The variance is the
// unbiased one.
type Prediction struct{ Mean, Variance *tensor.Tensor }

// predictRows is the number of rows of one run of Predict.
const predictRows = 256

// Predict draws the noise on the weights again and again and gives the mean and the variance of each output of the graph
// (predictive uncertainty by Monte Carlo). x are the source's inputs, whose first axes count the rows.
func (v *VariationalGraph) Predict(ctx context.Context, x []*tensor.Tensor, o PredictOptions) ([]Prediction, error) {
	p, err := v.predict(ctx, x, o)
	if err != nil {
		return nil, fmt.Errorf("train: predict: %w", err)
	}
	return p, nil
}

func (v *VariationalGraph) predict(ctx context.Context, x []*tensor.Tensor, o PredictOptions) ([]Prediction, error) {
	g := v.SamplingModel()
	fed := len(g.Inputs) - len(v.Noise) - len(v.Uniform)
	if len(x) != fed || fed == 0 {
		return nil, fmt.Errorf("%d tensors for the graph's %d inputs: %w", len(x), fed, runtime.ErrInput)
	}
	rows := 0
	for i, t := range x {
		if len(t.Shape()) == 0 || i > 0 && t.Shape()[0] != rows {
			return nil, fmt.Errorf("the inputs do not have a first axis of one number of rows: %w", runtime.ErrInput)
		}
		rows = t.Shape()[0]
	}
	if o.Engine == nil {
		o.Engine = native.New()
	}
	if o.Draws == 0 {
		o.Draws = 100
	}
	if o.Draws < 2 {
		return nil, fmt.Errorf("%d draws; a variance takes at least 2: %w", o.Draws, ErrOptions)
	}
	program, err := o.Engine.Compile(g, runtime.Options{Threads: o.Threads})
	if err != nil {
		return nil, err
	}
	defer program.Close()
	all := make([]moments, len(g.Outputs))
	for lo := 0; lo < rows; lo += predictRows {
		hi := min(rows, lo+predictRows)
		in := make([]*tensor.Tensor, len(g.Inputs))
		for i, t := range x {
			in[i] = t.Rows(lo, hi)
		}
		draws, err := v.noise(g, fed, hi-lo, in, o)
		if err != nil {
			return nil, err
		}
		for s := range o.Draws {
			draws(s, o.FirstRow+uint64(lo))
			out := make([]*tensor.Tensor, len(g.Outputs))
			if err := program.Run(ctx, in, out); err != nil {
				return nil, err
			}
			for i, t := range out {
				if err := all[i].add(t, s, lo, rows); err != nil {
					return nil, fmt.Errorf("the output %q: %w", g.Outputs[i].Name, err)
				}
			}
		}
	}
	predictions := make([]Prediction, len(all))
	for i := range all {
		if predictions[i], err = all[i].prediction(o.Draws); err != nil {
			return nil, err
		}
	}
	return predictions, nil
}

// noise makes the noise inputs of a batch, in in, and returns what fills them for draw s of the rows from first on.
func (v *VariationalGraph) noise(g *graph.Graph, fed, batch int, in []*tensor.Tensor, o PredictOptions) (func(s int, first uint64), error) {
	uniform := map[string]bool{}
	for _, u := range v.Uniform {
		uniform[u.Name] = true
	}
	var fill []func(s int, first uint64)
	for i, input := range g.Inputs[fed:] {
		t, err := batchTensor(input, batch)
		if err != nil {
			return nil, err
		}
		kind := noiseKind(normalNoise)
		if uniform[input.Name] {
			kind = uniformNoise
		}
		in[fed+i] = t
		fill = append(fill, func(s int, first uint64) {
			n := newNoise(t, kind, runtime.Noise{Seed: o.Seed, Stream: uint64(s*(len(g.Inputs)-fed)+i) + 1}, o.Threads)
			n.draw(first)
		})
	}
	return func(s int, first uint64) {
		for _, f := range fill {
			f(s, first)
		}
	}, nil
}

// moments follows mean and sum of squared deviations of each element of an output over the draws (Welford, 1962).
type moments struct {
	dtype    tensor.DType
	shape    []int
	mean, m2 []float64
}

// add takes in draw s of the rows from lo on.
func (m *moments) add(t *tensor.Tensor, s, lo, rows int) error {
	if len(t.Shape()) == 0 || !t.DType().IsFloat() || t.Shape()[0] > rows-lo {
		return fmt.Errorf("%v holds no real numbers for each row: %w", t, runtime.ErrInput)
	}
	size := t.Len() / max(1, t.Shape()[0])
	if m.mean == nil {
		m.dtype, m.shape = t.DType(), append([]int{rows}, t.Shape()[1:]...)
		m.mean, m.m2 = make([]float64, rows*size), make([]float64, rows*size)
	}
	for i, x := range t.Floats() {
		at := lo*size + i
		d := x - m.mean[at]
		m.mean[at] += d / float64(s+1)
		m.m2[at] += d * (x - m.mean[at])
	}
	return nil
}

func (m *moments) prediction(draws int) (Prediction, error) {
	for i := range m.m2 {
		m.m2[i] /= float64(draws - 1)
	}
	mean, err := realTensor(m.dtype, m.shape, m.mean)
	if err != nil {
		return Prediction{}, err
	}
	variance, err := realTensor(m.dtype, m.shape, m.m2)
	return Prediction{mean, variance}, err
}

// realTensor is a tensor of the numbers x, in float64 if dtype is that and else in float32.
func realTensor(dtype tensor.DType, shape []int, x []float64) (*tensor.Tensor, error) {
	if dtype == tensor.Float64 {
		return tensor.Wrap(x, shape...)
	}
	narrow := make([]float32, len(x))
	for i, v := range x {
		narrow[i] = float32(v)
	}
	return tensor.Wrap(narrow, shape...)
}
