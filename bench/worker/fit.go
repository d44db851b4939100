package worker

import (
	"context"
	"fmt"

	"github.com/elbo-ml/elbo/bench/model"
	"github.com/elbo-ml/elbo/bench/side"
	"github.com/elbo-ml/elbo/runtime/engines"
	"github.com/elbo-ml/elbo/train"
)

// fit is train.Fit itself: reading the minibatch, drawing the noise, loss and gradients on the engine, the check for
// NaN, Adam. Fit reports its loss after each step, and is held there until the next is wanted.
type fit struct {
	checked int
	begun   bool
	losses  chan float64
	next    chan struct{}
	failed  chan error
	cancel  context.CancelFunc
}

// newFit takes MODEL ENGINE THREADS STEPS; Check makes so many steps.
func newFit(args []string) (side.Task, error) {
	var name, engine string
	var threads, checked int
	if err := scan(args, &name, &engine, &threads, &checked); err != nil {
		return nil, err
	}
	m, err := model.New(name)
	if err != nil {
		return nil, err
	}
	e, err := engines.Open(engine, engines.Options{})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	f := &fit{checked: checked, losses: make(chan float64), next: make(chan struct{}), failed: make(chan error, 1), cancel: cancel}
	o := Options(m)
	o.Engine, o.Threads, o.LogEvery = e, threads, 1
	o.Progress = func(p train.Progress) {
		f.losses <- p.Loss
		select {
		case <-f.next:
		case <-ctx.Done():
		}
	}
	go func() {
		_, err := train.Fit(ctx, m, m.Data, o)
		f.failed <- fmt.Errorf("fit ended: %w", err)
	}()
	return f, nil
}

// Options are those of the training: Adam without end.
func Options(m *model.Trained) train.Options {
	return train.Options{Optimizer: train.Adam{LearningRate: 1e-3}, Epochs: 1 << 20, Batch: m.Batch}
}

// step makes a step and gives its loss.
func (f *fit) step() (float64, error) {
	if f.begun {
		f.next <- struct{}{}
	}
	f.begun = true
	select {
	case loss := <-f.losses:
		return loss, nil
	case err := <-f.failed:
		return 0, err
	}
}

// Check is the loss of the first steps.
func (f *fit) Check() ([]float32, error) {
	var losses []float32
	for range f.checked {
		loss, err := f.step()
		if err != nil {
			return nil, err
		}
		losses = append(losses, float32(loss))
	}
	return losses, nil
}

func (f *fit) Run() error {
	_, err := f.step()
	return err
}

func (f *fit) Close() {
	f.cancel()
	<-f.failed
}
