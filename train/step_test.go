package train

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
)

// Row i of a minibatch gets the noise of its datapoint, whatever the size of the minibatch, the type and the threads.
func TestNoiseBelongsToTheDatapoint(t *testing.T) {
	want := make([]float32, 7)
	source := runtime.Noise{Seed: 3, Stream: 2}
	for kind, draw := range [...]func(uint64, []float32){normalNoise: source.Normal, uniformNoise: source.Uniform} {
		for _, dtype := range []tensor.DType{tensor.Float32, tensor.Float64} {
			for _, batch := range []int{1, 5, 40} {
				x := tensor.New(dtype, batch, 7)
				n := newNoise(x, noiseKind(kind), source, 3)
				n.draw(1000)
				all := x.Floats()
				for i := range batch {
					draw(1000+uint64(i), want)
					for j, v := range want {
						if all[7*i+j] != float64(v) {
							t.Fatalf("kind %d, %v, batch %d: row %d is %v, want %v", kind, dtype, batch, i, all[7*i:7*i+7], want)
						}
					}
				}
			}
		}
	}
}

// Terms are reported apart, as means under their names, and uniform noise is what its name says.
func TestTermsAndUniformNoise(t *testing.T) {
	var last Progress
	m := spoiled{newToy(1), func(o *Objective) {
		u := o.Graph.Input("u", "batch", 5)
		o.Uniform = append(o.Uniform, u)
		square := o.Graph.ReduceMean(o.Graph.Square(u), false)
		o.Terms = append(o.Terms, o.Graph.Output("kl/again", o.Graph.Identity(o.KL)), o.Graph.Output("square", square))
	}}
	r, err := Fit(t.Context(), m, stripes{600}, Options{Epochs: 1, Batch: 100, LogEvery: 2, Progress: func(p Progress) { last = p }})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Terms) != 2 || r.Terms[0] != (Term{"kl/again", r.KL}) || r.Terms[1].Name != "square" || math.Abs(r.Terms[1].Mean-1./3) > 0.02 {
		t.Errorf("terms %v beside a KL of %v; the mean square of uniform numbers is 1/3", r.Terms, r.KL)
	}
	if len(last.Terms) != 2 || last.Terms[0].Mean != last.KL {
		t.Errorf("progress %+v", last)
	}
}

// spoiled is a toy whose objective lacks something.
type spoiled struct {
	*toy
	how func(*Objective)
}

func (s spoiled) Objective() (*Objective, error) {
	obj, err := s.toy.Objective()
	s.how(obj)
	return obj, err
}

func TestObjectivesThatAreNotWholeAreRefused(t *testing.T) {
	tests := []struct {
		name string
		how  func(*Objective)
		says string
	}{
		{"no graph", func(o *Objective) { o.Graph = nil }, "no graph"},
		{"no KL", func(o *Objective) { o.KL = nil }, "KL is missing"},
		{"a loss of another graph", func(o *Objective) { o.Loss = graph.New("other").Input("loss") }, "loss is missing or not"},
		{"a loss for each datapoint", func(o *Objective) { o.Loss = o.Graph.ReduceSum(o.X, false, 1) }, "not a single"},
		{"an ELBO for each datapoint", func(o *Objective) { o.ELBO = o.Graph.ReduceSum(o.X, false, 1) }, "not a single"},
		{"an input nobody feeds", func(o *Objective) { o.Graph.Input("temperature") }, "temperature"},
		{"a parameter that is computed", func(o *Objective) { o.Params[0] = o.KL }, "not a weight"},
		{"one tensor under two names", func(o *Objective) { o.Params = append(o.Params, o.Graph.Weight("again", o.Params[0].Data)) }, "hold one tensor"},
		{"a term for each datapoint", func(o *Objective) { o.Terms = append(o.Terms, o.Graph.ReduceSum(o.X, false, 1)) }, "not a single"},
		{"a term of another graph", func(o *Objective) { o.Terms = append(o.Terms, graph.New("other").Input("loss")) }, "term 0 is missing or not"},
		{"uniform noise of an open size", func(o *Objective) { o.Uniform = append(o.Uniform, o.Graph.Input("more", "batch", "width")) }, "leaves a size open"},
		{"noise of an open size", func(o *Objective) { o.Noise = append(o.Noise, o.Graph.Input("more", "batch", "width")) }, "leaves a size open"},
		{"a minibatch of one size", func(o *Objective) { o.Noise = append(o.Noise, o.Graph.Input("more", 7, 2)) }, "set the batch to 7"},
		{"no KL weight to warm up", func(o *Objective) { o.KLWeight = nil }, "no KL weight"},
	}
	for _, tt := range tests {
		_, err := Fit(t.Context(), spoiled{newToy(1), tt.how}, stripes{600}, Options{Epochs: 1, KLWarmup: 5})
		if err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// The step's outputs are called what they are, also where the model's own values have taken the names.
func TestOutputNames(t *testing.T) {
	m := spoiled{newToy(1), func(o *Objective) { o.Graph.Fail(o.Graph.Rename(o.X, "loss")) }}
	tr, err := newTrainer(m, stripes{600}, Options{Epochs: 1, Batch: 10})
	if err != nil {
		t.Fatal(err)
	}
	defer tr.close()
	var names []string
	for _, p := range tr.step.program.Outputs() {
		names = append(names, p.Name)
	}
	if !slices.Contains(names, "elbo") || !slices.Contains(names, "gradient:decoder/hidden.bias") || names[0] == "loss" || !strings.HasPrefix(names[0], "loss") {
		t.Errorf("outputs %v", names)
	}
}
