package aevb

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"time"

	"gonum.org/v1/gonum/stat"

	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/models/mcmc"
	"github.com/elbo-ml/elbo/reproduce"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train"
	"github.com/elbo-ml/elbo/train/data"
)

// small is the model of figure 3: so few latent units that the estimator of appendix D holds.
var small = dataset{name: "mnist", title: "MNIST", hidden: 100, likelihood: models.Bernoulli}

const smallLatent = 3

// learner is a way to train a VAE. fit calls o.Progress with the number of minibatches whose gradient has been computed.
type learner struct {
	name, title string
	fit         func(ctx context.Context, v *models.VAE, src data.Source, o train.Options) error
}

var learners = []learner{
	{"aevb", "AEVB", func(ctx context.Context, v *models.VAE, src data.Source, o train.Options) error {
		_, err := train.Fit(ctx, v, src, o)
		return err
	}},
	{"wake-sleep", "wake-sleep", func(ctx context.Context, v *models.VAE, src data.Source, o train.Options) error {
		_, err := train.Fit(ctx, models.WakeSleep(v), src, o)
		return err
	}},
	{"mcem", "Monte Carlo EM", func(ctx context.Context, v *models.VAE, src data.Source, o train.Options) error {
		const each = 15 // gradients of a step: 10 leapfrog steps, 5 updates
		return mcmc.MonteCarloEM(ctx, v, src, mcmc.EMOptions{Options: mcmc.Options{Seed: o.Seed}, Steps: max(o.MaxSteps/each, 1), Batch: o.Batch, Optimizer: o.Optimizer,
			Run: runtime.Options{Threads: o.Threads}, Progress: func(p mcmc.EMProgress) {
				if o.Progress != nil {
					o.Progress(train.Progress{Step: p.Step * each, Steps: p.Steps * each})
				}
			}})
	}},
}

// estimate is a place on a curve of figure 3: mean log p(x) in nats, over some rows of the training and of the test set.
type estimate struct {
	Samples int     `json:"samples"`
	Train   float64 `json:"train"`
	Test    float64 `json:"test"`
	Seconds float64 `json:"seconds"` // of training
}

// study is a training of figure 3.
type study struct {
	learner
	rows    int // of the training set
	rate    float64
	samples int
	looked  int // rows whose log p(x) is estimated, of each set
	draws   int // of the estimator
}

func (s study) cell(ctx context.Context, l *reproduce.Lab, threads int) ([]estimate, error) {
	name := fmt.Sprintf("marginal/n%d/%s-%v-%s", s.rows, s.name, s.rate, amount(s.samples))
	return reproduce.Cell(ctx, l, name, func(ctx context.Context, folder string) ([]estimate, error) {
		return s.run(ctx, l, name, folder, threads)
	})
}

func (s study) run(ctx context.Context, l *reproduce.Lab, name, folder string, threads int) ([]estimate, error) {
	src, test, err := small.open(l)
	if err != nil {
		return nil, err
	}
	src = data.Slice(src, 0, s.rows)
	v, err := small.model(l, src.Shape(), smallLatent, threads, 1)
	if err != nil {
		return nil, err
	}
	defer v.Close()
	target, err := mcmc.NewTarget(v, runtime.Options{Threads: threads})
	if err != nil {
		return nil, err
	}
	defer target.Close()
	trace, err := reproduce.OpenTrace[estimate](folder, "curve")
	if err != nil {
		return nil, err
	}
	at, watch := halves(s.samples), l.Watch(name)
	began, spent := time.Now(), 0.0
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var failed error
	err = s.fit(ctx, v, src, train.Options{
		Engine: l.Engine, Threads: threads, Optimizer: train.AdaGrad{LearningRate: s.rate}, MaxSteps: s.samples / batch, Batch: batch, Seed: 1,
		Checkpoint: filepath.Join(folder, "checkpoints"), CheckpointInterval: time.Minute, Resume: true, LogEvery: stride / 2,
		Progress: func(p train.Progress) {
			if p.Epochs > 0 { // Monte Carlo EM has no bound to tell of
				watch(p)
			}
			if len(at) == 0 || p.Step*batch < at[0] && p.Step < p.Steps || failed != nil {
				return
			}
			for len(at) > 0 && at[0] <= p.Step*batch {
				at = at[1:]
			}
			for _, e := range trace.Values() { // of before a kill
				if e.Samples < p.Step*batch {
					spent = max(spent, e.Seconds)
				}
			}
			spent += time.Since(began).Seconds()
			e := estimate{Samples: p.Step * batch, Seconds: spent}
			if e.Train, failed = s.logLikelihood(ctx, target, src); failed == nil {
				e.Test, failed = s.logLikelihood(ctx, target, test)
			}
			if failed == nil {
				failed = trace.Add(p.Step, e)
			}
			if failed != nil {
				cancel()
			}
			began = time.Now()
		},
	})
	if failed != nil {
		return nil, failed
	}
	return trace.Values(), err
}

// halves are two numbers of samples in each decade from 1e4 on, up to the last.
func halves(samples int) []int {
	var at []int
	for k := 0; ; k++ {
		n := int(math.Round(math.Pow(10, 4+float64(k)/2)))
		if n >= samples {
			return append(at, samples)
		}
		at = append(at, n)
	}
}

// logLikelihood is the mean of log p(x) over the first rows, by the paper's estimator.
func (s study) logLikelihood(ctx context.Context, t *mcmc.Target, src data.Source) (float64, error) {
	rows := make([]int, min(s.looked, src.Len()))
	for i := range rows {
		rows[i] = i
	}
	x := tensor.New(tensor.Float32, append([]int{len(rows)}, src.Shape()...)...)
	if err := src.Read(ctx, rows, tensor.Data[float32](x)); err != nil {
		return 0, err
	}
	p, err := mcmc.Marginal(ctx, t, x, mcmc.MarginalOptions{Draws: s.draws, BurnIn: s.draws})
	return stat.Mean(p, nil), err
}

// studied is a learner's curve with the step that served it best.
type studied struct {
	study
	curve []estimate
}

// figure3 trains a small model by each learner, on few rows and on many, and estimates log p(x) on the way. Monte Carlo EM
// is left out where there are many rows, as in the paper: it has no use for them before it has seen each a few times.
func figure3(ctx context.Context, l *reproduce.Lab) error {
	samples, first := lengths(l)
	kind := study{samples: samples, looked: 250, draws: 100}
	sets, steps := []int{1000, 50000}, rates
	if l.Quick {
		kind.samples, kind.looked, kind.draws = 5e4, 100, 50
		sets, steps = sets[:1], []float64{0.1}
	}
	var all []*studied
	for _, rows := range sets {
		for _, m := range learners {
			if m.name == "mcem" && rows > 1000 {
				continue
			}
			s := kind
			s.learner, s.rows = m, rows
			all = append(all, &studied{study: s})
		}
	}
	err := l.Each(ctx, len(all), func(ctx context.Context, i, threads int) (err error) {
		s := all[i]
		s.rate = steps[0]
		best := math.Inf(-1)
		for _, rate := range steps {
			if len(steps) == 1 {
				break
			}
			short := s.study
			short.rate, short.samples = rate, first
			c, err := short.cell(ctx, l, threads)
			if err != nil {
				return err
			}
			if end := c[len(c)-1].Train; end > best {
				s.rate, best = rate, end
			}
		}
		s.curve, err = s.cell(ctx, l, threads)
		return err
	})
	if err != nil {
		return err
	}
	return reportFigure3(l, all, kind, sets, steps)
}

func reportFigure3(l *reproduce.Lab, all []*studied, kind study, sets []int, steps []float64) error {
	r := l.Report
	r.Heading("Figure 3: the marginal likelihood under AEVB and its rivals")
	r.Text("%d hidden units, %d latents, grey MNIST, Adagrad with the step out of %v that raised log p(x) of training rows most in the first samples. "+
		"log p(x) is the mean over the first %d rows of the training and of the test set, by the estimator of appendix D: %d samples of the posterior by Hamiltonian Monte Carlo, a normal density fitted to as many. "+
		"A sample is a datapoint whose gradient was computed: Monte Carlo EM takes 10 for the leapfrog steps and 5 for the updates of each.", small.hidden, smallLatent, steps, kind.looked, kind.draws)
	var panels []reproduce.Panel
	var rows [][]string
	ends := map[string]estimate{}
	for _, n := range sets {
		p := reproduce.Panel{Title: fmt.Sprintf("N = %d", n), X: "training samples evaluated", Y: "log p(x), nats", LogX: true, LegendLow: true, Room: true}
		for _, s := range all {
			if s.rows != n {
				continue
			}
			end := s.curve[len(s.curve)-1]
			ends[fmt.Sprint(n, s.name)] = end
			rows = append(rows, []string{fmt.Sprintf("N = %d, %s", n, s.title), fmt.Sprint(s.rate), amount(end.Samples), fmt.Sprintf("%.1f", end.Train), fmt.Sprintf("%.1f", end.Test), fmt.Sprintf("%.1f", end.Seconds)})
			color := slices.IndexFunc(learners, func(m learner) bool { return m.name == s.name })
			trained, tested := reproduce.Curve{Name: s.title + ", train", Color: color, Dashed: true}, reproduce.Curve{Name: s.title + ", test", Color: color}
			for _, e := range s.curve {
				trained.Points = append(trained.Points, reproduce.Point{X: float64(e.Samples), Y: e.Train})
				tested.Points = append(tested.Points, reproduce.Point{X: float64(e.Samples), Y: e.Test})
			}
			p.Curves = append(p.Curves, trained, tested)
		}
		panels = append(panels, p)
	}
	r.Table([]string{"trained by", "step", "samples", "log p(x), train", "log p(x), test", "seconds of training"}, rows...)
	for _, n := range sets {
		for _, m := range learners[1:] {
			if rival, ok := ends[fmt.Sprint(n, m.name)]; ok {
				ours := ends[fmt.Sprint(n, "aevb")]
				l.Expect(ours.Test > rival.Test-1, "N = %d: AEVB's log p(x) on the test set, %.1f, is as good as that of %s, %.1f", n, ours.Test, m.title, rival.Test)
			}
		}
	}
	return r.Figure("figure3", "log p(x) as training goes on, by AEVB, wake-sleep and Monte Carlo EM.", panels)
}
