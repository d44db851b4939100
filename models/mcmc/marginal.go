package mcmc

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distmv"

	"github.com/elbo-ml/elbo/tensor"
)

// MarginalOptions say how Marginal goes about it.
type MarginalOptions struct {
	Options
	// Draws is the number of samples of the posterior that the density is fitted to, and of those that the estimate is made
	// of; 0 is 100.
	Draws int
	// BurnIn is the number of transitions before the first sample, the first half of them from the prior to the posterior by
	// even steps of beta; 0 is 100. Thin is the number of transitions from sample to sample; 0 is 1.
	BurnIn, Thin int
}

// Marginal estimates log p(x) of each row by the estimator of arXiv 1312.6114, appendix D: with samples z_1..z_L of the
// posterior by Hamiltonian Monte Carlo, and a density q that was fitted to L earlier ones (a normal with full covariance),
//
//	1/p(x) = 1/L sum_l q(z_l) / (p(z_l) p(x|z_l))
//
// It holds for a few latent units only, fewer than five in the paper: in more, q covers the posterior badly.
func Marginal(ctx context.Context, t *Target, x *tensor.Tensor, o MarginalOptions) ([]float64, error) {
	if o.Draws == 0 {
		o.Draws = 100
	}
	if o.BurnIn == 0 {
		o.BurnIn = 100
	}
	if o.Thin == 0 {
		o.Thin = 1
	}
	if o.Draws <= 2*t.latent || o.BurnIn < 2 || o.Thin < 1 {
		return nil, fmt.Errorf("mcmc: marginal likelihood: %d draws, one in %d after %d, want more than twice the %d latent units of them: %w", o.Draws, o.Thin, o.BurnIn, t.latent, ErrInput)
	}
	x, err := t.rows(x)
	if err != nil {
		return nil, err
	}
	n := x.Shape()[0]
	estimate := make([]float64, 0, n)
	for lo := 0; lo < n; lo += chunk {
		part, err := t.marginal(ctx, x.Rows(lo, min(n, lo+chunk)), uint64(lo), o)
		if err != nil {
			return nil, fmt.Errorf("mcmc: marginal likelihood: rows from %d on: %w", lo, err)
		}
		estimate = append(estimate, part...)
	}
	return estimate, nil
}

func (t *Target) marginal(ctx context.Context, x *tensor.Tensor, lo uint64, o MarginalOptions) ([]float64, error) {
	o.FirstRow += lo
	c, err := t.Chains(ctx, x, nil, o.Options)
	if err != nil {
		return nil, err
	}
	for i := range o.BurnIn {
		beta := min(1, float64(i+1)/float64(o.BurnIn/2))
		if _, err := c.Step(ctx, beta, true); err != nil {
			return nil, err
		}
	}
	n := len(c.LogProb)
	draws := make([]*mat.Dense, n) // of each row: a line for each sample
	for i := range draws {
		draws[i] = mat.NewDense(o.Draws, t.latent, nil)
	}
	if err := c.draw(ctx, o, func(l, i int, z []float64) { draws[i].SetRow(l, z) }); err != nil {
		return nil, err
	}
	fitted := make([]*distmv.Normal, n)
	for i, d := range draws {
		if fitted[i], err = fit(d); err != nil {
			return nil, fmt.Errorf("row %d: %w", lo+uint64(i), err)
		}
	}
	ratios := make([][]float64, n)
	err = c.draw(ctx, o, func(_, i int, z []float64) {
		prior := -floats.Dot(z, z)/2 - float64(t.latent)/2*math.Log(2*math.Pi)
		ratios[i] = append(ratios[i], fitted[i].LogProb(z)-prior-c.LogProb[i])
	})
	if err != nil {
		return nil, err
	}
	estimate := make([]float64, n)
	for i, r := range ratios {
		estimate[i] = math.Log(float64(o.Draws)) - floats.LogSumExp(r)
	}
	return estimate, nil
}

// draw hands each chain's samples to take: sample l of chain i.
func (c *Chains) draw(ctx context.Context, o MarginalOptions, take func(l, i int, z []float64)) error {
	z := make([]float64, c.target.latent)
	for l := range o.Draws {
		for range o.Thin {
			if _, err := c.Step(ctx, 1, false); err != nil {
				return err
			}
		}
		for i := range c.LogProb {
			for j := range z {
				z[j] = float64(tensor.Data[float32](c.Z)[i*len(z)+j])
			}
			take(l, i, z)
		}
	}
	return nil
}

// fit is the normal with the mean and the covariance of the samples. A chain that hardly moved has a covariance that is not
// positive: a millionth of the prior's is then added to it.
func fit(samples *mat.Dense) (*distmv.Normal, error) {
	l, latent := samples.Dims()
	mean, column := make([]float64, latent), make([]float64, l)
	for j := range mean {
		mean[j] = stat.Mean(mat.Col(column, j, samples), nil)
	}
	covariance := mat.NewSymDense(latent, nil)
	stat.CovarianceMatrix(covariance, samples, nil)
	if q, ok := distmv.NewNormal(mean, covariance, nil); ok {
		return q, nil
	}
	for j := range latent {
		covariance.SetSym(j, j, covariance.At(j, j)+1e-6)
	}
	q, ok := distmv.NewNormal(mean, covariance, nil)
	if !ok {
		return nil, fmt.Errorf("no normal density fits the samples: %w", ErrNotFinite)
	}
	return q, nil
}
