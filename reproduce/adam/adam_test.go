package adam

import (
	"context"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/elbo-ml/elbo/reproduce"
	"github.com/elbo-ml/elbo/train"
)

// A corpus is a function of its seed; its words follow Zipf's law; and good reviews differ from bad ones.
func TestCorpus(t *testing.T) {
	c := newCorpus(400, 1)
	rows := make([]int, 400)
	for i := range rows {
		rows[i] = i
	}
	all, again := make([]float32, 400*vocabulary), make([]float32, vocabulary)
	if err := c.Read(t.Context(), rows, all); err != nil {
		t.Fatal(err)
	}
	again[7] = 3 // what was there does not matter
	if err := c.Read(t.Context(), []int{17}, again); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(again, all[17*vocabulary:18*vocabulary]) {
		t.Error("a review is not the same twice")
	}
	count := make([]float64, vocabulary)
	words := 0.0
	for i, v := range all {
		count[i%vocabulary] += float64(v)
		words += float64(v)
	}
	if words /= 400; words < 100 || words > 200 {
		t.Errorf("a review has %.0f different words", words)
	}
	if count[0] < 390 || count[1000] > 40 || count[1000] == 0 && count[1001] == 0 && count[1002] == 0 {
		t.Errorf("of 400 reviews %v have the most common word and %v the thousandth", count[0], count[1000])
	}
	// The words know: the review's likelihood under its own class is the larger one, for about nine in ten.
	right := 0
	for _, row := range rows {
		score := 0.0
		for w := range vocabulary {
			if all[row*vocabulary+w] == 1 {
				mass := func(class int) float64 {
					p := c.cumulative[class][w]
					if w > 0 {
						p -= c.cumulative[class][w-1]
					}
					return p
				}
				score += math.Log(mass(1) / mass(0))
			}
		}
		if (score > 0) == (row%2 == 1) {
			right++
		}
	}
	if right < 320 || right > 396 {
		t.Errorf("the words tell %d of 400 reviews apart", right)
	}
}

func TestGridCoversTheFigure(t *testing.T) {
	all := grid(beta1s, beta2s, alphas)
	seen := map[setting]bool{}
	for _, s := range all {
		seen[s] = true
		if err := s.rule().Check(); err != nil {
			t.Error(err)
		}
	}
	if len(all) != 60 || len(seen) != 60 {
		t.Errorf("%d settings, %d of them different, want 2 x 3 x 5 x 2", len(all), len(seen))
	}
	if r := (setting{0, 0.99, -3, false}).rule(); r.Beta1 != train.Zero || !r.NoBiasCorrection || math.Abs(r.LearningRate-1e-3) > 1e-12 {
		t.Errorf("a rule of %v", r)
	}
}

// A training that leaves the numbers is a result, not an error, and its loss is infinite.
func TestDivergenceIsAResult(t *testing.T) {
	w := workloads[0]
	l := &reproduce.Lab{Options: reproduce.Options{Quick: true, Log: io.Discard}}
	g, err := w.net(1)
	if err != nil {
		t.Fatal(err)
	}
	c, err := train.NewClassifier(g)
	if err != nil {
		t.Fatal(err)
	}
	r, err := watched(t.Context(), c, blank{}, 10, l.Watch("x"), train.Options{Batch: 100, Optimizer: train.SGD{LearningRate: 1e38}})
	if err != nil || !r.Diverged || !math.IsInf(r.last(), 1) {
		t.Errorf("%+v, %v", r, err)
	}
}

// A report is made of whatever the runs came to, also where one of them diverged at once.
func TestReports(t *testing.T) {
	e := reproduce.Experiment{Name: "toy", Run: func(_ context.Context, l *reproduce.Lab) error {
		var all []*racer
		for i := range workloads {
			for k, e := range workloads[i].entries {
				x := &racer{entry: e, of: &workloads[i], rate: e.rates[0], length: 1}
				if x.runs = []run{{Points: []point{{0.5, 1}, {1, 0.5 + 0.1*float64(k)}}, Error: 0.02, Seconds: 3}}; i == 1 && k == 1 {
					x.runs[0] = run{Diverged: true}
				}
				all = append(all, x)
			}
		}
		if err := reportRaces(l, all); err != nil {
			return err
		}
		found := map[setting]run{}
		for _, s := range grid(beta1s, beta2s, alphas) {
			loss := 100.0
			if found[s] = (run{Points: []point{{1, loss}}}); !s.corrected && s.beta2 == 0.9999 && s.log10 >= -2 {
				found[s] = run{Diverged: true}
			}
		}
		return reportBias(l, found, beta1s, beta2s, alphas, 1)
	}}
	dir := t.TempDir()
	path, err := reproduce.Run(t.Context(), e, reproduce.Options{Out: dir})
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| diverged | - | - |", "| 0, 0.9999, not corrected | 100.0 | 100.0 | 100.0 | diverged | diverged |", "Adam's loss, 0.5000, is at most a tenth above that of AdaGrad, 0.7000 | yes |", "is higher by 700.0 nats | yes |"} {
		if !strings.Contains(string(b), want) {
			t.Errorf("the report lacks %q:\n%s", want, b)
		}
	}
}

// blank has white pictures of class 0.
type blank struct{}

func (blank) Len() int     { return 1000 }
func (blank) Shape() []int { return []int{794} }
func (blank) Name() string { return "blank" }
func (blank) Close() error { return nil }

func (blank) Read(_ context.Context, _ []int, dst []float32) error {
	for i := range dst {
		dst[i] = 1
		if at := i % 794; at > 784 {
			dst[i] = 0
		}
	}
	return nil
}
