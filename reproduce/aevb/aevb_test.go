package aevb

import (
	"context"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/reproduce"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train"
)

// Curves are tested four times in each decade, and at the numbers that the reference names.
func TestPlacesOfACurve(t *testing.T) {
	at := slices.Sorted(maps.Keys(places(1e6)))
	if want := []int{100, 200, 300, 600, 1000, 1800, 3200, 5600, 10000}; !slices.Equal(at, want) {
		t.Errorf("1e6 samples are tested after the steps %v, want %v", at, want)
	}
	c := curve{[]point{{Samples: 1_000_000, Test: -119}, {Samples: 3_160_000, Test: -108}}}
	if p, ok := c.at(3_160_000); !ok || p.Test != -108 {
		t.Errorf("at 3.16e6 samples: %v, %v", p, ok)
	}
	if p, ok := c.at(1e7); ok {
		t.Errorf("a curve that ends at 3.16e6 samples has %v at 1e7", p)
	}
	for n, want := range map[int]string{1e7: "1e7", 3_160_000: "3.2e6", 20_000: "2e4"} {
		if got := amount(n); got != want {
			t.Errorf("%d samples are %q, want %q", n, got, want)
		}
	}
}

// A run has as many samples as its time on its cores holds.
func TestLengthsFollowBudgetAndCores(t *testing.T) {
	for _, c := range []struct {
		budget  time.Duration
		threads int
		samples int
	}{{3 * time.Hour, 2, 1e7}, {3 * time.Hour, 8, 1e7}, {3 * time.Hour, 1, 3162277}, {90 * time.Minute, 2, 3162277}, {18 * time.Minute, 2, 1e6}} {
		if got, _ := lengths(&reproduce.Lab{Options: reproduce.Options{Budget: c.budget, Threads: c.threads}}); got != c.samples {
			t.Errorf("%v on %d cores: %d samples, want %d", c.budget, c.threads, got, c.samples)
		}
	}
}

// A curve is trained, kept, and read again with its model; its weights start as the paper says.
func TestCurve(t *testing.T) {
	dir := t.TempDir()
	small := dataset{name: "mnist", title: "glyphs", hidden: 5, likelihood: models.Bernoulli}
	toy := training{dataset: small, latent: 2, optimizer: train.Adam{}, samples: 2e4, seed: 1}
	var first, second curve
	e := reproduce.Experiment{Name: "toy"}
	for _, c := range []*curve{&first, &second} {
		e.Run = func(ctx context.Context, l *reproduce.Lab) (err error) {
			*c, err = train1(ctx, l, toy, 1)
			if err != nil {
				return err
			}
			if s, err := toy.pace(ctx, l); err != nil || !(s > 0 && s < 60) {
				t.Errorf("the same training alone takes %v s (%v)", s, err)
			}
			v, err := models.Open(dir + "/cells/" + toy.cellName() + "/model.elbo")
			if err != nil {
				return err
			}
			defer v.Close()
			x, err := v.Decode(ctx, square())
			if err == nil && x.Shape()[0] != side*side {
				t.Errorf("the manifold is %v", x)
			}
			return err
		}
		if _, err := reproduce.Run(t.Context(), e, reproduce.Options{Out: dir, Budget: time.Hour}); err != nil {
			t.Fatal(err)
		}
	}
	if len(first.Points) != 2 || !slices.Equal(first.Points, second.Points) || first.last().Samples != 2e4 || first.last().Test <= first.Points[0].Test {
		t.Errorf("the curve is %v, and read again %v", first.Points, second.Points)
	}
}

// Each learner of figure 3 trains, is estimated on the way, and has spent as many samples as it says.
func TestStudies(t *testing.T) {
	if at := halves(50000); !slices.Equal(at, []int{10000, 31623, 50000}) {
		t.Errorf("50000 samples are looked at after %v", at)
	}
	e := reproduce.Experiment{Name: "toy", Run: func(ctx context.Context, l *reproduce.Lab) error {
		for _, m := range learners {
			s := study{learner: m, rows: 200, rate: 0.1, samples: 12000, looked: 10, draws: 10}
			c, err := s.cell(ctx, l, 1)
			if err != nil {
				return err
			}
			if len(c) != 2 || c[1].Samples != 12000 || c[1].Test < -500 || c[1].Test > -50 || c[1].Seconds <= c[0].Seconds {
				t.Errorf("%s: %+v", m.title, c)
			}
		}
		return nil
	}}
	if _, err := reproduce.Run(t.Context(), e, reproduce.Options{Out: t.TempDir()}); err != nil {
		t.Fatal(err)
	}
}

func TestFirstWeightsAreThePapers(t *testing.T) {
	e := reproduce.Experiment{Name: "toy", Run: func(_ context.Context, l *reproduce.Lab) error {
		v, err := mnist.model(l, []int{28, 28}, 20, 1, 1)
		if err != nil {
			return err
		}
		defer v.Close()
		obj, err := v.Objective()
		if err != nil {
			return err
		}
		for _, p := range obj.Params {
			sum := 0.0
			for _, w := range tensor.Data[float32](p.Data) {
				sum += float64(w) * float64(w)
			}
			variance := sum / float64(p.Data.Len())
			if bias := len(p.Data.Shape()) == 1; bias && variance != 0 || !bias && (variance < 0.0095 || variance > 0.0105) {
				t.Errorf("%s starts with a mean square of %v", p.Name, variance)
			}
		}
		return nil
	}}
	if _, err := reproduce.Run(t.Context(), e, reproduce.Options{Out: t.TempDir()}); err != nil {
		t.Fatal(err)
	}
}

// What wake-sleep starts from, a bound of -1e11, does not hide the curves beside it.
func TestPanelShowsTheBound(t *testing.T) {
	c := curve{[]point{{Samples: 1e4, Train: -300, Test: -200}, {Samples: 1e5, Train: -160, Test: -150}}}
	p := (&result{dataset: mnist, latent: 3, adagrad: c, adam: c, wakeSleep: curve{[]point{{Samples: 1e4, Train: -1e11, Test: -1e6}, {Samples: 1e5, Train: -170, Test: -168}}}}).panel()
	if p.YMin < -250 || p.YMin > -200 || p.YMax < -150 || p.YMax > -100 || len(p.Curves) != 6 {
		t.Errorf("%d curves between %v and %v", len(p.Curves), p.YMin, p.YMax)
	}
}
