// Package iaf reproduces the comparison of posteriors of Kingma et al., 2016 (table 1, chapter 5 of the thesis): VAEs of
// MNIST with a diagonal Gaussian posterior, and with inverse autoregressive flows of two and four steps, trained for as many
// epochs; and that such a model samples in one pass what an autoregressive decoder draws pixel by pixel.
package iaf

import (
	"context"
	"fmt"

	"github.com/elbo-ml/elbo/reproduce"
	"github.com/elbo-ml/elbo/train/data"
)

// Experiment is the chapter.
var Experiment = reproduce.Experiment{
	Name:   "iaf",
	Title:  "Inverse autoregressive flow",
	Source: "Kingma, Salimans, Jozefowicz, Chen, Sutskever and Welling, *Improving Variational Inference with Inverse Autoregressive Flow* (2016), table 1; chapter 5 of the thesis",
	Run:    run,
}

func run(ctx context.Context, l *reproduce.Lab) error {
	src, err := l.Source("mnist", data.Train)
	if err != nil {
		return err
	}
	test, err := l.Source("mnist", data.Test)
	if err != nil {
		return err
	}
	fit, _ := reproduce.Split(src, 10000)
	w := &work{Lab: l, settings: quick, source: fit, tests: test}
	w.cut()
	if !l.Quick {
		if err := w.plan(ctx); err != nil {
			return err
		}
	}
	results := map[string][]result{}
	for seed := range l.Seeds {
		for _, v := range w.variants {
			r, err := w.train(ctx, v, uint64(seed+1))
			if err != nil {
				return err
			}
			results[v.name] = append(results[v.name], r)
		}
	}
	pixels, err := w.pixelByPixel(ctx)
	if err != nil {
		return err
	}
	speed, err := w.synthesis(ctx)
	if err != nil {
		return err
	}
	w.expect(results, pixels, speed)
	return w.report(ctx, results, pixels, speed)
}

// cellOf is the name of a variant's training with a seed.
func (w *work) cellOf(v variant, seed uint64) string {
	return fmt.Sprintf("%s/%s/seed%d", w.body.Body, v.name, seed)
}
