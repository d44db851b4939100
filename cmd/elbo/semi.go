package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/models/ssl"
	"github.com/elbo-ml/elbo/train"
	"github.com/elbo-ml/elbo/train/data"
)

// semiFlags are what train takes for a model that learns from labels.
type semiFlags struct {
	labels   string
	labelled int
	batch    int
	m1       string
	alpha    float64
}

func (f *semiFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.labels, "labels", "", "train an m2, a classifier too, with these labels: a folder of IDX files, an IDX file, or a .npy file of whole numbers, below 0 where there is none")
	cmd.Flags().IntVar(&f.labelled, "labelled", 0, "use only so many labels, as many of each class; 0 means all")
	cmd.Flags().IntVar(&f.batch, "labelled-batch", 0, "rows with labels in a minibatch, besides --batch without; 0 means the labels' share of the data")
	cmd.Flags().StringVar(&f.m1, "m1", "", "a VAE's bundle: the m2 learns from the features it finds (M1+M2)")
	cmd.Flags().Float64Var(&f.alpha, "alpha", 0.1, "weight of the classifier's loss on labelled rows")
}

// check finds flags that do not go together; labels make the model an m2.
func (f *semiFlags) check(cmd *cobra.Command, fit *fitFlags, model *string) error {
	switch named := cmd.Flags().Changed("model"); {
	case f.labels == "" && (f.labelled != 0 || f.batch != 0 || f.m1 != "" || cmd.Flags().Changed("alpha")):
		return usagef("--labelled, --labelled-batch, --m1 and --alpha are for training with --labels, which is missing")
	case f.labels == "" && *model == "m2":
		return usagef("--model m2 learns from labels, too: --labels is missing")
	case f.labels != "" && named && *model != "m2":
		return usagef("--model %s does not learn from labels; leave --labels, or --model", *model)
	case f.labelled < 0 || f.batch < 0:
		return usagef("--labelled and --labelled-batch must not be negative; they are %d and %d", f.labelled, f.batch)
	case f.alpha <= 0:
		return usagef("--alpha must be positive, but is %v", f.alpha)
	case f.m1 != "" && fit.flags.Changed("binarize") && fit.binarize != "none":
		return usagef("--binarize %s: the features of --m1 are not binarised", fit.binarize)
	case f.labels != "":
		*model = "m2"
	}
	return nil
}

// train builds an M2, or an M1+M2, and trains it.
func (f *semiFlags) train(cmd *cobra.Command, a *app, fit *fitFlags, src data.Source, o train.Options, c ssl.Config) error {
	labels, err := data.OpenLabels(f.labels, data.Options{Split: fit.split})
	if err != nil {
		return err
	}
	c.Classes = data.ClassCount(labels)
	if err := data.CheckLabels(src, labels, c.Classes); err != nil {
		return fmt.Errorf("--labels %s: %w", f.labels, err)
	}
	if f.labelled > 0 {
		if labels, err = f.some(labels, c.Classes, fit.seed); err != nil {
			return err
		}
	}
	// What the VAE's defaults would be is not what the paper has for M2.
	if !cmd.Flags().Changed("latent") {
		c.Latent = 0
	}
	if !cmd.Flags().Changed("activation") {
		c.Activation = ""
	}
	m, err := f.build(cmd, src, c)
	if err != nil {
		return err
	}
	defer m.Close()
	if m.Stacked() || m.Manifest().Likelihood != models.Bernoulli && !fit.flags.Changed("binarize") {
		fit.binarize = "none"
	}
	if o.Binarize, err = fit.how(); err != nil {
		return err
	}
	return fit.show(a, m, src, o, func(o train.Options) (*train.Report, error) {
		report, err := ssl.Fit(cmd.Context(), m, src, labels, ssl.Options{Options: o, LabelledBatch: f.batch, Alpha: f.alpha})
		if err == nil {
			for _, t := range report.Terms {
				a.note("%s %.4f", t.Name, t.Mean)
			}
		}
		return report, err
	})
}

// build makes the fresh model, on an M1 where one is named.
func (f *semiFlags) build(cmd *cobra.Command, src data.Source, c ssl.Config) (*ssl.M2, error) {
	if f.m1 == "" {
		return ssl.New(c)
	}
	m1, err := models.Open(f.m1)
	if err != nil {
		return nil, err
	}
	defer m1.Close()
	keep, err := ssl.Active(cmd.Context(), m1, src)
	if err != nil {
		return nil, err
	}
	return ssl.Stack(m1, keep, c)
}

// some keeps the labels of as many rows as --labelled tells, and forgets the others.
func (f *semiFlags) some(labels []int, classes int, seed uint64) ([]int, error) {
	picked, _, err := data.Balanced(labels, classes, f.labelled, seed)
	if err != nil {
		return nil, fmt.Errorf("--labelled %d: %w", f.labelled, err)
	}
	kept := make([]int, len(labels))
	for i := range kept {
		kept[i] = data.Unlabelled
	}
	for _, row := range picked {
		kept[row] = labels[row]
	}
	return kept, nil
}
