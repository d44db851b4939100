package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/elbo-ml/elbo/models"
)

func (a *app) evalCommand() *cobra.Command {
	var ef engineFlags
	var sf sourceFlags
	var est estimateFlags
	var k, limit, batch int
	var seed uint64
	cmd := &cobra.Command{
		Use:   "eval BUNDLE --data SRC",
		Short: "Measure the ELBO of a model on data",
		Long: `Eval reports, in nats per datapoint: the ELBO and its two terms by one posterior sample, how many latent units are
active (KL above 0.01), and for --k above 1 the importance-weighted bound on log p(x) with k samples. --estimator has log p(x)
estimated by Markov chains, without the encoder. How x is binarised
moves the numbers by tens of nats: dynamic draws each pixel anew with its grey value as probability, static does so once
from the Mersenne Twister with --seed (numpy's RandomState(seed).rand(n, d) < x), none takes the grey values.`,
		Example: `  elbo eval builtin:mnist --data mnist/
  elbo eval m1.elbo --data mnist/ --binarize static --seed 0
  elbo eval builtin:mnist --data mnist/ --k 50 --limit 1000 --json
  elbo eval builtin:mnist --data mnist/ --limit 20 --estimator ais`,
		Args: exactly("BUNDLE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if k < 1 || limit < 0 || batch < 1 {
				return usagef("--k and --batch must be at least 1 and --limit not negative; they are %d, %d and %d", k, batch, limit)
			}
			if err := est.check(); err != nil {
				return err
			}
			v, err := ef.openModel(a, args[0])
			if err != nil {
				return err
			}
			defer v.Close()
			sf.suit(v)
			how, err := sf.how()
			if err != nil {
				return err
			}
			src, err := sf.open(a)
			if err != nil {
				return err
			}
			defer src.Close()
			bar := newProgress(a.err)
			o := models.EvalOptions{K: k, Limit: limit, Batch: batch, Binarize: how, Seed: seed}
			if !a.json && !a.quiet {
				o.Progress = func(done, total int, elbo, rate float64) {
					bar.update(done, total, fmt.Sprintf("%.0f images/s", rate), fmt.Sprintf("ELBO %.2f", elbo))
				}
			}
			e, err := models.Evaluate(cmd.Context(), v, src, o)
			bar.end()
			if err != nil {
				return err
			}
			all := &estimation{Evaluation: e}
			if err := est.estimate(cmd.Context(), a, v, src, o, ef.threads, all); err != nil {
				return err
			}
			if a.json {
				return a.emit(all)
			}
			a.printEvaluation(all, src.Name(), sf.binarize)
			return nil
		},
	}
	ef.add(cmd, "auto")
	sf.add(cmd, "test", "dynamic")
	est.add(cmd)
	cmd.Flags().IntVar(&k, "k", 1, "posterior samples per row; above 1 gives the importance-weighted bound too")
	cmd.Flags().IntVar(&limit, "limit", 0, "use only the first rows; 0 means all")
	cmd.Flags().IntVar(&batch, "batch", 500, "rows at a time")
	cmd.Flags().Uint64Var(&seed, "seed", 0, "seed of the binarisation and of the posterior samples")
	a.profiled(cmd)
	return cmd
}

func (a *app) printEvaluation(e *estimation, source, binarize string) {
	fmt.Fprintf(a.out, "ELBO            %9.3f nats, standard error %.3f\n", e.ELBO, e.ELBOError)
	fmt.Fprintf(a.out, "reconstruction  %9.3f\n", e.Reconstruction)
	fmt.Fprintf(a.out, "KL              %9.3f\n", e.KL)
	if len(e.LayerKL) > 1 {
		fmt.Fprintf(a.out, "  of each layer %9.3f\n", e.LayerKL)
	}
	if e.K > 1 {
		fmt.Fprintf(a.out, "log p(x) >=     %9.3f  (importance-weighted, k = %d)\n", e.IWAE, e.K)
	}
	if e.Estimator != "" {
		fmt.Fprintf(a.out, "log p(x) ~      %9.3f  (%s), standard error %.3f\n", e.LogProb, e.Estimator, e.LogProbError)
	}
	if e.BitsPerDim > 0 {
		fmt.Fprintf(a.out, "bits per dim    %9.3f\n", e.BitsPerDim)
	}
	if e.UnitKL != nil {
		fmt.Fprintf(a.out, "active units    %5d\n", e.ActiveUnits)
	}
	fmt.Fprintf(a.out, "%d rows of %s, binarize %s, %s engine, %.1f s\n", e.N, source, binarize, e.Engine, e.Seconds)
}
