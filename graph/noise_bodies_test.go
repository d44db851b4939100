package graph

import (
	"testing"

	"github.com/elbo-ml/elbo/tensor"
)

// walker adds noise like the state to it in each round: an If, a Loop of so many rounds, or a Scan along rows [n, steps, 3].
func walker(g *Graph, op string, x, most, rows *Value) *Value {
	noisy := func(b *Graph, s *Value) *Value {
		e := b.Node("RandomNormalLike", Attrs{"scale": float32(2)}, s)
		return b.Add(s, e)
	}
	body := New("body")
	switch op {
	case "If":
		otherwise := New("else")
		otherwise.Output("same", otherwise.Node("Identity", nil, otherwise.Reads(x)))
		body.Output("noisy", noisy(body, body.Reads(x)))
		return g.Node("If", Attrs{"then_branch": body, "else_branch": otherwise}, g.InputOf(tensor.Bool, "c", Shape{}), x, x)
	case "Loop":
		body.InputOf(tensor.Int64, "i", Shape{})
		going := body.InputOf(tensor.Bool, "going", Shape{})
		s := body.InputOf(x.DType, "s", x.Shape)
		body.Output("again", going)
		body.Output("next", noisy(body, s))
		return g.NodeN("Loop", 1, Attrs{"body": body}, most, nil, x)[0]
	}
	s := body.InputOf(x.DType, "s", x.Shape)
	row := body.InputOf(x.DType, "row", x.Shape)
	body.Output("next", body.Add(noisy(body, s), row))
	return g.NodeN("Scan", 1, Attrs{"body": body, "num_scan_inputs": int64(1), "scan_input_axes": ints64(1)}, x, rows)[0]
}

func TestNoiseOfBodiesBecomesInputs(t *testing.T) {
	for _, c := range []struct {
		name, op string
		most     func(g *Graph, x *Value) *Value
		want     string // the shape of the input; "" where the noise stays
	}{
		{"a branch", "If", nil, "[n,3]"},
		{"rounds that are a number", "Loop", func(g *Graph, x *Value) *Value { return g.Const(tensor.Scalar(int64(700))) }, "[n,700,3]"},
		{"as many rounds as rows", "Loop", func(g *Graph, x *Value) *Value {
			return g.Squeeze(g.Slice(g.Node("Shape", nil, x), []int{0}, []int{1}, []int{0}), 0)
		}, "[n,n,3]"},
		{"rounds that are fed", "Loop", func(g *Graph, x *Value) *Value { return g.InputOf(tensor.Int64, "m", Shape{}) }, ""},
		{"no end of rounds", "Loop", func(g *Graph, x *Value) *Value { return nil }, ""},
		{"more rounds than there is memory", "Loop", func(g *Graph, x *Value) *Value { return g.Const(tensor.Scalar(int64(1) << 62)) }, ""},
		{"steps", "Scan", nil, "[n,steps,3]"},
	} {
		g := New("g")
		x := g.Input("x", "n", 3)
		var most *Value
		if c.most != nil {
			most = c.most(g, x)
		}
		y := walker(g, c.op, x, most, g.Input("rows", "n", "steps", 3))
		shape := y.Shape.String()
		g.Output("y", g.Exp(y))
		mustVerify(t, g)
		again := g.Clone()
		lifted := LiftNoise(g)
		mustVerify(t, g)
		if c.want == "" {
			if lifted != nil {
				t.Errorf("%s: lifted %v", c.name, lifted[0].Value)
			}
			continue
		}
		if len(lifted) != 1 || lifted[0].Value.Shape.String() != c.want || lifted[0].Op != "RandomNormalLike" || g.Inputs[len(g.Inputs)-1] != lifted[0].Value {
			t.Fatalf("%s: lifted %+v, inputs %v", c.name, lifted, g.Inputs)
		}
		if got := y.Shape.String(); got != shape {
			t.Errorf("%s: the output was %s and is %s", c.name, shape, got)
		}
		if LiftNoise(g) != nil {
			t.Errorf("%s: something still draws", c.name)
		}
		if LiftNoise(again) == nil {
			t.Errorf("%s: a copy from before shares the changed body", c.name)
		}
	}
}

// Dropout in a body drops in training, and nothing otherwise; its layer stays differentiable.
func TestModesReachIntoBodies(t *testing.T) {
	g := New("g")
	x, rows := g.Input("x", "n", 3), g.Input("rows", "n", "steps", 3)
	body := New("body")
	s, row := body.Input("s", "n", 3), body.Input("row", "n", 3)
	body.Output("next", body.Node("Dropout", nil, body.Add(s, body.Tanh(row)), body.Scalar(0.25, s)))
	y := g.NodeN("Scan", 1, Attrs{"body": body, "num_scan_inputs": int64(1), "scan_input_axes": ints64(1)}, x, rows)[0]
	g.Output("y", y)
	drops := func() bool { return Draws(g.Nodes[0].Bodies()[0].Nodes[2]) }
	if TrainingMode(g); !drops() || Draws(body.Nodes[2]) {
		t.Error("dropout is off in training, or the body was changed in its place")
	}
	if EvaluationMode(g); drops() {
		t.Error("dropout is on in evaluation")
	}
	TrainingMode(g)
	if l := LiftNoise(g); len(l) != 1 || l[0].Distribution != Uniform || l[0].Value.Shape.String() != "[n,steps,3]" {
		t.Fatalf("lifted %+v", l)
	}
	if _, missing := Pullback(g, map[*Value]*Value{y: g.Node("Identity", nil, y)}, []*Value{x, rows}, nil); missing != nil {
		t.Error(missing)
	}
	mustVerify(t, g)
}

// What data decide is named as what has no gradient.
func TestWhatDataDecideHasNoGradient(t *testing.T) {
	for op, want := range map[string]string{
		"If":   "it has no gradient, since which branch it takes depends on data",
		"Loop": "it has no gradient, since how often it runs depends on data",
	} {
		g := New("g")
		x := g.Input("x", "n", 3)
		y := walker(g, op, x, g.InputOf(tensor.Int64, "m", Shape{}), nil)
		y.Producer.Name = "decision"
		_, missing := Pullback(g, map[*Value]*Value{y: x}, []*Value{x}, nil)
		if len(missing) != 1 || missing[0] != op+` (node "decision"): `+want {
			t.Errorf("%s: %q", op, missing)
		}
	}
}
