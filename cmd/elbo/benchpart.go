package main

import (
	"context"
	"math"
	"slices"

	"github.com/elbo-ml/elbo/cmd/elbo/latency"
	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/profile"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train"
)

// benchPart is something that a model does.
type benchPart struct {
	name string
	open func(bundle string, e runtime.Engine, threads int) (benchRunner, error)
}

// benchRunner does it on one engine and so many threads.
type benchRunner interface {
	// side is one run on so many rows.
	side(ctx context.Context, batch int) (latency.Side, error)
	close()
}

func partsOf(step bool) []benchPart {
	parts := []benchPart{{"encode", openProgram("encode")}, {"decode", openProgram("decode")}}
	if step {
		parts = append(parts, benchPart{"training step", openTrainees})
	}
	return parts
}

// programRunner runs a program of the model, on tensors that stay the same.
type programRunner struct{ runtime.Program }

func openProgram(part string) func(bundle string, e runtime.Engine, threads int) (benchRunner, error) {
	return func(bundle string, e runtime.Engine, threads int) (benchRunner, error) {
		v, err := models.Open(bundle)
		if err != nil {
			return nil, err
		}
		defer v.Close()
		graphs, err := v.Graphs()
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(graphs, func(g models.Graph) bool { return g.Part == part })
		p, err := e.Compile(graphs[i].Graph, runtime.Options{Threads: threads})
		return programRunner{p}, err
	}
}

func (r programRunner) close() { r.Close() }

// side feeds uniform numbers where the model takes data, and normal ones where it takes latents.
func (r programRunner) side(ctx context.Context, batch int) (latency.Side, error) {
	in := make([]*tensor.Tensor, len(r.Inputs()))
	for i, port := range r.Inputs() {
		row, _ := port.Shape[1:].Known()
		in[i] = tensor.New(port.DType, append([]int{batch}, row...)...)
		noise := runtime.Noise{Seed: 1, Stream: uint64(i)}
		if port.Name == "z" {
			noise.Normal(0, tensor.Data[float32](in[i]))
		} else {
			noise.Uniform(0, tensor.Data[float32](in[i]))
		}
	}
	out := make([]*tensor.Tensor, len(r.Outputs()))
	if err := r.Run(ctx, in, out); err != nil { // makes the outputs
		return nil, err
	}
	return func(ctx context.Context) error { return r.Run(ctx, in, out) }, nil
}

// trainees are trainings of models of their own, each of which stops after every step until it is its turn again.
type trainees struct {
	bundle  string
	engine  runtime.Engine
	threads int
	stop    []func()
}

func openTrainees(bundle string, e runtime.Engine, threads int) (benchRunner, error) {
	return &trainees{bundle: bundle, engine: e, threads: threads}, nil
}

func (t *trainees) side(ctx context.Context, batch int) (latency.Side, error) {
	v, err := models.Open(t.bundle)
	if err != nil {
		return nil, err
	}
	// Trainings that take turns in the middle of a step are no spans within spans.
	ctx, cancel := context.WithCancel(profile.With(ctx, nil))
	turn, made, ended := make(chan struct{}), make(chan error), make(chan struct{})
	go func() {
		defer close(ended)
		defer v.Close()
		_, err := train.Fit(ctx, v, newNoisePictures(v.Manifest().Shape, batch), train.Options{
			Engine: t.engine, Threads: t.threads, Batch: batch, MaxSteps: math.MaxInt32, LogEvery: 1,
			Progress: func(train.Progress) {
				select {
				case made <- nil:
				case <-ctx.Done():
				}
				select {
				case <-turn:
				case <-ctx.Done():
				}
			},
		})
		select {
		case made <- err:
		case <-ctx.Done():
		}
	}()
	t.stop = append(t.stop, func() {
		cancel()
		<-ended
	})
	wait := func() error {
		select {
		case err := <-made:
			return err
		case <-ended:
			return ctx.Err()
		}
	}
	if err := wait(); err != nil { // the first step
		return nil, err
	}
	return func(context.Context) error {
		select {
		case turn <- struct{}{}:
			return wait()
		case <-ended:
			return ctx.Err()
		}
	}, nil
}

func (t *trainees) close() {
	for _, stop := range t.stop {
		stop()
	}
}

// noisePictures are rows of uniform random numbers, a few of them over and over.
type noisePictures struct {
	shape []int
	rows  int
	kept  []float32
}

const keptRows = 64

func newNoisePictures(shape []int, batch int) *noisePictures {
	p := &noisePictures{shape: shape, rows: 16 * batch, kept: make([]float32, keptRows*tensor.Shape(shape).Size())}
	runtime.Noise{Seed: 1}.Uniform(0, p.kept)
	return p
}

func (p *noisePictures) Len() int     { return p.rows }
func (p *noisePictures) Shape() []int { return p.shape }
func (p *noisePictures) Name() string { return "uniform noise" }
func (p *noisePictures) Close() error { return nil }

func (p *noisePictures) Read(_ context.Context, rows []int, dst []float32) error {
	size := tensor.Shape(p.shape).Size()
	for i, row := range rows {
		from := row % keptRows * size
		copy(dst[i*size:(i+1)*size], p.kept[from:from+size])
	}
	return nil
}
