package ssl

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/elbo-ml/elbo/train"
	"github.com/elbo-ml/elbo/train/data"
)

// Options say how Fit trains. The zero value of every field of its own has the author's default.
type Options struct {
	// Options are those of train.Fit. Batch and epochs count unlabelled rows, or labelled ones where all rows have labels.
	train.Options
	// LabelledBatch is the number of labelled rows of a step besides; 0 takes their share of the data, 1 at least.
	LabelledBatch int
	// Alpha weighs the classifier's loss on labelled rows: alpha times the number of datapoints, all rows, times its mean. 0 is
	// 0.1, train.Zero is none.
	Alpha float64
	// WeightDeviation is the standard deviation of the normal prior on all weights; 0 is 1, train.Zero is no prior.
	WeightDeviation float64
}

// Fit trains m on rows of data, some of which have a label: a class, or data.Unlabelled. Every class must have an example.
// For an M1+M2 the rows are what its M1 takes; for an M2 of features they are features, or as many means and after them
// log-variances of features, which are then drawn anew in each minibatch. Besides what train.Fit reports there are the
// terms labelled_bound, unlabelled_bound, class_entropy, classifier_loss and weight_prior.
func Fit(ctx context.Context, m *M2, rows data.Source, labels []int, o Options) (*train.Report, error) {
	t, err := m.training(ctx, rows, labels, &o)
	if err != nil {
		return nil, err
	}
	x := t.unlabelled
	if x == nil {
		x = t.labelled
	}
	return train.Fit(ctx, t, x, o.Options)
}

// training splits the data and fills in the options' defaults.
func (m *M2) training(ctx context.Context, rows data.Source, labels []int, o *Options) (*training, error) {
	if err := data.CheckLabels(rows, labels, m.classes); err != nil {
		return nil, fmt.Errorf("ssl: fit: %w", err)
	}
	t := &training{M2: m, alpha: o.Alpha, deviation: o.WeightDeviation}
	for _, v := range []struct {
		name  string
		to    *float64
		unset float64
	}{{"alpha", &t.alpha, 0.1}, {"deviation of the weights' prior", &t.deviation, 1}} {
		switch *v.to {
		case 0:
			*v.to = v.unset
		case train.Zero:
			*v.to = 0
		}
		if !(*v.to >= 0) || math.IsInf(*v.to, 0) {
			return nil, fmt.Errorf("ssl: fit: the %s is %v, want a positive number: %w", v.name, *v.to, train.ErrOptions)
		}
	}
	if m.Stacked() {
		if o.Binarize != data.None {
			return nil, fmt.Errorf("ssl: fit: an M1+M2 learns from the features of its M1, which are not binarised: %w", train.ErrOptions)
		}
		var err error
		if rows, err = m.Features(ctx, rows); err != nil {
			return nil, err
		}
	}
	switch n := rowSize(rows); {
	case n == 2*m.size && m.features():
		t.sampled = true
	case n != m.size:
		return nil, fmt.Errorf("ssl: fit: rows of %s hold %d numbers, the model takes %d", rows.Name(), n, m.size)
	}
	return t, t.split(rows, labels, o)
}

// split makes the two streams of rows and their batches.
func (t *training) split(rows data.Source, labels []int, o *Options) error {
	with, without := data.LabelledRows(labels)
	of := make([]int, len(with))
	for i, row := range with {
		of[i] = labels[row]
	}
	some, err := data.Pick(rows, with)
	if err != nil {
		return fmt.Errorf("ssl: fit: %w", err)
	}
	if t.labelled, err = data.WithLabels(some, of, t.classes); err != nil {
		return fmt.Errorf("ssl: fit: %w", err)
	}
	if len(without) == 0 {
		if o.LabelledBatch != 0 {
			return errors.New("ssl: fit: all rows have labels, so that there is one batch: leave the labelled batch at 0")
		}
		return nil
	}
	if t.unlabelled, err = data.Pick(rows, without); err != nil {
		return fmt.Errorf("ssl: fit: %w", err)
	}
	if o.Batch == 0 {
		o.Batch = min(100, len(without))
	}
	if t.batch = o.LabelledBatch; t.batch == 0 {
		t.batch = max(1, int(math.Round(float64(o.Batch)*float64(len(with))/float64(len(without)))))
		t.batch = min(t.batch, len(with))
	}
	return nil
}
