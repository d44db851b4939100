package train

import (
	"bytes"
	"context"
	"errors"
	"math"
	"path/filepath"
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime/native"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train/data"
)

// normed is toy with BatchNormalization over x, whose statistics move.
type normed struct {
	*toy
	mean, variance *tensor.Tensor
}

func newNormed() *normed {
	n := &normed{toy: newToy(1), mean: tensor.New(tensor.Float32, 16), variance: tensor.New(tensor.Float32, 16)}
	for i := range 16 {
		tensor.Data[float32](n.variance)[i] = 1
	}
	return n
}

func (n *normed) Objective() (*Objective, error) {
	o, err := n.toy.Objective()
	if err != nil {
		return nil, err
	}
	g := o.Graph
	ones, zeros := tensor.New(tensor.Float32, 16), tensor.New(tensor.Float32, 16)
	for i := range 16 {
		tensor.Data[float32](ones)[i] = 1
	}
	mean, variance := g.Weight("bn.running_mean", n.mean), g.Weight("bn.running_var", n.variance)
	nodes := g.Nodes
	g.Nodes = nil
	y := g.Node("BatchNormalization", graph.Attrs{"momentum": float32(0.75)}, o.X, g.Const(ones), g.Const(zeros), mean, variance)
	for _, m := range nodes {
		if m.Op == "Gemm" && m.Inputs[0] == o.X {
			m.Inputs[0] = y
		}
	}
	g.Nodes = append(g.Nodes, nodes...)
	o.Running = graph.TrainingMode(g)
	return o, g.Err()
}

// moments of all rows of the stripes, which one minibatch holds.
func momentsOf(t *testing.T, src data.Source) (mean, variance []float64) {
	t.Helper()
	rows := make([]int, src.Len())
	for i := range rows {
		rows[i] = i
	}
	x := make([]float32, 16*len(rows))
	if err := src.Read(context.Background(), rows, x); err != nil {
		t.Fatal(err)
	}
	mean, variance = make([]float64, 16), make([]float64, 16)
	for i, v := range x {
		mean[i%16] += float64(v) / float64(len(rows))
	}
	for i, v := range x {
		variance[i%16] += (float64(v) - mean[i%16]) * (float64(v) - mean[i%16]) / float64(len(rows))
	}
	return mean, variance
}

// After two steps over all the data the statistics are 0.75 (0.75 s + 0.25 b) + 0.25 b, with s what they began with and b
// those of the data.
func TestRunningStatisticsMove(t *testing.T) {
	src := stripes{40}
	mean, variance := momentsOf(t, src)
	n := newNormed()
	if _, err := Fit(context.Background(), n, src, Options{MaxSteps: 2, Batch: 40, Seed: 1}); err != nil {
		t.Fatal(err)
	}
	for i := range 16 {
		m, v := tensor.Data[float32](n.mean)[i], tensor.Data[float32](n.variance)[i]
		if wm, wv := 0.4375*mean[i], 0.5625+0.4375*variance[i]; math.Abs(float64(m)-wm) > 1e-6 || math.Abs(float64(v)-wv) > 1e-6 {
			t.Fatalf("unit %d has mean %v and variance %v, want %v and %v", i, m, v, wm, wv)
		}
	}
}

// A frozen layer goes by the statistics that it has: with mean 0 and variance 1 it does next to nothing.
func TestFrozenRunningStatisticsStay(t *testing.T) {
	src, o := stripes{40}, Options{MaxSteps: 3, Batch: 20, Seed: 1, Freeze: []string{"bn.*"}}
	n, plain := newNormed(), newToy(1)
	r, err := Fit(context.Background(), n, src, o)
	if err != nil {
		t.Fatal(err)
	}
	if tensor.Data[float32](n.mean)[3] != 0 || tensor.Data[float32](n.variance)[3] != 1 {
		t.Error("frozen statistics have moved")
	}
	o.Freeze = nil
	p, err := Fit(context.Background(), plain, src, o)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(r.ELBO-p.ELBO) > 1e-3 {
		t.Errorf("the ELBO is %v with a frozen layer that does nothing, %v without it", r.ELBO, p.ELBO)
	}
	o.Freeze = []string{"bm.*"}
	if _, err := Fit(context.Background(), n, src, o); !errors.Is(err, ErrOptions) {
		t.Errorf("a pattern that matches nothing: %v", err)
	}
}

// A run that is resumed has the weights and the statistics of one that was not interrupted.
func TestRunningStatisticsResume(t *testing.T) {
	src, o := stripes{60}, Options{MaxSteps: 8, Batch: 20, Seed: 2, Engine: native.New()}
	whole := newNormed()
	if _, err := Fit(context.Background(), whole, src, o); err != nil {
		t.Fatal(err)
	}
	o.Checkpoint, o.MaxSteps = filepath.Join(t.TempDir(), "run"), 5
	if _, err := Fit(context.Background(), newNormed(), src, o); err != nil {
		t.Fatal(err)
	}
	o.MaxSteps, o.Resume = 8, true
	resumed := newNormed()
	if _, err := Fit(context.Background(), resumed, src, o); err != nil {
		t.Fatal(err)
	}
	for name, w := range whole.weights {
		if !bytes.Equal(w.Bytes(), resumed.weights[name].Bytes()) {
			t.Errorf("%s differs", name)
		}
	}
	if !bytes.Equal(whole.mean.Bytes(), resumed.mean.Bytes()) || !bytes.Equal(whole.variance.Bytes(), resumed.variance.Bytes()) {
		t.Error("the statistics differ")
	}
}
