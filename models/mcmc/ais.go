package mcmc

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"

	"github.com/elbo-ml/elbo/tensor"
)

// AISOptions say how AIS goes about it.
type AISOptions struct {
	Options
	// Chains is the number of chains for each row; 0 is 16.
	Chains int
	// Temperatures is the number of steps from the prior to the posterior; 0 is 500.
	Temperatures int
	// Progress, if set, is told the rows done and the rows in all.
	Progress func(done, total int)
}

// chunk is the number of chains that run as one batch.
const chunk = 256

// AIS estimates log p(x) of each row by annealed importance sampling (Neal, 2001; Wu et al., arXiv 1611.04273): each chain
// goes from the prior to the posterior through the densities N(z; 0, I) p(x|z)^beta with
//
//	beta_t = (s(4(2t/T - 1)) - s(-4)) / (s(4) - s(-4)),  s the logistic function
//
// and one transition at each, log w = sum_t (beta_t - beta_{t-1}) log p(x|z_{t-1}), and p(x) is estimated by the mean of w,
// without bias; so its logarithm is too low on average, and the less so the more chains and temperatures there are. The
// step sizes at each beta come from a trial run of one chain for each row, since tuning them on the way would bias it.
func AIS(ctx context.Context, t *Target, x *tensor.Tensor, o AISOptions) ([]float64, error) {
	if o.Chains == 0 {
		o.Chains = 16
	}
	if o.Temperatures == 0 {
		o.Temperatures = 500
	}
	if o.Chains < 1 || o.Temperatures < 1 {
		return nil, fmt.Errorf("mcmc: ais: %d chains and %d temperatures, want 1 or more: %w", o.Chains, o.Temperatures, ErrInput)
	}
	x, err := t.rows(x)
	if err != nil {
		return nil, err
	}
	n, rows := x.Shape()[0], max(1, chunk/o.Chains)
	estimate := make([]float64, 0, n)
	for lo := 0; lo < n; lo += rows {
		hi := min(n, lo+rows)
		part, err := t.anneal(ctx, x.Rows(lo, hi), uint64(lo), o)
		if err != nil {
			return nil, fmt.Errorf("mcmc: ais: rows from %d on: %w", lo, err)
		}
		estimate = append(estimate, part...)
		if o.Progress != nil {
			o.Progress(hi, n)
		}
	}
	return estimate, nil
}

// anneal is AIS of the rows that stand from row lo on.
func (t *Target) anneal(ctx context.Context, x *tensor.Tensor, lo uint64, o AISOptions) ([]float64, error) {
	n := x.Shape()[0]
	trial := o.Options
	trial.Seed, trial.FirstRow = o.Seed^1<<63, o.FirstRow+lo
	c, err := t.Chains(ctx, x, nil, trial)
	if err != nil {
		return nil, err
	}
	sizes := make([][]float64, o.Temperatures+1)
	for step := 1; step <= o.Temperatures; step++ {
		sizes[step] = append([]float64(nil), c.StepSize...)
		if _, err := c.Step(ctx, o.beta(step), true); err != nil {
			return nil, err
		}
	}
	run := o.Options
	run.FirstRow = (o.FirstRow + lo) * uint64(o.Chains)
	if c, err = t.Chains(ctx, repeat(x, o.Chains), nil, run); err != nil {
		return nil, err
	}
	w := make([]float64, n*o.Chains)
	for step := 1; step <= o.Temperatures; step++ {
		beta := o.beta(step)
		for i, logProb := range c.LogProb {
			w[i] += (beta - o.beta(step-1)) * logProb
			c.StepSize[i] = sizes[step][i/o.Chains]
		}
		if step == o.Temperatures {
			break // what is drawn at the posterior would not be looked at
		}
		if _, err := c.Step(ctx, beta, false); err != nil {
			return nil, err
		}
	}
	estimate := make([]float64, n)
	for i := range estimate {
		estimate[i] = floats.LogSumExp(w[i*o.Chains:(i+1)*o.Chains]) - math.Log(float64(o.Chains))
	}
	return estimate, nil
}

// beta is the inverse temperature of step t, from 0 at 0 to 1 at the last.
func (o AISOptions) beta(t int) float64 {
	s := func(v float64) float64 { return 1 / (1 + math.Exp(-v)) }
	return (s(4*(2*float64(t)/float64(o.Temperatures)-1)) - s(-4)) / (s(4) - s(-4))
}

// repeat is each row of x k times in turn.
func repeat(x *tensor.Tensor, k int) *tensor.Tensor {
	n := x.Shape()[0]
	out := tensor.New(tensor.Float32, append([]int{n * k}, x.Shape()[1:]...)...)
	for i := range n * k {
		copy(tensor.Data[float32](out.Rows(i, i+1)), tensor.Data[float32](x.Rows(i/k, i/k+1)))
	}
	return out
}
