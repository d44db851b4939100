package conformance

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/native"
	"github.com/elbo-ml/elbo/tensor"
)

// randomGraph draws a graph of bounded functions over inputs with a symbolic batch, and makes a random choice of its
// values the outputs. What matters is how values live and die: views, writes in place, values used twice, outputs that
// others read, weights and inputs that are outputs.
func randomGraph(t *rapid.T) *graph.Graph {
	g := graph.New("random")
	r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
	values := []*graph.Value{
		g.Input("a", "batch", 6), g.Input("b", "batch", 6), g.Input("c", 6), g.Input("s"),
		g.Weight("w", float(tensor.Float32, r.NormFloat64, 6)), g.Weight("v", float(tensor.Float32, r.NormFloat64, 6, 6)),
	}
	pick := func(label string) *graph.Value { return values[rapid.IntRange(0, len(values)-1).Draw(t, label)] }
	matrix := func(v *graph.Value) *graph.Value { return g.Reshape(v, g.Int64s(-1, 6)) }
	for range rapid.IntRange(1, 12).Draw(t, "nodes") {
		x := pick("x")
		last := len(x.Shape) - 1
		wide := last >= 0 && x.Shape[last].Is(6)
		op := rapid.SampledFrom([]string{"Tanh", "Sigmoid", "Relu", "Neg", "Abs", "Identity", "Exp", "Add", "Sub", "Mul", "Max", "Where",
			"Reshape", "Flat", "Unsqueeze", "Transpose", "Concat", "Split", "Slice", "Gather", "MatMul", "Gemm", "Softmax", "ReduceMean", "ReduceMax", "ReduceSum", "Expand", "Clip", "Between", "Column"}).Draw(t, "op")
		var out []*graph.Value
		switch op {
		case "Tanh", "Sigmoid", "Relu", "Neg", "Abs", "Identity":
			out = g.NodeN(op, 1, nil, x)
		case "Exp":
			out = append(out, g.Exp(g.Tanh(x)))
		case "Add", "Sub", "Mul", "Max":
			y := pick("y")
			if !wide || len(y.Shape) > 0 && !y.Shape[len(y.Shape)-1].Is(6) {
				continue
			}
			if len(x.Shape) > 1 && len(y.Shape) > 1 {
				x, y = matrix(x), matrix(y)
				if !x.Shape[0].Equal(y.Shape[0]) {
					continue
				}
			}
			v := g.Node(op, nil, x, y)
			if op == "Mul" || op == "Add" {
				v = g.Tanh(v) // so that values stay small
			}
			out = append(out, v)
		case "Where":
			out = append(out, g.Where(g.Greater(x, g.Scalar(0, x)), x, g.Scalar(-1, x)))
		case "Reshape":
			if wide {
				out = append(out, g.Reshape(x, g.Int64s(-1, 2, 3)))
			}
		case "Flat":
			out = append(out, g.Reshape(x, g.Int64s(-1)))
		case "Unsqueeze":
			if last < 4 {
				out = append(out, g.Squeeze(g.Tanh(g.Unsqueeze(x, 0)), 0), g.Unsqueeze(x, 0))
			}
		case "Transpose":
			out = append(out, g.Node("Transpose", nil, x))
		case "Concat":
			if last >= 0 {
				out = append(out, g.Concat(last, x, x))
			}
		case "Split":
			if wide {
				out = g.Split(x, last, 2, 4)
			}
		case "Slice":
			if wide {
				out = append(out, g.Slice(x, []int{1}, []int{-1}, []int{last}))
			}
		case "Gather":
			if wide {
				out = append(out, g.Gather(x, g.Int64s(5, 0, 0, 3, 2, 1), last))
			}
		case "MatMul":
			if wide && last > 0 {
				out = append(out, g.Tanh(g.MatMul(x, values[5])))
			}
		case "Gemm":
			if wide && last > 0 {
				out = append(out, g.Tanh(g.Linear(matrix(x), values[5], values[4])))
			}
		case "Softmax":
			if wide {
				out = append(out, g.Node("Softmax", graph.Attrs{"axis": int64(-1)}, x))
			}
		case "Clip":
			out = append(out, g.Clip(x, -0.5, 1.25))
		case "Between":
			inside := g.And(g.Less(x, g.Scalar(1, x)), g.Not(g.Less(x, g.Scalar(-1, x))))
			out = append(out, g.Mul(x, g.Cast(inside, tensor.Float32)))
		case "Column":
			if wide {
				out = append(out, g.Mul(g.Sub(x, g.ReduceMean(x, true, last)), g.Scalar(0.5, x)))
			}
		case "ReduceSum":
			if wide {
				out = append(out, g.Tanh(g.ReduceSum(g.Mul(x, x), last&1 == 1, last)))
			}
		case "ReduceMean", "ReduceMax":
			if wide {
				out = append(out, g.Node(op, graph.Attrs{"axes": []int64{-1}, "keepdims": int64(last & 1)}, x))
			}
		case "Expand":
			if last <= 1 {
				out = append(out, g.Expand(x, g.Concat(0, g.Int64s(2), g.Shape(x))))
			}
		}
		values = append(values, out...)
	}
	if err := g.Err(); err != nil {
		t.Fatalf("the graph: %v", err)
	}
	for range rapid.IntRange(1, 4).Draw(t, "outputs") {
		g.Outputs = append(g.Outputs, values[len(values)-1-rapid.IntRange(0, len(values)-1).Draw(t, "output")])
	}
	return g
}

// A plan that fuses what it can gives what every node by itself gives. Only sums over a run may differ, in the last bit:
// chains fold them piece by piece.
func TestFusedIsPlainOnRandomGraphs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := randomGraph(t)
		batch := rapid.SampledFrom([]int{1, 2, 7, 400}).Draw(t, "batch")
		r := rand.New(rand.NewPCG(uint64(batch), 7))
		in := []*tensor.Tensor{
			float(tensor.Float32, r.NormFloat64, batch, 6), float(tensor.Float32, r.NormFloat64, batch, 6),
			float(tensor.Float32, r.NormFloat64, 6), float(tensor.Float32, r.NormFloat64),
		}
		var out [2][]*tensor.Tensor
		for i, e := range []runtime.Engine{native.New(), native.Plain()} {
			p, err := e.Compile(g, runtime.Options{Threads: 1 + i})
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			out[i] = make([]*tensor.Tensor, len(g.Outputs))
			for range 2 {
				if err := p.Run(context.Background(), in, out[i]); err != nil {
					t.Fatal(err)
				}
			}
		}
		for i := range g.Outputs {
			if d := difference(out[0][i], out[1][i]); !(d <= 1e-6) {
				t.Fatalf("%s differs by %.3g\nfused %v %v\nplain %v %v\n%s", g.Outputs[i].Name, d,
					out[0][i], head(out[0][i]), out[1][i], head(out[1][i]), listing(g))
			}
		}
	})
}

// Random graphs give the same on both engines, at one batch size after another, with the outputs' memory given or not.
// (An empty batch is left out: ONNX Runtime 1.30 forgets to reduce a negative axis of a tensor without elements.)
func TestEnginesAgreeOnRandomGraphs(t *testing.T) {
	other := openORT(t)
	rapid.Check(t, func(t *rapid.T) {
		g := randomGraph(t)
		var programs [2]runtime.Program
		for i, e := range []runtime.Engine{native.New(), other} {
			p, err := e.Compile(g, runtime.Options{Threads: 1})
			if err != nil {
				t.Fatalf("%s: %v", e.Name(), err)
			}
			defer p.Close()
			programs[i] = p
		}
		for _, batch := range []int{3, 1, 3, 5} {
			r := rand.New(rand.NewPCG(uint64(batch), 7))
			in := []*tensor.Tensor{
				float(tensor.Float32, r.NormFloat64, batch, 6), float(tensor.Float32, r.NormFloat64, batch, 6),
				float(tensor.Float32, r.NormFloat64, 6), float(tensor.Float32, r.NormFloat64),
			}
			var before []string
			for _, x := range in {
				before = append(before, string(x.Bytes()))
			}
			var out [2][]*tensor.Tensor
			for i, p := range programs {
				out[i] = make([]*tensor.Tensor, len(g.Outputs))
				for range 2 { // the second time into the tensors of the first
					if err := p.Run(context.Background(), in, out[i]); err != nil {
						t.Fatalf("batch %d, engine %d: %v", batch, i, err)
					}
				}
			}
			for i, x := range in {
				if string(x.Bytes()) != before[i] {
					t.Fatalf("batch %d: input %d was written to", batch, i)
				}
			}
			for i := range g.Outputs {
				if d := difference(out[0][i], out[1][i]); !(d <= tolerance) {
					t.Fatalf("batch %d: %s differs by %.3g\nnative %v %v\nort    %v %v\n%s", batch, g.Outputs[i].Name, d,
						out[0][i], head(out[0][i]), out[1][i], head(out[1][i]), listing(g))
				}
			}
		}
	})
}

// listing writes the graph's nodes, a line each.
func listing(g *graph.Graph) string {
	s := ""
	for _, n := range g.Nodes {
		s += n.Op + "("
		for _, v := range n.Inputs {
			s += v.Name + v.Shape.String() + " "
		}
		s += ") -> "
		for _, v := range n.Outputs {
			s += v.Name + v.Shape.String() + " "
		}
		s += "\n"
	}
	return s + fmt.Sprint("outputs ", g.Outputs)
}
