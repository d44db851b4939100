package adam

import (
	"context"
	"fmt"
	"math"

	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/reproduce"
	"github.com/elbo-ml/elbo/train"
	"github.com/elbo-ml/elbo/train/data"
)

// The grid of figure 4.
var (
	beta1s = []float64{0, 0.9}
	beta2s = []float64{0.99, 0.999, 0.9999}
	alphas = []float64{-5, -4, -3, -2, -1} // log10
)

// setting is a place in the grid.
type setting struct {
	beta1, beta2, log10 float64
	corrected           bool
}

func (s setting) rule() train.Adam {
	beta1 := s.beta1
	if beta1 == 0 {
		beta1 = train.Zero
	}
	return train.Adam{LearningRate: math.Pow(10, s.log10), Beta1: beta1, Beta2: s.beta2, NoBiasCorrection: !s.corrected}
}

func grid(beta1s, beta2s, alphas []float64) []setting {
	var all []setting
	for _, b1 := range beta1s {
		for _, b2 := range beta2s {
			for _, a := range alphas {
				for _, corrected := range []bool{true, false} {
					all = append(all, setting{b1, b2, a, corrected})
				}
			}
		}
	}
	return all
}

// biasCorrection trains the paper's VAE, 500 softplus units and 50 latents, over the grid with and without the correction.
func biasCorrection(ctx context.Context, l *reproduce.Lab) error {
	b1s, b2s, as := beta1s, beta2s, alphas
	epochs := 0.5
	if l.Quick {
		b1s, b2s, as = []float64{0.9}, []float64{0.99, 0.9999}, []float64{-4, -3, -2}
	} else {
		epochs = length(l, 25, 100)
	}
	all := grid(b1s, b2s, as)
	losses := make([]run, len(all))
	err := l.Each(ctx, len(all), func(ctx context.Context, i, threads int) (err error) {
		s := all[i]
		name := fmt.Sprintf("bias/beta1-%v/beta2-%v/alpha1e%v/corrected-%v-%.3g", s.beta1, s.beta2, s.log10, s.corrected, epochs)
		losses[i], err = reproduce.Cell(ctx, l, name, func(ctx context.Context, _ string) (run, error) {
			return trainVAE(ctx, l, name, s.rule(), epochs, threads)
		})
		return err
	})
	if err != nil {
		return err
	}
	found := map[setting]run{}
	for i, s := range all {
		found[s] = losses[i]
	}
	return reportBias(l, found, b1s, b2s, as, epochs)
}

func trainVAE(ctx context.Context, l *reproduce.Lab, name string, rule train.Adam, epochs float64, threads int) (run, error) {
	src, err := l.Source("mnist", data.Train)
	if err != nil {
		return run{}, err
	}
	v, err := models.New(models.Config{Shape: src.Shape(), Latent: 50, Hidden: []int{500}, Activation: "softplus", Seed: 1},
		models.WithEngine(l.Engine), models.WithThreads(threads))
	if err != nil {
		return run{}, err
	}
	defer v.Close()
	return watched(ctx, v, src, epochs, l.Watch(name), train.Options{Engine: l.Engine, Threads: threads, Optimizer: rule, Batch: 100, Seed: 1, Binarize: data.Dynamic})
}

// instability bounds the losses shown: what is above it is drawn there, and has gone wrong.
const instability = 400

func reportBias(l *reproduce.Lab, found map[setting]run, b1s, b2s, as []float64, epochs float64) error {
	r := l.Report
	r.Heading("Figure 4: with and without the correction of the bias")
	r.Text("The loss of a VAE (500 softplus units, 50 latents, MNIST binarised anew in each epoch, minibatches of 100) after %.3g epochs, by step size. "+
		"Without the correction v is too small by 1-beta2^t at first, so that the first steps are too large by up to 1/sqrt(1-beta2): 10 times at beta2 = 0.99, 100 times at 0.9999. "+
		"The paper has the losses after 10 and after 100 epochs.", epochs)
	var panels [][]reproduce.Panel
	var rows [][]string
	for _, b1 := range b1s {
		var row []reproduce.Panel
		for _, b2 := range b2s {
			p := reproduce.Panel{Title: fmt.Sprintf("beta1 = %v, beta2 = %v", b1, b2), X: "log10 of the step size", Y: "loss, nats", YMin: 80, YMax: instability + 10, LegendLeft: true}
			for k, corrected := range []bool{true, false} {
				c := reproduce.Curve{Name: map[bool]string{true: "corrected", false: "not corrected"}[corrected], Color: k, Marks: true}
				line := []string{fmt.Sprintf("%v, %v, %s", b1, b2, c.Name)}
				for _, a := range as {
					x := found[setting{b1, b2, a, corrected}]
					c.Points = append(c.Points, reproduce.Point{X: a, Y: min(x.last(), instability)})
					text := fmt.Sprintf("%.1f", x.last())
					if x.Diverged {
						text = "diverged"
					}
					line = append(line, text)
				}
				rows = append(rows, line)
				p.Curves = append(p.Curves, c)
			}
			row = append(row, p)
			expectBias(l, found, b1, b2, as)
		}
		panels = append(panels, row)
	}
	columns := []string{"beta1, beta2"}
	for _, a := range as {
		columns = append(columns, fmt.Sprintf("1e%v", a))
	}
	r.Table(columns, rows...)
	return r.Figure("bias", fmt.Sprintf("The loss after %.3g epochs. What is drawn at %d lies above it, or is no number.", epochs, instability), panels...)
}

// expectBias states what the paper finds: at the best step size the correction costs nothing, and the nearer beta2 is to 1,
// the more of the larger step sizes go wrong without it.
func expectBias(l *reproduce.Lab, found map[setting]run, b1, b2 float64, as []float64) {
	best := map[bool]float64{true: math.Inf(1), false: math.Inf(1)}
	worst := math.Inf(-1)
	for _, a := range as {
		with, without := found[setting{b1, b2, a, true}].last(), found[setting{b1, b2, a, false}].last()
		best[true], best[false] = min(best[true], with), min(best[false], without)
		if with < instability {
			worst = max(worst, min(without, 2*instability)-with)
		}
	}
	l.Expect(best[true] <= best[false]+2, "beta1 = %v, beta2 = %v: at the best step size the corrected loss, %.1f, is at most 2 nats above the other, %.1f", b1, b2, best[true], best[false])
	if b2 == 0.9999 {
		l.Expect(worst > 20, "beta1 = %v, beta2 = %v: at some step size that works with the correction, the loss without it is higher by %.1f nats", b1, b2, worst)
	}
}
