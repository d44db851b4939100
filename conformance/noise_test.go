package conformance

import (
	"context"
	"math"
	"path/filepath"
	"slices"
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/importer"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/native"
	"github.com/elbo-ml/elbo/runtime/ort"
	"github.com/elbo-ml/elbo/tensor"
)

// Noise that was lifted does what the operator would have done with the numbers that it is fed.
func TestLiftedNoise(t *testing.T) {
	u := []float32{0, 0.2, 0.25, 0.5, 0.9, 0.999}
	for _, c := range []struct {
		op    string
		attrs graph.Attrs
		x     []float32
		more  []*tensor.Tensor // constants behind x
		fed   []float32
		want  []float64
	}{
		{"RandomNormalLike", graph.Attrs{"mean": float32(1), "scale": float32(2)}, []float32{9, 9}, nil, []float32{-1, 3}, []float64{-1, 7}},
		{"RandomUniformLike", graph.Attrs{"low": float32(-1), "high": float32(3)}, []float32{9, 9}, nil, []float32{0, 0.5}, []float64{-1, 1}},
		{"Bernoulli", nil, []float32{0, 0.3, 0.25, 0.5, 1, 1}, nil, u, []float64{0, 1, 0, 0, 1, 1}},
		{"Dropout", nil, []float32{3, 3, 3, 3, 3, 3}, []*tensor.Tensor{tensor.Scalar[float32](0.25), yes()}, u, []float64{0, 0, 4, 4, 4, 4}},
		{"Dropout", nil, []float32{3, 3, 3, 3, 3, 3}, []*tensor.Tensor{nil, yes()}, u, []float64{0, 0, 0, 6, 6, 6}},
		// Shares 1/4, 1/2, 1/4.
		{"Multinomial", graph.Attrs{"sample_size": int64(6)}, []float32{0, float32(math.Log(2)), 0}, nil, u, []float64{0, 0, 1, 1, 2, 2}},
	} {
		g := graph.New("noise")
		inputs := []*graph.Value{g.Input("x", 1, len(c.x))}
		for _, m := range c.more {
			if m == nil {
				inputs = append(inputs, nil)
				continue
			}
			inputs = append(inputs, g.Const(m))
		}
		g.Output("y", g.Cast(g.Node(c.op, c.attrs, inputs...), tensor.Float64))
		graph.LiftNoise(g)
		x, fed := row(t, c.x), row(t, c.fed)
		if got := runOn(t, g, x, fed)[0].Floats(); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.op, got, c.want)
		}
	}
}

func yes() *tensor.Tensor {
	t := tensor.New(tensor.Bool)
	t.Bytes()[0] = 1
	return t
}

func row(t *testing.T, x []float32) *tensor.Tensor {
	t.Helper()
	v, err := tensor.Vector(x...).Reshape(1, len(x))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func runOn(t *testing.T, g *graph.Graph, in ...*tensor.Tensor) []*tensor.Tensor {
	t.Helper()
	if err := g.Err(); err != nil {
		t.Fatal(err)
	}
	p, err := native.New().Compile(g, runtime.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	out := make([]*tensor.Tensor, len(g.Outputs))
	if err := p.Run(context.Background(), in, out); err != nil {
		t.Fatal(err)
	}
	return out
}

// A model that draws noise, with the noise lifted, put back, written, read and lifted again, computes what it did.
func TestNoiseGoesOutAndIn(t *testing.T) {
	names := []string{"vae_full_random_op9"}
	if fixturesDir() != "testdata/fixtures" {
		names = append(names, "vae_full_random_op16", "gumbel_softmax_random_op13", "dropout_vae_train_random_op13")
	}
	for _, name := range names {
		g := load(t, filepath.Join(fixturesDir(), name, "model.onnx"))
		drawn := len(graph.LiftNoise(g))
		c := g.Clone()
		if err := graph.DrawInside(c); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		b, err := importer.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		again, err := importer.Unmarshal(b, importer.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if len(again.Inputs) != len(g.Inputs)-drawn {
			t.Errorf("%s: %d inputs with the noise inside, want %d", name, len(again.Inputs), len(g.Inputs)-drawn)
		}
		if n := len(graph.LiftNoise(again)); n != drawn || n == 0 {
			t.Errorf("%s: %d noise inputs, were %d", name, n, drawn)
		}
		in := make([]*tensor.Tensor, len(g.Inputs))
		for i, v := range g.Inputs {
			shape := make([]int, len(v.Shape))
			for axis, d := range v.Shape {
				if n, known := d.Known(); known {
					shape[axis] = n
				} else {
					shape[axis] = 3
				}
			}
			in[i] = tensor.New(v.DType, shape...)
			runtime.Noise{Seed: 1, Stream: uint64(i)}.Uniform(0, tensor.Data[float32](in[i]))
		}
		want, got := runOn(t, g, in...), runOn(t, again, in...)
		for i := range want {
			if d := Compare(g.Outputs[i].Name, got[i], want[i], PerElement); d.Largest != 0 {
				t.Errorf("%s: %v", name, d)
			}
		}
	}
}

// Noise of the bodies of nodes adds up to what it was fed with, on both engines and once more from bytes.
func TestNoiseOfBodies(t *testing.T) {
	const rounds = 600 // more than are written out
	noisy := func(b *graph.Graph, s *graph.Value) *graph.Value {
		return b.Add(s, b.Node("RandomNormalLike", graph.Attrs{"scale": float32(2)}, s))
	}
	sum := func(x, e []float64, rounds, width int) []float64 { // x + 2 sum over rounds of e [rows, rounds, width]
		y := slices.Clone(x)
		for i := range e {
			y[i/(rounds*width)*width+i%width] += 2 * e[i]
		}
		return y
	}
	for _, op := range []string{"If", "Loop", "Scan"} {
		g := graph.New("noise")
		x := g.Input("x", "n", 3)
		in := []*tensor.Tensor{tensor.New(tensor.Float32, 2, 3)}
		copy(tensor.Data[float32](in[0]), []float32{1, 2, 3, 4, 5, 6})
		body := graph.New("body")
		steps := rounds
		var y *graph.Value
		switch op {
		case "If":
			otherwise := graph.New("else")
			otherwise.Output("other", otherwise.Neg(otherwise.Reads(x)))
			body.Output("noisy", noisy(body, body.Reads(x)))
			y = g.Node("If", graph.Attrs{"then_branch": body, "else_branch": otherwise}, g.InputOf(tensor.Bool, "c", graph.Shape{}), x, x)
			in, steps = append(in, yes()), 1
		case "Loop":
			body.InputOf(tensor.Int64, "i", graph.Shape{})
			going, s := body.InputOf(tensor.Bool, "going", graph.Shape{}), body.Input("s", "n", 3)
			body.Output("again", going)
			body.Output("next", noisy(body, s))
			y = g.NodeN("Loop", 1, graph.Attrs{"body": body}, g.Const(tensor.Scalar(int64(rounds))), nil, x)[0]
		case "Scan":
			s, row := body.Input("s", "n", 3), body.Input("row", "n", 3)
			body.Output("next", body.Add(noisy(body, s), row))
			y = g.NodeN("Scan", 1, graph.Attrs{"body": body, "num_scan_inputs": int64(1), "scan_input_axes": []int64{1}}, x, g.Input("rows", "n", "steps", 3))[0]
			in = append(in, tensor.New(tensor.Float32, 2, rounds, 3))
		}
		g.Output("y", y)
		if l := graph.LiftNoise(g); len(l) != 1 || g.Err() != nil {
			t.Fatalf("%s: lifted %v, %v", op, l, g.Err())
		}
		e := tensor.New(tensor.Float32, 2, steps, 3)
		if op == "If" {
			e = tensor.New(tensor.Float32, 2, 3)
		}
		runtime.Noise{Seed: 1}.Uniform(0, tensor.Data[float32](e))
		in = append(in, e)
		want := sum(in[0].Floats(), e.Floats(), steps, 3)
		b, err := importer.Marshal(g)
		if err != nil {
			t.Fatal(err)
		}
		again, err := importer.Unmarshal(b, importer.Options{})
		if err != nil {
			t.Fatal(err)
		}
		engines := []runtime.Engine{native.New()}
		if other, err := ort.Open(ort.Config{}); err == nil {
			engines = append(engines, other)
		}
		for _, g := range []*graph.Graph{g, again} {
			for _, engine := range engines {
				out, err := run(engine, g, in)
				if err != nil {
					t.Fatalf("%s on %s: %v", op, engine.Name(), err)
				}
				for i, got := range out[0].Floats() {
					if math.Abs(got-want[i]) > 1e-3 {
						t.Errorf("%s on %s: element %d is %g, want %g", op, engine.Name(), i, got, want[i])
					}
				}
			}
		}
	}
}
