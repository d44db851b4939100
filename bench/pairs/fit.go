package pairs

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"

	"github.com/elbo-ml/elbo/bench/model"
	"github.com/elbo-ml/elbo/bench/report"
	"github.com/elbo-ml/elbo/bench/side"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train/data"
)

// checkedSteps is how many training steps the sides make on the same numbers before they are timed: a wrong gradient or
// update shows in the loss of the next step.
const checkedSteps = 3

// fitTolerance bounds the relative difference of these losses.
const fitTolerance = 1e-4

// fitSides are train.Fit on the native engine, on 1 thread and 2.
func fitSides(name, engine string, task string) []side.Side {
	var sides []side.Side
	for _, threads := range []int{1, 2} {
		sides = append(sides, elbo(name, threads, "fit", task, engine, strconv.Itoa(threads), strconv.Itoa(checkedSteps)))
	}
	return sides
}

// writeFit writes to a folder what train.Fit starts from and is fed with: the weights w0, w1, ... in the order of the
// objective's parameters, the minibatches x, and the noise noise0, noise1, ...
func writeFit(name, dir string) (task []string, err error) {
	m, err := model.New(name)
	if err != nil {
		return nil, err
	}
	obj, err := m.Objective()
	if err != nil {
		return nil, err
	}
	for i, p := range obj.Params {
		if err := side.WriteArray(filepath.Join(dir, "w"+strconv.Itoa(i)), tensor.Data[float32](p.Data)); err != nil {
			return nil, err
		}
	}
	for i, v := range obj.Noise {
		size, known := v.Shape[1:].Size().Known()
		if !known {
			return nil, fmt.Errorf("noise %v has no known size", v)
		}
		all := make([]float32, checkedSteps*m.Batch*size)
		for row := range checkedSteps * m.Batch {
			runtime.Noise{Stream: uint64(i) + 1}.Normal(uint64(row), all[row*size:(row+1)*size])
		}
		if err := side.WriteArray(filepath.Join(dir, "noise"+strconv.Itoa(i)), all); err != nil {
			return nil, err
		}
	}
	x, err := batches(m)
	if err != nil {
		return nil, err
	}
	return []string{name, dir, strconv.Itoa(m.Batch), strconv.Itoa(checkedSteps)}, side.WriteArray(filepath.Join(dir, "x"), x)
}

// batches are the minibatches that train.Fit reads in its first steps, one after the other.
func batches(m *model.Trained) ([]float32, error) {
	ctx := context.Background()
	l, err := data.NewLoader(ctx, m.Data, data.LoaderOptions{Batch: m.Batch})
	if err != nil {
		return nil, err
	}
	defer l.Close()
	var all []float32
	for range checkedSteps {
		batch, err := l.Next(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, tensor.Data[float32](batch.X)...)
	}
	return all, nil
}

// fit races a model's training step against the other sides, made from the task that they share.
func (b *Bench) fit(name, title string, batch int, others func(task []string) []side.Side) (report.Race, error) {
	dir, err := b.folder(name)
	if err != nil {
		return report.Race{}, err
	}
	task, err := writeFit(name, dir)
	if err != nil {
		return report.Race{}, err
	}
	sides := append(fitSides("elbo", "native", name), others(task)...)
	return b.race(title, float64(batch), "images", sides, fitTolerance)
}
