package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/elbo-ml/elbo/models/ssl"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/tensor/npy"
	"github.com/elbo-ml/elbo/train/data"
)

func (a *app) classifyCommand() *cobra.Command {
	var ef engineFlags
	var sf sourceFlags
	var c classifyFlags
	cmd := &cobra.Command{
		Use:   "classify BUNDLE --data SRC",
		Short: "Tell the class of each row of data, or how many are told wrong",
		Long: `Classify asks the classifier q(y|x) of a semi-supervised model (elbo train --labels) for the class of each row, and writes a
line for each: the row, its class, the probability. --draws K asks Bayes' rule instead, with p(x|y) by importance
sampling with K draws for each class. --out names a .npy file for all probabilities, float32 [n, classes]. With
--labels the rows are held against their labels, and only the share of errors is told.`,
		Example: `  elbo classify m1m2.elbo --data mnist/ --labels mnist/
  elbo classify m2.elbo --data photos/ --out probabilities.npy`,
		Args: exactly("BUNDLE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := c.check(); err != nil {
				return err
			}
			engine, err := ef.open(a)
			if err != nil {
				return err
			}
			m, err := ssl.Open(args[0])
			if err != nil {
				return err
			}
			defer m.Close()
			m.Engine, m.Run = engine, runtime.Options{Threads: ef.threads, Provider: ef.provider}
			src, err := sf.openBinarized(a)
			if err != nil {
				return err
			}
			defer src.Close()
			return c.run(cmd.Context(), a, m, data.Slice(src, 0, rowsOf(src, c.limit)), sf.split)
		},
	}
	ef.add(cmd, "auto")
	sf.add(cmd, "test", "none")
	outFlags(cmd, &c.out, &c.force, "the .npy file for the probabilities")
	cmd.Flags().StringVar(&c.labels, "labels", "", "hold the rows against these labels: a folder of IDX files, an IDX file or a .npy file of whole numbers")
	cmd.Flags().IntVar(&c.draws, "draws", 0, "draws of the latent variables for each class; 0 asks the classifier")
	cmd.Flags().Uint64Var(&c.seed, "seed", 0, "seed of the draws")
	cmd.Flags().IntVar(&c.limit, "limit", 0, "use only the first rows; 0 means all")
	return cmd
}

type classifyFlags struct {
	out, labels  string
	force        bool
	draws, limit int
	seed         uint64
}

func (c *classifyFlags) check() error {
	if c.draws < 0 || c.limit < 0 {
		return usagef("--draws and --limit must not be negative; they are %d and %d", c.draws, c.limit)
	}
	if c.out == "" {
		return nil
	}
	if c.labels != "" {
		return usagef("--out writes probabilities and --labels counts errors; give one of them")
	}
	if err := mustNotExist(c.out, c.force); err != nil {
		return err
	}
	return wantsExt(c.out, ".npy")
}

func (c *classifyFlags) run(ctx context.Context, a *app, m *ssl.M2, src data.Source, split string) error {
	if c.labels != "" {
		return c.evaluate(ctx, a, m, src, split)
	}
	if c.out == "" {
		return c.each(ctx, m, src, func(lo int, p *tensor.Tensor) error { return a.tellClasses(lo, p) })
	}
	shape := tensor.Shape{src.Len(), m.Classes()}
	err := npy.WriteRows(c.out, tensor.Float32, shape, func(add func(*tensor.Tensor) error) error {
		return c.each(ctx, m, src, func(_ int, p *tensor.Tensor) error { return add(p) })
	})
	if err != nil {
		return err
	}
	return a.wrote(c.out, shape)
}

// each hands the probabilities of all rows on, minibatch by minibatch.
func (c *classifyFlags) each(ctx context.Context, m *ssl.M2, src data.Source, do func(lo int, p *tensor.Tensor) error) error {
	return eachBatch(ctx, src, src.Len(), func(lo int, x *tensor.Tensor) error {
		var p *tensor.Tensor
		var err error
		if c.draws > 0 {
			p, err = m.Posterior(ctx, x, c.draws, c.seed, uint64(lo))
		} else {
			p, err = m.Classify(ctx, x)
		}
		if err != nil {
			return err
		}
		return do(lo, p)
	})
}

// tellClasses writes a line for each row.
func (a *app) tellClasses(lo int, p *tensor.Tensor) error {
	for i, y := range ssl.Predictions(p) {
		probability := tensor.Data[float32](p)[i*p.Shape()[1]+y]
		if a.json {
			if err := a.emit(map[string]any{"row": lo + i, "class": y, "probability": probability}); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(a.out, "%d\t%d\t%.4f\n", lo+i, y, probability)
	}
	return nil
}

func (c *classifyFlags) evaluate(ctx context.Context, a *app, m *ssl.M2, src data.Source, split string) error {
	labels, err := data.OpenLabels(c.labels, data.Options{Split: split})
	if err != nil {
		return err
	}
	if c.limit > 0 {
		labels = labels[:min(c.limit, len(labels))]
	}
	e, err := m.Evaluate(ctx, src, labels, c.draws, c.seed)
	if err != nil {
		return err
	}
	if a.json {
		return a.emit(e)
	}
	fmt.Fprintf(a.out, "%.2f %% of %d rows are wrong, log loss %.4f nats\n", e.Error, e.N, e.LogLoss)
	return nil
}
