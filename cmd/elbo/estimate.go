package main

import (
	"context"
	"fmt"
	"math"

	"github.com/spf13/cobra"
	"gonum.org/v1/gonum/stat"

	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/models/mcmc"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train/data"
)

// estimateFlags choose an estimator of log p(x) in which the encoder takes no part.
type estimateFlags struct {
	estimator                    string
	chains, temperatures, sample int
}

func (f *estimateFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.estimator, "estimator", "", "estimate log p(x) by Markov chains, too: ais (annealed importance sampling) or hmc (the first paper's, for a few latent units)")
	flags.IntVar(&f.chains, "chains", 16, "chains of ais for each row")
	flags.IntVar(&f.temperatures, "temperatures", 500, "steps of ais from the prior to the posterior")
	flags.IntVar(&f.sample, "draws", 100, "samples of hmc for each row: so many to fit a density to, and as many for the estimate")
	fixed(cmd, "estimator", "ais", "hmc")
}

func (f *estimateFlags) check() error {
	switch {
	case f.estimator != "" && f.estimator != "ais" && f.estimator != "hmc":
		return usagef("--estimator is ais or hmc, not %q", f.estimator)
	case f.chains < 1 || f.temperatures < 1 || f.sample < 1:
		return usagef("--chains, --temperatures and --draws must be at least 1; they are %d, %d and %d", f.chains, f.temperatures, f.sample)
	}
	return nil
}

// estimation is what eval prints: an evaluation, and the mean over the rows of log p(x) by the estimator.
type estimation struct {
	*models.Evaluation
	Estimator    string  `json:"estimator,omitempty"`
	LogProb      float64 `json:"log_prob,omitempty"`
	LogProbError float64 `json:"log_prob_stderr,omitempty"`
}

// estimate adds the mean of log p(x) over the first rows, by so many at a time.
func (f *estimateFlags) estimate(ctx context.Context, a *app, v *models.VAE, src data.Source, o models.EvalOptions, threads int, e *estimation) error {
	if f.estimator == "" {
		return nil
	}
	t, err := mcmc.NewTarget(v, runtime.Options{Threads: threads})
	if err != nil {
		return err
	}
	defer t.Close()
	src, err = data.NewBinarized(src, o.Binarize, o.Seed)
	if err != nil {
		return err
	}
	bar := newProgress(a.err)
	defer bar.end()
	var all []float64
	for lo := 0; lo < e.N; lo += o.Batch {
		index := make([]int, min(o.Batch, e.N-lo))
		for i := range index {
			index[i] = lo + i
		}
		x := tensor.New(tensor.Float32, append([]int{len(index)}, src.Shape()...)...)
		if err := src.Read(ctx, index, tensor.Data[float32](x)); err != nil {
			return err
		}
		chains := mcmc.Options{Seed: o.Seed, FirstRow: uint64(lo)}
		var p []float64
		if f.estimator == "ais" {
			p, err = mcmc.AIS(ctx, t, x, mcmc.AISOptions{Options: chains, Chains: f.chains, Temperatures: f.temperatures})
		} else {
			p, err = mcmc.Marginal(ctx, t, x, mcmc.MarginalOptions{Options: chains, Draws: f.sample})
		}
		if err != nil {
			return err
		}
		if all = append(all, p...); !a.json && !a.quiet {
			bar.update(len(all), e.N, f.estimator, fmt.Sprintf("log p(x) %.2f", stat.Mean(all, nil)))
		}
	}
	e.Estimator, e.LogProb = f.estimator, stat.Mean(all, nil)
	if len(all) > 1 {
		e.LogProbError = stat.StdDev(all, nil) / math.Sqrt(float64(len(all)))
	}
	return nil
}
