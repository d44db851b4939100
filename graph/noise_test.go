package graph

import (
	"strings"
	"testing"

	"github.com/elbo-ml/elbo/tensor"
)

func TestLiftNoise(t *testing.T) {
	on := func(g *Graph) *Value { return g.Const(flag(true)) }
	rows := []struct {
		name         string
		build        func(g *Graph, x *Value) *Value
		distribution string
		input        string // with %, the name of the node's output
		shape        string
		ops          string // in the node's place
	}{
		{"plain noise is the input itself", func(g *Graph, x *Value) *Value { return g.Node("RandomNormalLike", nil, x) }, Normal, "%", "[n,3]", ""},
		{"mean and scale are nodes", func(g *Graph, x *Value) *Value {
			return g.Node("RandomNormalLike", Attrs{"mean": float32(1), "scale": float32(0.5)}, x)
		}, Normal, "%_noise", "[n,3]", "Mul Add Identity"},
		{"low and high are nodes", func(g *Graph, x *Value) *Value {
			return g.Node("RandomUniform", Attrs{"shape": ints64(3), "low": float32(-1)})
		}, Uniform, "%_uniform", "[3]", "Mul Add Identity"},
		{"a coin", func(g *Graph, x *Value) *Value { return g.Node("Bernoulli", nil, x) }, Uniform, "%_uniform", "[n,3]", "Less Cast"},
		{"dropout that is on", func(g *Graph, x *Value) *Value {
			return g.Node("Dropout", nil, x, g.Scalar(0.25, x), on(g))
		}, Uniform, "%_uniform", "[n,3]", "GreaterOrEqual Sub Div Where"},
		{"classes", func(g *Graph, x *Value) *Value {
			return g.Node("Multinomial", Attrs{"sample_size": int64(5)}, x)
		}, Uniform, "%_uniform", "[n,5]", "Softmax CumSum Slice Unsqueeze Unsqueeze LessOrEqual Cast ReduceSum Identity"},
	}
	for _, r := range rows {
		g := New("g")
		x := g.Input("x", "n", 3)
		y := r.build(g, x)
		input := strings.Replace(r.input, "%", y.Name, 1)
		before := len(g.Nodes)
		g.Output("z", g.Cast(y, tensor.Float64))
		lifted := LiftNoise(g)
		mustVerify(t, g)
		if len(lifted) != 1 || len(g.Inputs) != 2 || g.Inputs[1] != lifted[0].Value || !g.Inputs[1].IsInput() {
			t.Fatalf("%s: lifted %+v to the inputs %v", r.name, lifted, g.Inputs)
		}
		if l := lifted[0]; l.Distribution != r.distribution || l.Value.Name != input || l.Value.Shape.String() != r.shape {
			t.Errorf("%s: %+v %v, want %s %s%s", r.name, l, l.Value, r.distribution, input, r.shape)
		}
		var ops []string
		for _, n := range g.Nodes[before-1 : len(g.Nodes)-1] {
			ops = append(ops, n.Op)
		}
		if got := strings.Join(ops, " "); got != r.ops {
			t.Errorf("%s: %s in its place, want %s", r.name, got, r.ops)
		}
		if LiftNoise(g) != nil {
			t.Errorf("%s: something still draws noise", r.name)
		}
	}
}

func flag(on bool) *tensor.Tensor {
	t := tensor.New(tensor.Bool)
	if on {
		t.Bytes()[0] = 1
	}
	return t
}

// Noise that is an output of the graph stays one, under its name.
func TestLiftNoiseThatIsGivenOut(t *testing.T) {
	g := New("g")
	g.Output("draw", g.Node("RandomNormalLike", nil, g.Input("x", "n", 3)))
	if l := LiftNoise(g); len(l) != 1 || l[0].Value.Name != "draw_noise" || g.Outputs[0].Name != "draw" {
		t.Errorf("%+v, outputs %v", l, g.Outputs)
	}
	mustVerify(t, g)
}

func TestDraws(t *testing.T) {
	g := New("g")
	x := g.Input("x", 2)
	off, on := g.Const(flag(false)), g.Const(flag(true))
	fed := g.InputOf(tensor.Bool, "training", Shape{})
	for i, c := range []struct {
		n    *Value
		want bool
	}{
		{g.Exp(x), false},
		{g.Node("RandomNormalLike", nil, x), true},
		{g.Node("Dropout", nil, x), false},
		{g.Node("Dropout", nil, x, g.Scalar(0.5, x), off), false},
		{g.Node("Dropout", nil, x, g.Scalar(0, x), on), false},
		{g.Node("Dropout", nil, x, g.Scalar(0.5, x), on), true},
		{g.Node("Dropout", nil, x, nil, fed), true},
	} {
		if Draws(c.n.Producer) != c.want {
			t.Errorf("case %d, %s: %v", i, c.n.Producer.Op, !c.want)
		}
	}
}

func TestDrawInside(t *testing.T) {
	rows := []struct {
		name  string
		build func(g *Graph, x *Value) *Value // gives the noise
		use   func(g *Graph, x, e *Value) *Value
		want  string // operators of the whole graph
	}{
		{"as the operand that it meets", func(g *Graph, x *Value) *Value { return g.Node("RandomNormalLike", nil, x) },
			func(g *Graph, x, e *Value) *Value { return g.Mul(g.Exp(x), e) }, "Exp RandomNormalLike Mul"},
		{"of numbers", func(g *Graph, x *Value) *Value { return g.Node("RandomUniform", Attrs{"shape": ints64(2, 3)}) },
			func(g *Graph, x, e *Value) *Value { return g.ReduceSum(e, false) }, "RandomUniform ReduceSum"},
		{"of extents found one by one", func(g *Graph, x *Value) *Value {
			return g.Node("RandomNormalLike", nil, g.Expand(g.Scalar(0, x), g.Concat(0, g.Slice(g.Node("Shape", nil, x), []int{0}, []int{1}, []int{0}), g.Int64s(7))))
		}, func(g *Graph, x, e *Value) *Value { return g.Exp(e) }, "Shape Gather Concat ConstantOfShape RandomNormalLike Exp"},
		{"shifted and scaled", func(g *Graph, x *Value) *Value {
			return g.Node("RandomUniformLike", Attrs{"low": float32(2), "high": float32(6)}, x)
		}, func(g *Graph, x, e *Value) *Value { return g.Exp(e) }, "RandomUniformLike Mul Add Identity Exp"},
	}
	for _, r := range rows {
		g := New("g")
		x := g.Input("x", "n", 3)
		g.Output("y", r.use(g, x, r.build(g, x)))
		LiftNoise(g)
		Prune(g)
		if n := NoiseInputs(g); len(n) != 1 || n[0].Value != g.Inputs[1] {
			t.Fatalf("%s: noise inputs %+v", r.name, n)
		}
		if err := DrawInside(g); err != nil {
			t.Errorf("%s: %v", r.name, err)
			continue
		}
		mustVerify(t, g)
		var ops []string
		for _, n := range g.Nodes {
			ops = append(ops, n.Op)
		}
		if got := strings.Join(ops, " "); got != r.want || len(g.Inputs) != 1 || len(g.Metadata) != 0 {
			t.Errorf("%s: %s of the inputs %v with the metadata %v, want %s", r.name, got, g.Inputs, g.Metadata, r.want)
		}
	}
}

// An extent that only the noise has cannot be found.
func TestDrawInsideFails(t *testing.T) {
	g := New("g")
	g.Input("x", "n", 3)
	e := g.Input("eps", "m", 3)
	g.Output("y", g.Exp(e))
	g.SetProperty(noiseKey+"eps", Normal)
	if err := DrawInside(g); err == nil || !strings.Contains(err.Error(), `draw "eps" inside: nothing before it has the extent m`) {
		t.Error(err)
	}
}
