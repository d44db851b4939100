package train

import (
	"bytes"
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// Every kind of dropout trains a model, its own parameters among those trained, and the same way on any number of threads.
func TestFitUnderDropout(t *testing.T) {
	for kind := BinaryDropout; kind <= SparseDropout; kind++ {
		t.Run(kind.String(), func(t *testing.T) {
			var first []byte
			for threads := 1; threads <= 2; threads++ {
				m := newToy(1)
				v, err := WithDropout(m, VariationalOptions{Dropout: kind, Rate: 0.1, Examples: 600})
				if err != nil {
					t.Fatal(err)
				}
				var seen []Progress
				o := Options{Optimizer: Adam{LearningRate: 0.01}, MaxSteps: 80, Batch: 50, Seed: 3, Threads: threads, LogEvery: 40, KLWarmup: 20,
					Progress: func(p Progress) { seen = append(seen, p) }}
				if _, err := Fit(t.Context(), v, stripes{600}, o); err != nil {
					t.Fatal(err)
				}
				if a, b := seen[0].ELBO, seen[1].ELBO; !(b > a) {
					t.Errorf("the ELBO went from %v to %v", a, b)
				}
				if ok := len(seen[1].Terms) == 1 && seen[1].Terms[0].Name == "kl_weights"; ok != kind.hasKL() {
					t.Errorf("terms %v", seen[1].Terms)
				}
				all := m.bytes()
				for _, l := range v.Layers() {
					for _, p := range []*graph.Value{l.Alpha, l.LogVariance} {
						if p != nil {
							all = append(all, p.Data.Bytes()...)
							if start := newStart(kind); p.Data.Floats()[0] == start {
								t.Errorf("%v is still %v", p, start)
							}
						}
					}
				}
				if first == nil {
					first = all
				} else if !bytes.Equal(first, all) {
					t.Error("other bits on two threads")
				}
			}
		})
	}
}

// The KL of the weights joins that of the model: in the ELBO whole, in the loss by the KL weight.
func TestObjectiveUnderDropout(t *testing.T) {
	v, err := WithDropout(newToy(1), VariationalOptions{Dropout: GaussianWeights, Examples: 50})
	if err != nil {
		t.Fatal(err)
	}
	var p Progress
	if _, err := Fit(t.Context(), v, stripes{600}, Options{MaxSteps: 1, Batch: 50, Seed: 3, KLWeight: 0.25, Progress: func(q Progress) { p = q }}); err != nil {
		t.Fatal(err)
	}
	var plain Progress
	if _, err := Fit(t.Context(), newToy(1), stripes{600}, Options{MaxSteps: 1, Batch: 50, Seed: 3, Progress: func(q Progress) { plain = q }}); err != nil {
		t.Fatal(err)
	}
	weights := p.Terms[0].Mean
	if d := p.KL - plain.KL - weights; !(weights > 1) || !(math.Abs(d) < 0.3) { // but for the noise on what the KL is of
		t.Errorf("KL %v, of the weights %v, of the model without them %v", p.KL, weights, plain.KL)
	}
	if d := p.ELBO - (p.Reconstruction - p.KL); !(math.Abs(d) < 1e-3) {
		t.Errorf("ELBO %v of reconstruction %v and KL %v", p.ELBO, p.Reconstruction, p.KL)
	}
	if d := p.Loss + p.Reconstruction - 0.25*p.KL; !(math.Abs(d) < 1e-3) {
		t.Errorf("loss %v of reconstruction %v and KL %v", p.Loss, p.Reconstruction, p.KL)
	}
}

// newStart is where the parameters of a kind start at a rate of 0.1.
func newStart(kind Dropout) float64 {
	if kind.bounded() {
		alpha := 0.1 / 0.9
		return float64(float32(math.Log(alpha/(1-alpha)) / pace))
	}
	return -10
}

// What an objective stops and takes besides X is so under noise, too.
func TestDropoutKeepsStoppedValuesAndSides(t *testing.T) {
	m := spoiled{newToy(1), func(o *Objective) {
		o.Stopped = []*graph.Value{o.Graph.Output("stopped", o.Graph.Identity(o.KL))}
		o.Sides = []Side{{X: o.Graph.Input("side", "side_batch", 3), Data: stripes{60}, Batch: 5}}
	}}
	v, err := WithDropout(m, VariationalOptions{Dropout: BinaryDropout})
	if err != nil {
		t.Fatal(err)
	}
	o, err := v.Objective()
	if err != nil {
		t.Fatal(err)
	}
	if len(o.Stopped) != 1 || o.Stopped[0] != o.Graph.Value("stopped") || len(o.Sides) != 1 || o.Sides[0].X != o.Graph.Value("side") || o.Sides[0].Batch != 5 {
		t.Errorf("stopped %v, sides %+v", o.Stopped, o.Sides)
	}
}

// A run under dropout that is stopped and resumed gives the bits of one that was not, also in another process.
func TestResumeUnderDropout(t *testing.T) {
	dropout := VariationalOptions{Dropout: SparseDropout, Examples: 600}
	o := Options{MaxSteps: 30, Batch: 50, Seed: 3, KLWarmup: 20}
	whole := newToy(1)
	v, err := WithDropout(whole, dropout)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Fit(t.Context(), v, stripes{600}, o); err != nil {
		t.Fatal(err)
	}
	o.Checkpoint, o.CheckpointEvery = t.TempDir(), 10
	ctx, cancel := context.WithCancel(t.Context())
	stopping := o
	stopping.LogEvery = 17
	stopping.Progress = func(Progress) { cancel() }
	m := newToy(1)
	if v, err = WithDropout(m, dropout); err != nil {
		t.Fatal(err)
	}
	if _, err := Fit(ctx, v, stripes{600}, stopping); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	o.Resume = true
	m = newToy(2)
	if v, err = WithDropout(m, dropout); err != nil {
		t.Fatal(err)
	}
	if r, err := Fit(t.Context(), v, stripes{600}, o); err != nil || r.Resumed == 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	if !bytes.Equal(m.bytes(), whole.bytes()) {
		t.Error("the resumed run has other weights")
	}
}

// Pruning sets exactly the weights to 0 whose variance is large beside their square.
func TestPrune(t *testing.T) {
	g := graph.New("prune")
	w, err := tensor.Wrap([]float32{1, 1e-3, -1, 0.5, 1e-4, -0.5}, 3, 2)
	if err != nil {
		t.Fatal(err)
	}
	g.Output("y", g.Linear(g.Input("x", "batch", 2), g.Weight("w", w), nil))
	v, err := Variational(g, VariationalOptions{Dropout: SparseDropout, Examples: 1, LogVariance: -8})
	if err != nil {
		t.Fatal(err)
	}
	pruned, layers, err := v.Pruned(Threshold)
	if err != nil {
		t.Fatal(err)
	}
	want := []float64{1, 0, -1, 0.5, 0, -0.5}
	if got := pruned.Value("w").Data.Floats(); !equal(got, want) {
		t.Errorf("pruned to %v, want %v", got, want)
	}
	if w.Floats()[4] == 0 {
		t.Error("the model itself has lost a weight")
	}
	if len(layers) != 1 || layers[0] != (Sparsity{"w", 6, 2}) || Compression(layers) != 1.5 {
		t.Errorf("layers %v, compression %v", layers, Compression(layers))
	}
	if _, err := v.Prune(Threshold); err != nil || !equal(w.Floats(), want) {
		t.Errorf("pruned in place to %v, %v", w.Floats(), err)
	}
	// What could not be pruned is refused before it is trained.
	masked := graph.New("masked")
	held := masked.Weight("w", w.Clone())
	mask := masked.Cast(masked.Greater(masked.Abs(held), masked.Scalar(0.1, held)), tensor.Float32)
	masked.Output("y", masked.Linear(masked.Input("x", "batch", 2), masked.Mul(held, mask), nil))
	if _, err := Variational(masked, VariationalOptions{Dropout: SparseDropout, Examples: 1}); !errors.Is(err, ErrOptions) || !strings.Contains(err.Error(), "from the weight w") {
		t.Errorf("sparse dropout on a masked weight: %v", err)
	}
	// An exporter's transposed weight is pruned where it stands.
	turned := graph.New("turned")
	kept := turned.Weight("w", w.Clone())
	turned.Output("y", turned.MatMul(turned.Input("x", "batch", 2), turned.Transpose(kept, 1, 0)))
	copy(tensor.Data[float32](kept.Data), []float32{1, 1e-3, -1, 0.5, 1e-4, -0.5})
	v, err = Variational(turned, VariationalOptions{Dropout: SparseDropout, Examples: 1, LogVariance: -8})
	if err != nil {
		t.Fatal(err)
	}
	if layers, err := v.Prune(Threshold); err != nil || !equal(kept.Data.Floats(), want) || layers[0].Zeros != 2 {
		t.Errorf("under a Transpose pruned to %v: %v, %v", kept.Data.Floats(), layers, err)
	}
	other, err := Variational(g, VariationalOptions{Dropout: VariationalDropoutB, Examples: 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Prune(Threshold); !errors.Is(err, ErrOptions) || !strings.Contains(err.Error(), "no variance for each weight") {
		t.Errorf("error %v", err)
	}
}

func equal(a, b []float64) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// Mean and variance over draws are those that a linear model has in closed form, and do not depend on how rows are batched.
func TestPredict(t *testing.T) {
	g := layerCases[0].graph()
	v, err := Variational(g, VariationalOptions{Dropout: GaussianDropoutB, Rate: 0.3})
	if err != nil {
		t.Fatal(err)
	}
	in := feed(v.Graph, 0)
	mean := runs(t, v.Graph, in)[0].Floats()
	above := runs(t, v.Graph, feed(v.Graph, 1))[0].Floats()
	x := tensor.New(tensor.Float64, 3*predictRows, 4) // the same rows again and again
	for i := range predictRows {
		copy(x.Rows(3*i, 3*i+3).Bytes(), in["x"].Bytes())
	}
	const draws = 400
	got, err := v.Predict(t.Context(), []*tensor.Tensor{x}, PredictOptions{Draws: draws, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range got[0].Mean.Floats() {
		at := i % len(mean)
		sd := above[at] - mean[at]
		if math.Abs(m-mean[at]) > 6*sd/math.Sqrt(draws) {
			t.Fatalf("mean %d is %v, want %v", i, m, mean[at])
		}
		if ratio := got[0].Variance.Floats()[i] / (sd * sd); math.Abs(ratio-1) > 6*math.Sqrt(2.0/draws) {
			t.Fatalf("variance %d is %v times what it is", i, ratio)
		}
	}
	part, err := v.Predict(t.Context(), []*tensor.Tensor{x.Rows(300, 303)}, PredictOptions{Draws: draws, Seed: 1, FirstRow: 300})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(part[0].Mean.Bytes(), got[0].Mean.Rows(300, 303).Bytes()) {
		t.Error("rows of another batch have other noise")
	}
	if _, err := v.Predict(t.Context(), nil, PredictOptions{}); err == nil {
		t.Error("no input is taken for one")
	}
	if _, err := v.Predict(t.Context(), []*tensor.Tensor{x}, PredictOptions{Draws: 1}); !errors.Is(err, ErrOptions) {
		t.Errorf("one draw: %v", err)
	}
}

// corners are rows of 2 numbers and a label of 2 classes: which of the numbers is larger.
type corners struct{ rows int }

func (c corners) Len() int     { return c.rows }
func (c corners) Shape() []int { return []int{4} }
func (c corners) Name() string { return "corners" }
func (c corners) Close() error { return nil }

func (c corners) Read(_ context.Context, rows []int, dst []float32) error {
	clear(dst)
	for i, row := range rows {
		rng := rand.New(rand.NewPCG(uint64(row), 6))
		a, b := rng.Float32(), rng.Float32()
		at := dst[4*i : 4*i+4]
		if at[0], at[1] = a, b; a > b {
			at[2] = 1
		} else {
			at[3] = 1
		}
	}
	return nil
}

// A classifier learns from labels, with its output as logits and as probabilities, and its error is counted.
func TestClassifier(t *testing.T) {
	for _, softmax := range []bool{false, true} {
		g := graph.New("corners")
		w := tensor.New(tensor.Float32, 2, 2)
		copy(tensor.Data[float32](w), []float32{-0.5, 0.3, 0.2, -0.1}) // mostly wrong
		y := g.Linear(g.Input("x", "batch", 2), g.Weight("w", w), g.Weight("loss", tensor.New(tensor.Float32, 2)))
		if softmax {
			y = g.Softmax(y, 1)
		}
		g.Output("y", y)
		c, err := NewClassifier(g)
		if err != nil {
			t.Fatal(err)
		}
		before, err := c.ErrorRate(t.Context(), nil, 1, corners{1003})
		if err != nil {
			t.Fatal(err)
		}
		r, err := Fit(t.Context(), c, corners{1000}, Options{Optimizer: Adam{LearningRate: 0.1}, Epochs: 5, Batch: 50})
		if err != nil {
			t.Fatal(err)
		}
		after, err := c.ErrorRate(t.Context(), nil, 1, corners{1003})
		if err != nil {
			t.Fatal(err)
		}
		if before < 0.5 || after > 0.05 || math.Abs(r.Terms[0].Mean-after) > 0.05 {
			t.Errorf("error %v, after training %v, in training %v", before, after, r.Terms)
		}
		if r.KL != 0 {
			t.Errorf("KL %v", r.KL)
		}
	}
}

func TestClassifierRefuses(t *testing.T) {
	two := graph.New("two")
	x := two.Input("x", "batch", 2)
	two.Output("a", x)
	two.Output("b", two.Relu(x))
	flat := graph.New("flat")
	flat.Output("y", flat.ReduceSum(flat.Input("x", "batch", 2), false, 1))
	open := graph.New("open")
	open.Output("y", open.Input("x", "batch", "n"))
	for _, g := range []*graph.Graph{two, flat, open} {
		if _, err := NewClassifier(g); !errors.Is(err, ErrOptions) {
			t.Errorf("%s: error %v", g.Name, err)
		}
	}
	bare := graph.New("bare")
	bare.Output("y", bare.Relu(bare.Input("x", "batch", 2)))
	c, err := NewClassifier(bare)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Objective(); !errors.Is(err, ErrOptions) {
		t.Errorf("a graph without weights: %v", err)
	}
	if _, err := c.ErrorRate(t.Context(), nil, 1, stripes{3}); !errors.Is(err, tensor.ErrShape) {
		t.Errorf("rows without labels: %v", err)
	}
}
