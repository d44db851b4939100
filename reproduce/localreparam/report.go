package localreparam

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"time"

	"github.com/elbo-ml/elbo/reproduce"
	"github.com/elbo-ml/elbo/train"
	"github.com/elbo-ml/elbo/train/data"
)

// state is what is found after some epochs: the variances by estimator, in their order.
type state struct {
	Epochs      int
	Variances   []variances
	Local       float64 // seconds that a gradient takes for each datapoint
	Separate    float64 // and with weights drawn for each
	Validation  float64 // error in per cent
	EpochTime   float64 // seconds that an epoch of training took
	Log10Alphas []float64
}

func run(ctx context.Context, l *reproduce.Lab) error {
	all, err := l.Labelled("mnist", data.Train, 10)
	if err != nil {
		return err
	}
	training, valid := reproduce.Split(all, 10000)
	s := full
	if l.Quick {
		s = quick
	}
	first, err := after(ctx, l, s, s.first, training, valid)
	if err != nil {
		return err
	}
	last := s.last
	if !l.Quick && first.EpochTime > 0 { // a third of what is left is for the second round of gradients
		last = min(last, s.first+int(0.66*(l.Budget-l.Took(isFirst(s))).Seconds()/first.EpochTime))
	}
	second, err := after(ctx, l, s, max(last, s.first+1), training, valid)
	if err != nil {
		return err
	}
	return report(l, s, []state{first, second}, training.Len())
}

// isFirst tells the cell of the first look from others, so that what is left for the second does not depend on how far it is.
func isFirst(s scale) func(string) bool {
	return func(name string) bool { return name == cellName(s.first) }
}

func cellName(epochs int) string { return fmt.Sprintf("after-%d", epochs) }

// after trains up to so many epochs, going on from the round before, and looks at the gradients.
func after(ctx context.Context, l *reproduce.Lab, s scale, epochs int, training, valid data.Source) (state, error) {
	return reproduce.Cell(ctx, l, cellName(epochs), func(ctx context.Context, _ string) (state, error) {
		c, m, err := model(s, training.Len())
		if err != nil {
			return state{}, err
		}
		start := time.Now()
		report, err := train.Fit(ctx, m, training, train.Options{
			Engine: l.Engine, Threads: l.Threads, Optimizer: train.Adam{LearningRate: learningRate}, Epochs: epochs, Batch: batch, Seed: 1,
			Checkpoint: filepath.Join(l.Out, "training"), Resume: true, Progress: l.Watch(cellName(epochs)),
		})
		if err != nil {
			return state{}, err
		}
		r := state{Epochs: epochs}
		if made := report.Steps - report.Resumed; made > 0 {
			r.EpochTime = time.Since(start).Seconds() / float64(made) * float64(training.Len()/batch)
		}
		if r.Validation, err = c.ErrorRate(ctx, l.Engine, l.Threads, valid); err != nil {
			return r, err
		}
		r.Validation *= 100
		for _, layer := range m.Layers() {
			r.Log10Alphas = append(r.Log10Alphas, layer.LogAlpha()[0]/math.Ln10)
		}
		if r.Local, err = seconds(ctx, l, s, estimators[0], batch, c, m, training); err != nil {
			return r, err
		}
		if r.Separate, err = seconds(ctx, l, s, estimators[1], few, c, m, training); err != nil {
			return r, err
		}
		p, err := newProposal(ctx, l, c, m, training)
		if err != nil {
			return r, err
		}
		r.Variances, err = measure(ctx, l, s, c, m, training, p)
		return r, err
	})
}

func report(l *reproduce.Lab, s scale, states []state, images int) error {
	l.Report.Text("A network of %v units with relu, under variational dropout of type B (independent noise on each weight, one alpha for each layer), trained on the first %d images of MNIST by Adam with a learning rate of %v on minibatches of %d. The variance is that of the gradient of the bound (a sum over the training set) by a weight, over random minibatches of %d and their noise, and the mean over the weights of the layer. A minibatch of independent gradients has the variance of a single datapoint's, by %[5]d. Few datapoints, those that the network is wrong about, have nearly all of it, so %[6]d are drawn by 1 - p(label | x) under the noise (and a tenth by chance), the same for all, and weighed by what that favours. One weight sample adds the covariance that it gives to the gradients of different datapoints, here by %[7]d pairs of minibatches drawn that way under the same weights; over minibatches drawn evenly its variance is the same (by the law of total covariance), but takes many times as many to be seen.",
		s.sizes, images, learningRate, batch, batch, s.datapoints, s.pairs)
	columns := []string{"estimator"}
	for _, layer := range []string{"top", "bottom"} {
		for i, st := range states {
			columns = append(columns, fmt.Sprintf("%s, %d epochs", layer, st.Epochs), fmt.Sprintf("paper, %d", []int{10, 100}[i]))
		}
	}
	var rows [][]string
	for i, e := range estimators {
		row := []string{e.name}
		for layer := range 2 {
			for k, st := range states {
				row = append(row, fmt.Sprintf("%.1e", cell(st.Variances[i], layer)), fmt.Sprintf("%.1e", e.paper[2*layer+k]))
			}
		}
		rows = append(rows, row)
	}
	l.Report.Heading("Table 1: the variance of the gradient")
	l.Report.Table(columns, rows...)
	for _, st := range states {
		for layer, name := range []string{"top", "bottom"} {
			at := func(i int) float64 { return cell(st.Variances[i], layer) }
			l.Expect(at(3) < at(0) && at(0) < at(1) && at(1) < at(2), "after %d epochs, %s layer: no noise %.1e < local %.1e < separate %.1e < one sample %.1e",
				st.Epochs, name, at(3), at(0), at(1), at(2))
			if !l.Quick {
				l.Expect(at(2)/at(0) >= 3, "after %d epochs, %s layer: local is %.1f times lower than one weight sample, 3 at least", st.Epochs, name, at(2)/at(0))
			}
		}
		l.Note("After %d epochs the validation error was %.2f %%, and log10 alpha by layer %.2f.", st.Epochs, st.Validation, st.Log10Alphas)
	}
	l.Report.Heading("What an epoch costs")
	local, separate := states[0].Local, states[0].Separate
	ratio := separate / local
	l.Report.Table([]string{"estimator", "seconds for the gradients of an epoch", "paper, seconds of an epoch"},
		[]string{"local reparameterisation", fmt.Sprintf("%.1f", local*float64(images)), "7.4"},
		[]string{"separate weight samples", fmt.Sprintf("%.0f", separate*float64(images)), "1635"},
		[]string{"ratio", fmt.Sprintf("%.0f", ratio), "221"})
	l.Report.Text("Gradients of top and bottom layer with the noise they take, by the median of %d minibatches of %d and of %d; an epoch is %d datapoints.", s.timed, batch, few, images)
	most := 100.0
	if l.Quick {
		most = 5 // of smaller layers
	}
	l.Expect(ratio > most, "an epoch with separate weight samples takes %.0f times as long as one with local reparameterisation, more than %.0f", ratio, most)
	return nil
}

func cell(v variances, layer int) float64 { return []float64{v.Top, v.Bottom}[layer] }
