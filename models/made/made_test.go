package made

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train"
	"github.com/elbo-ml/elbo/train/data"
)

// every is all binary rows of n pixels.
func every(n int) *tensor.Tensor {
	x := tensor.New(tensor.Float32, 1<<n, n)
	for i := range x.Len() {
		tensor.Data[float32](x)[i] = float32(i / n >> (i % n) & 1)
	}
	return x
}

func build(t *testing.T) *Model {
	m, err := New(Config{Shape: []int{2, 3}, Hidden: []int{12}, Seed: 3, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// It is a distribution over all pictures, before training and after, and samples have its frequencies.
func TestProbabilitiesSumToOne(t *testing.T) {
	ctx, m := context.Background(), build(t)
	probabilities := func() []float64 {
		logp, err := m.LogProb(ctx, every(6))
		if err != nil {
			t.Fatal(err)
		}
		total := 0.0
		for i := range logp {
			logp[i] = math.Exp(logp[i])
			total += logp[i]
		}
		if math.Abs(total-1) > 1e-5 {
			t.Errorf("the probabilities sum to %v", total)
		}
		return logp
	}
	probabilities()
	src := rows{every(6).Rows(40, 48)} // what is learned: 8 of the 64 pictures
	if _, err := train.Fit(ctx, m, src, train.Options{MaxSteps: 400, Batch: 8, Optimizer: train.Adam{LearningRate: 0.02}, Threads: 1}); err != nil {
		t.Fatal(err)
	}
	p := probabilities()
	learned := 0.0
	for _, q := range p[40:48] {
		learned += q
	}
	if learned < 0.95 {
		t.Errorf("the pictures that it learned have a probability of %v", learned)
	}
	const n = 4000
	x, err := m.Sample(ctx, n, 1)
	if err != nil {
		t.Fatal(err)
	}
	seen := make([]float64, 64)
	for i := range n {
		code := 0
		for j, on := range tensor.Data[float32](x.Rows(i, i+1)) {
			code |= int(on) << j
		}
		seen[code] += 1.0 / n
	}
	for code := range seen {
		if d := math.Abs(seen[code] - p[code]); d > 5*math.Sqrt(p[code]/n)+1e-3 {
			t.Errorf("picture %d is drawn with frequency %v and has probability %v", code, seen[code], p[code])
		}
	}
}

// rows is a source over a tensor.
type rows struct{ x *tensor.Tensor }

var _ data.Source = rows{}

func (r rows) Len() int     { return r.x.Shape()[0] }
func (r rows) Shape() []int { return r.x.Shape()[1:] }
func (r rows) Name() string { return "rows" }
func (r rows) Close() error { return nil }
func (r rows) Read(_ context.Context, index []int, dst []float32) error {
	size := len(dst) / len(index)
	for i, row := range index {
		copy(dst[i*size:(i+1)*size], tensor.Data[float32](r.x.Rows(row, row+1)))
	}
	return nil
}

func TestBadInput(t *testing.T) {
	ctx, m := context.Background(), build(t)
	for name, c := range map[string]error{
		"no rows":   func() error { _, err := m.LogProb(ctx, nil); return err }(),
		"other":     func() error { _, err := m.LogProb(ctx, tensor.New(tensor.Float32, 2, 5)); return err }(),
		"no sample": func() error { _, err := m.Sample(ctx, 0, 1); return err }(),
	} {
		if !errors.Is(c, models.ErrInput) {
			t.Errorf("%s: %v", name, c)
		}
	}
	for _, c := range []Config{{}, {Shape: []int{1}}, {Shape: []int{4}, Hidden: []int{0}}} {
		if _, err := New(c); err == nil {
			t.Errorf("%+v is accepted", c)
		}
	}
}
