package passes

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

func weight(g *graph.Graph, name string, v ...float32) *graph.Value {
	return g.Weight(name, tensor.Vector(v...))
}

func matrix(g *graph.Graph, name string, rows, cols int, v ...float32) *graph.Value {
	t, err := tensor.Vector(v...).Reshape(rows, cols)
	g.Fail(err)
	return g.Weight(name, t)
}

func named(t *testing.T, g *graph.Graph, v *graph.Value, name string) *graph.Value {
	t.Helper()
	if err := g.Rename(v, name); err != nil {
		t.Fatal(err)
	}
	v.Producer.Name = name
	return v
}

// aliased is a graph as PyTorch's exporter writes one whose parameters have equal numbers.
func aliased(t *testing.T) *graph.Graph {
	g := graph.New("g")
	x := g.Input("x", "n", 2, 3)
	ones, zeros, w := weight(g, "n1.weight", 1, 1), weight(g, "n1.bias", 0, 0), weight(g, "a.scale", 2, 3)
	norm := func(scale, bias *graph.Value) *graph.Value {
		return g.Node("InstanceNormalization", nil, x, scale, bias)
	}
	second := norm(named(t, g, g.Node("Identity", nil, ones), "n2.weight"), named(t, g, g.Node("Identity", nil, zeros), "n2.bias"))
	first := norm(ones, zeros)
	third := named(t, g, norm(named(t, g, g.Node("Identity", nil, w), "b.scale"), zeros), "third")
	g.Output("y", g.Add(g.Add(first, norm(w, weight(g, "b", 1, 2))), g.Add(second, third)))
	if err := graph.Verify(g); err != nil {
		t.Fatal(err)
	}
	return g
}

func TestAliases(t *testing.T) {
	var got []string
	for _, a := range Aliases(aliased(t)) {
		tied := ""
		if a.Tied {
			tied = " tied"
		}
		got = append(got, a.Name+" = "+a.Of+tied)
	}
	want := []string{"n2.weight = n1.weight", "n2.bias = n1.bias", "n1.bias of third = n1.bias", "b.scale = a.scale tied"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestUntie(t *testing.T) {
	g := aliased(t)
	untied, err := Untie(g)
	if err != nil || len(untied) != 3 {
		t.Fatalf("%d untied (%v), want 3", len(untied), err)
	}
	if err := graph.Verify(g); err != nil {
		t.Fatal(err)
	}
	tensors := map[*tensor.Tensor]bool{}
	for _, w := range g.Weights {
		tensors[w.Data] = true
	}
	if len(g.Weights) != 7 || len(tensors) != 7 {
		t.Errorf("%d weights in %d tensors, want 7", len(g.Weights), len(tensors))
	}
	if w := g.Value("n2.weight"); w == nil || !w.IsWeight() || w.Data.Floats()[1] != 1 {
		t.Errorf("n2.weight is %v, want a weight of its own", w)
	}
	left := Aliases(g)
	if len(left) != 1 || left[0].Name != "b.scale" {
		t.Errorf("left %+v, want the tied one alone", left)
	}
}

func TestFoldedWeights(t *testing.T) {
	g := graph.New("g")
	x := g.Input("x", "n", 2)
	y := g.MatMul(x, matrix(g, "onnx::MatMul_12", 2, 2, 1, 2, 3, 4))
	y = g.MatMul(y, matrix(g, "val_3", 2, 2, 1, 2, 3, 4))
	y = g.Add(y, weight(g, "fc.bias", 1, 2))
	y = g.Mul(y, weight(g, "17", 1, 2))
	y = g.Reshape(g.Mul(y, weight(g, "onnx::Mul_9", 2)), g.Int64s(-1, 1, 1, 2)) // a constant of the formula
	g.Output("y", g.Node("Resize", nil, y, nil, weight(g, "val_5", 1, 1, 2, 2)))
	if err := g.Err(); err != nil {
		t.Fatal(err)
	}
	got := FoldedWeights(g)
	want := []Folded{
		{"onnx::MatMul_12", "the weight of a linear layer, transposed", torchScriptRecipe},
		{"val_3", "the weight of a linear layer, transposed", dynamoRecipe},
		{"17", "a parameter, reshaped", torchScriptRecipe},
	}
	if !slices.Equal(got, want) {
		t.Errorf("%+v\nwant %+v", got, want)
	}
}

// sampler is mean + exp(logvar/2) * eps with a constant eps of the given numbers.
func sampler(name string, eps []float32) *graph.Graph {
	g := graph.New("g")
	x := g.Input("x", "n", len(eps))
	e := g.Weight(name, tensor.Vector(eps...))
	g.Output("z", g.Add(x, g.Mul(g.Exp(g.Half(x)), e)))
	return g
}

func TestFrozenNoise(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	normal, wide, ones := make([]float32, 20), make([]float32, 20), make([]float32, 20)
	for i := range normal {
		normal[i] = float32(r.NormFloat64())
		wide[i], ones[i] = 5*normal[i], 1
	}
	for _, c := range []struct {
		name string
		eps  []float32
		want int
	}{
		{"eps", normal, 1}, {"onnx::Mul_7", normal, 1}, {"layer.weight", normal, 0}, {"eps", wide, 0}, {"eps", ones, 0}, {"eps", normal[:3], 0},
	} {
		g := sampler(c.name, c.eps)
		if err := g.Err(); err != nil {
			t.Fatal(err)
		}
		if got := FrozenNoise(g); len(got) != c.want || c.want == 1 && got[0].Constant != c.name {
			t.Errorf("%s of %v...: %+v, want %d", c.name, c.eps[:3], got, c.want)
		}
	}
	g := graph.New("g") // numbers of the same kind that no standard deviation is multiplied with
	g.Output("y", g.Mul(g.Tanh(g.Input("x", "n", 20)), g.Weight("eps", tensor.Vector(normal...))))
	if got := FrozenNoise(g); len(got) != 0 {
		t.Errorf("%+v in a product that is no sample", got)
	}
}

// Draws are taken for noise, but for one in some thousands, as four standard errors say.
func TestLooksNormalIsRight(t *testing.T) {
	r, missed := rand.New(rand.NewPCG(3, 4)), 0
	for range 2000 {
		x := make([]float32, 10+r.IntN(200))
		for i := range x {
			x[i] = float32(r.NormFloat64())
		}
		if !looksNormal(&graph.Value{Data: tensor.Vector(x...), Shape: graph.Dims(len(x)), DType: tensor.Float32, Constant: true}) {
			missed++
		}
	}
	if math.Abs(float64(missed)) > 20 {
		t.Errorf("%d of 2000 vectors of draws were not seen", missed)
	}
}

func TestMasks(t *testing.T) {
	g := graph.New("g")
	x := g.Input("x", "n", 2)
	mask, w := matrix(g, "mask", 2, 2, 0, 1, 1, 1), matrix(g, "w", 2, 2, 1, 2, 3, 4)
	other := matrix(g, "selected", 2, 2, 0, 1, 1, 0) // multiplied with data
	y := g.MatMul(x, g.Mul(w, g.Node("Identity", nil, mask)))
	y = g.Add(y, g.MatMul(x, g.Mul(w, g.Transpose(mask, 1, 0))))
	g.Output("y", g.MatMul(y, other))
	if err := g.Err(); err != nil {
		t.Fatal(err)
	}
	if got := Masks(g); len(got) != 1 || got[0] != mask {
		t.Errorf("%v, want mask alone", got)
	}
}

func TestFixed(t *testing.T) {
	g := graph.New("g")
	x := g.Input("x", "n", 1, 4, 4)
	y := g.Node("Resize", graph.Attrs{"mode": "nearest"}, x, nil, weight(g, "scales", 1, 1, 2, 2))
	y = g.Node("Clip", nil, y, g.Weight("low", tensor.Scalar[float32](-1)), g.Weight("high", tensor.Scalar[float32](1)))
	y = g.Mul(g.Mul(y, weight(g, "val_7", 0.125)), weight(g, "gain", 2))
	mean, variance := weight(g, "mean", 0), weight(g, "var", 1)
	y = g.Node("BatchNormalization", nil, y, weight(g, "scale", 1), weight(g, "bias", 0), mean, variance)
	g.Output("y", y)
	if err := g.Err(); err != nil {
		t.Fatal(err)
	}
	var left []string
	fixed := Fixed(g)
	for _, w := range g.Weights {
		if !fixed[w] {
			left = append(left, w.Name)
		}
	}
	if want := []string{"gain", "scale", "bias"}; !slices.Equal(left, want) {
		t.Errorf("%v are parameters, want %v", left, want)
	}
}

func TestInspectTellsOfNoise(t *testing.T) {
	g := graph.New("g")
	x := g.Input("x", "n", 3)
	eps := named(t, g, g.Node("RandomNormalLike", graph.Attrs{"seed": float32(1)}, x), "eps")
	g.Output("y", g.Add(x, eps))
	if got := Inspect(g).Noise; !slices.Equal(got, []Noise{{Node: "eps", Op: "RandomNormalLike", Shape: "[n,3]", Seeded: true}}) {
		t.Errorf("%+v", got)
	}
	graph.LiftNoise(g)
	if got := Inspect(g).Noise; !slices.Equal(got, []Noise{{Node: "eps", Op: "normal", Shape: "[n,3]", Input: true}}) {
		t.Errorf("lifted: %+v", got)
	}
}
