// Package ssl reproduces Kingma, Rezende, Mohamed and Welling, Semi-supervised learning with deep generative models
// (arXiv 1406.5298), chapter 3 of the thesis: the test errors of table 1 on MNIST by the number of labels, for a linear
// support vector machine on the features of M1, for M2, and for M1+M2; and the analogies of figure 1.
package ssl

import (
	"context"

	"github.com/elbo-ml/elbo/reproduce"
)

// Experiment is `elbo reproduce ssl`.
var Experiment = reproduce.Experiment{
	Name:   "ssl",
	Title:  "Semi-supervised learning with deep generative models",
	Source: "Kingma, Rezende, Mohamed and Welling, arXiv 1406.5298, table 1 and figure 1; chapter 3 of the thesis",
	Seeds:  3,
	Run:    run,
	Parts:  []reproduce.Part{{Name: "svm"}, {Name: "tsvm"}, {Name: "m2"}, {Name: "m1m2"}},
}

func run(ctx context.Context, l *reproduce.Lab) error { return settings(l).run(ctx, l) }

func (s setting) run(ctx context.Context, l *reproduce.Lab) error {
	d, err := open(l)
	if err != nil {
		return err
	}
	m1, about, err := s.m1.trained(ctx, l, d)
	if err != nil {
		return err
	}
	defer m1.Close()
	all := []encoded{{m1: m1, name: s.m1.name(), svm: svmRow, tsvm: tsvmRow, stacked: stackedRow}}
	if theirs, err := authorsM1(l); err != nil {
		return err
	} else if theirs != nil {
		defer theirs.Close()
		all = append(all, encoded{m1: theirs, name: "m1/author", svm: authorsSVM, tsvm: authorsTSVM, stacked: authorsStacked})
	}
	for i := range all {
		if all[i].features, err = d.features(ctx, all[i].m1); err != nil {
			return err
		}
	}
	t := table{setting: s, about: about, kept: len(all[0].keep), results: map[string]map[int][]result{}}
	if err := t.fill(ctx, l, t.jobs(l, sources{d, all})); err != nil {
		return err
	}
	if err := t.report(l); err != nil {
		return err
	}
	return t.analogies(ctx, l, d)
}
