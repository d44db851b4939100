package train

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/native"
	"github.com/elbo-ml/elbo/tensor"
)

func TestGradientsKeepTheShapesOfParams(t *testing.T) {
	g := graph.New("layer")
	x := g.Input("x", "batch", 3)
	y := g.Tanh(g.Dense("fc", x, 2))
	loss := g.ReduceMean(g.Square(y), false)
	unused := g.Weight("unused", tensor.New(tensor.Float32, 5))
	params := append([]*graph.Value{x}, g.Weights...)
	grads, err := Gradients(g, loss, params)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range params {
		if !grads[i].Shape.Equal(p.Shape) {
			t.Errorf("gradient of %s has shape %v, not %v", p.Name, grads[i].Shape, p.Shape)
		}
	}
	if grads[len(grads)-1].Producer == nil || grads[len(grads)-1].Producer.Op != "ConstantOfShape" {
		t.Errorf("%s: the loss does not depend on it, so its gradient is zeros", unused.Name)
	}
}

// A stopped value is a constant: of x times exp(x) only the factor x has a gradient, exp(x).
func TestGradientsDoNotFlowThroughWhatIsStopped(t *testing.T) {
	g := graph.New("stopped")
	x := g.Input("x", 3)
	e := g.Exp(x)
	grads, err := Gradients(g, g.ReduceSum(g.Mul(x, e), false), []*graph.Value{x}, e)
	if err != nil {
		t.Fatal(err)
	}
	g.Output("dx", grads[0])
	p, err := native.New().Compile(g, runtime.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	out := make([]*tensor.Tensor, 1)
	if err := p.Run(t.Context(), []*tensor.Tensor{tensor.Vector[float32](-1, 0, 2)}, out); err != nil {
		t.Fatal(err)
	}
	for i, v := range []float64{-1, 0, 2} {
		if got := out[0].Floats()[i]; math.Abs(got-math.Exp(v)) > 1e-5 {
			t.Errorf("the gradient at %v is %v, want %v", v, got, math.Exp(v))
		}
	}
}

func TestGradientsRefuseALossThatIsNotANumber(t *testing.T) {
	g := graph.New("vector")
	x := g.Input("x", 3)
	if _, err := Gradients(g, g.Exp(x), []*graph.Value{x}); err == nil {
		t.Error("a vector was taken for a loss")
	}
}

// One error names every operator that stands in the way, and no others.
func TestGradientsNameAllThatIsNotDifferentiable(t *testing.T) {
	g := graph.New("blocked")
	x := g.Input("x", "n", 4)
	axes := g.InputOf(tensor.Int64, "axes", graph.Dims(1))
	a := g.Node("ReduceSum", nil, x, axes)
	starts := g.InputOf(tensor.Int64, "starts", graph.Dims(1))
	b := g.Node("Slice", nil, g.Exp(x), starts, starts, axes)
	onTheSide := g.Node("ReduceMax", nil, g.Input("other", 2))
	loss := g.Add(g.Add(g.ReduceSum(a, false), g.ReduceSum(b, false)), g.ReduceSum(onTheSide, false))
	nodes := len(g.Nodes)
	_, err := Gradients(g, loss, []*graph.Value{x})
	if !errors.Is(err, ErrNotDifferentiable) {
		t.Fatalf("error %v, want ErrNotDifferentiable", err)
	}
	for _, name := range []string{a.Producer.Name, b.Producer.Name} {
		if !strings.Contains(err.Error(), strconv.Quote(name)) {
			t.Errorf("%v does not name %s", err, name)
		}
	}
	if strings.Contains(err.Error(), "ReduceMax") {
		t.Errorf("%v names an operator that no param reaches", err)
	}
	if len(g.Nodes) != nodes {
		t.Errorf("the failed attempt left %d nodes behind", len(g.Nodes)-nodes)
	}
}

// Nodes for gradients that nobody asked for are not left in the graph.
func TestGradientsLeaveNothingUnused(t *testing.T) {
	g := graph.New("frozen")
	x := g.Input("x", "n", 3)
	w1, w2 := g.Weight("w1", tensor.New(tensor.Float32, 4, 3)), g.Weight("w2", tensor.New(tensor.Float32, 2, 4))
	loss := g.ReduceSum(g.Linear(g.Tanh(g.Linear(x, w1, nil)), w2, nil), false)
	before := len(g.Nodes)
	grads, err := Gradients(g, loss, []*graph.Value{w2})
	if err != nil {
		t.Fatal(err)
	}
	// The gradient of w2 takes one product; that of the frozen w1 none.
	products := 0
	for _, n := range g.Nodes[before:] {
		if n.Op == "Gemm" {
			products++
		}
	}
	if products != 1 || !grads[0].Shape.Equal(w2.Shape) {
		t.Errorf("%d products for the gradient %v, want 1", products, grads[0])
	}
}
