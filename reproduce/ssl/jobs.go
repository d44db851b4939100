package ssl

import (
	"context"
	"fmt"

	"github.com/elbo-ml/elbo/models"
	semi "github.com/elbo-ml/elbo/models/ssl"
	"github.com/elbo-ml/elbo/reproduce"
)

// encoded is an M1 with its features of the images, and what the table calls the models that learn from them.
type encoded struct {
	features
	m1           *models.VAE
	name         string // in the names of cells
	svm, stacked string
	tsvm         string
}

// sources are what models learn from: the images, and the features of one M1 or more.
type sources struct {
	parts
	encoded []encoded
}

// job is a cell to compute for the table.
type job struct {
	model, name string
	labels      int
	compute     func(ctx context.Context, l *reproduce.Lab, name string, threads int) (result, error)
}

// jobs are the cells of the table. Those of M1's features come first, and seed by seed, so that a run that is stopped has
// something of every row.
func (t *table) jobs(l *reproduce.Lab, s sources) []job {
	var all []job
	for _, of := range []func(s sources, n int, seed uint64) []job{t.onFeatures, t.onPixels} {
		for seed := range uint64(l.Seeds) {
			for _, n := range t.labels {
				all = append(all, of(s, n, seed+1)...)
			}
		}
	}
	return all
}

// fill computes the jobs of the rows that were chosen side by side, reads those of others that were computed before, and
// leaves out those that the budget is spent before: the report then says which.
func (t *table) fill(ctx context.Context, l *reproduce.Lab, jobs []job) error {
	results, missing := make([]result, len(jobs)), make([]bool, len(jobs))
	err := l.Each(ctx, len(jobs), func(ctx context.Context, i, threads int) (err error) {
		if !l.Has(jobs[i].name) && (!l.Chosen(partOf[jobs[i].model]) || l.Remaining() <= 0) {
			missing[i] = true
			return nil
		}
		results[i], err = jobs[i].compute(ctx, l, jobs[i].name, threads)
		return err
	})
	if err != nil {
		return err
	}
	for i, j := range jobs {
		if missing[i] && !l.Chosen(partOf[j.model]) {
			continue
		}
		if missing[i] {
			l.Note("The budget was spent before %s with %d labels (`%s`).", j.model, j.labels, j.name)
			continue
		}
		if t.results[j.model] == nil {
			t.results[j.model] = map[int][]result{}
		}
		t.results[j.model][j.labels] = append(t.results[j.model][j.labels], results[i])
	}
	return nil
}

// onFeatures are what learns from the features of each M1 with n labels.
func (t *table) onFeatures(s sources, n int, seed uint64) []job {
	var all []job
	for _, e := range s.encoded {
		stack := func() (*semi.M2, error) {
			return semi.Stack(e.m1, e.keep, semi.Config{Classes: classes, Latent: t.stacked.latent, Hidden: []int{t.stacked.hidden}, Activation: t.stacked.activation, Seed: seed})
		}
		all = append(all,
			job{e.svm, fmt.Sprintf("svm/%s/labels%d/seed%d", e.name, n, seed), n, func(ctx context.Context, l *reproduce.Lab, name string, _ int) (result, error) {
				return svmCell(ctx, l, name, s.parts, e.features, n, seed, false)
			}},
			job{e.stacked, t.stackedCell(e.name, n, seed), n, func(ctx context.Context, l *reproduce.Lab, name string, threads int) (result, error) {
				return t.stacked.cell(ctx, l, name, stack, s.parts, n, seed, 0, threads)
			}})
		if t.transductive && n < len(s.parts.train.labels) {
			all = append(all, job{e.tsvm, fmt.Sprintf("tsvm/%s/labels%d/seed%d", e.name, n, seed), n, func(ctx context.Context, l *reproduce.Lab, name string, _ int) (result, error) {
				return svmCell(ctx, l, name, s.parts, e.features, n, seed, true)
			}})
		}
	}
	return all
}

// onPixels is an M2 of the images with n labels; a setting without epochs for it has none.
func (t *table) onPixels(s sources, n int, seed uint64) []job {
	with, k := t.pixels, 0
	if n >= len(s.parts.train.labels) {
		with, k = t.supervised, draws
	}
	if with.epochs == 0 {
		return nil
	}
	fresh := func() (*semi.M2, error) {
		return semi.New(semi.Config{Shape: s.parts.train.rows.Shape(), Classes: classes, Latent: with.latent, Hidden: []int{with.hidden}, Activation: with.activation, Seed: seed})
	}
	return []job{{m2Row, cellName("m2", n, with, seed), n, func(ctx context.Context, l *reproduce.Lab, name string, threads int) (result, error) {
		return with.cell(ctx, l, name, fresh, s.parts, n, seed, k, threads)
	}}}
}
