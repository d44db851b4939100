package vdropout

import (
	"context"
	"testing"
	"time"

	"github.com/elbo-ml/elbo/reproduce"
	"github.com/elbo-ml/elbo/reproduce/labtest"
	"github.com/elbo-ml/elbo/train/data"
)

// Every method trains a narrow network on a few images, and only those that learn their rates tell alphas.
func TestMethodsTrain(t *testing.T) {
	e := reproduce.Experiment{Name: "methods", Run: func(ctx context.Context, l *reproduce.Lab) error {
		all, err := l.Labelled("mnist", data.Train, 10)
		if err != nil {
			return err
		}
		d := splits{data.Slice(all, 0, 2000), data.Slice(all, 2000, 2200), data.Slice(all, 2200, 2400)}
		for _, m := range methods {
			r, err := m.fit(ctx, l, m.name, 60, 5, 1, t.TempDir(), d)
			if err != nil {
				return err
			}
			learns := m.name == "variational A" || m.name == "variational A2" || m.name == "variational B"
			if r.Test > 70 || r.Validation > 70 || (len(r.Alphas) == 4) != learns {
				t.Errorf("%s: %+v", m.name, r)
			}
		}
		return nil
	}}
	if _, err := reproduce.Run(t.Context(), e, reproduce.Options{Out: t.TempDir(), Data: labtest.MNIST(t)}); err != nil {
		t.Fatal(err)
	}
}

// A plan keeps to its time: it has fewer epochs, and then fewer widths, and one width for the least number of epochs at least.
func TestPlanKeepsToItsTime(t *testing.T) {
	sizes, costs := []int{100, 500, 750}, []pace{{Epoch: 2, Rest: 1}, {Epoch: 8, Rest: 2}, {Epoch: 15, Rest: 3}}
	for _, c := range []struct {
		in     time.Duration
		seeds  int
		epochs int
		widths int
	}{
		{time.Hour, 1, 136, 3},             // (3420 - 6) / 25
		{time.Hour, 3, 45, 3},              // (1140 - 6) / 25
		{10 * time.Hour, 1, mostEpochs, 3}, // no more is wanted
		{3 * time.Minute, 1, 16, 2},        // (171 - 3) / 10: 750 units would leave 6 epochs
		{time.Second, 1, leastEpochs, 1},
	} {
		p := fit(c.in, c.seeds, sizes, costs)
		if p.Epochs != c.epochs || len(p.Widths) != c.widths || len(p.Seconds) != c.widths {
			t.Errorf("%v for %d seeds: %+v, want %d epochs at %d widths", c.in, c.seeds, p, c.epochs, c.widths)
		}
		total := 0.0
		for _, s := range p.Seconds {
			total += s * float64(c.seeds)
		}
		if c.in > time.Second && total > c.in.Seconds() {
			t.Errorf("%v: the plan takes %v s", c.in, total)
		}
	}
}

// What the budget does not hold is left out and told; what an earlier run computed is not; and the first width is always there.
func TestFillStopsWithTheBudget(t *testing.T) {
	p := plan{Epochs: 3, Widths: []int{100, 500}, Seconds: []float64{7200, 7200}}
	trained := 0
	fill := func(budget time.Duration, dir string) (with []int, results map[place][]result) {
		e := reproduce.Experiment{Name: "fill", Run: func(ctx context.Context, l *reproduce.Lab) (err error) {
			with, results, err = p.fill(ctx, l, methods[:2], func(context.Context, method, string, int, uint64, string) (result, error) {
				trained++
				return result{Test: float64(trained)}, nil
			})
			return err
		}}
		if _, err := reproduce.Run(t.Context(), e, reproduce.Options{Out: dir, Budget: budget, Seeds: 2}); err != nil {
			t.Fatal(err)
		}
		return with, results
	}
	dir := t.TempDir()
	with, results := fill(time.Minute, dir)
	if len(with) != 1 || trained != 2 || len(results[place{methods[1].name, 100}]) != 1 {
		t.Errorf("a minute has the widths %v after %d trainings: %v", with, trained, results)
	}
	with, results = fill(3*time.Hour, dir)
	if len(with) != 2 || trained != 8 || len(results[place{methods[1].name, 500}]) != 2 {
		t.Errorf("three hours have the widths %v after %d trainings: %v", with, trained, results)
	}
	if with, results = fill(time.Minute, dir); len(with) != 2 || trained != 8 || results[place{methods[0].name, 100}][0].Test != 1 {
		t.Errorf("a minute more has the widths %v after %d trainings: %v", with, trained, results)
	}
}
