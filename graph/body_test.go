package graph

import (
	"strings"
	"testing"

	"github.com/elbo-ml/elbo/tensor"
)

// powers is a Loop that multiplies x by w and stacks the products: of own inputs most and a condition (each may be nil).
func powers(g *Graph, most, condition, x, w *Value) []*Value {
	body := New("body")
	body.InputOf(tensor.Int64, "i", Shape{})
	going := body.InputOf(tensor.Bool, "going", Shape{})
	state := body.InputOf(x.DType, "state", x.Shape)
	next := body.Mul(state, body.Reads(w))
	body.Output("again", going)
	body.Output("next", next)
	body.Output("seen", next)
	g.Fail(body.Err())
	return g.NodeN("Loop", 2, Attrs{"body": body}, most, condition, x, w)
}

func TestLoopHasTheShapesOfItsBody(t *testing.T) {
	g := New("powers")
	x, w, n := g.Input("x", "batch", 3), g.Weight("w", tensor.Vector[float32](1, 2, 3)), g.InputOf(tensor.Int64, "n", Shape{})
	ys := powers(g, n, nil, x, w)
	g.Output("last", ys[0])
	g.Output("all", ys[1])
	if err := Verify(g); err != nil {
		t.Fatal(err)
	}
	if got := ys[0].String(); got != "last float32[batch,3]" {
		t.Error(got)
	}
	if got := ys[1].Shape.String(); !strings.HasSuffix(got, ".n,batch,3]") {
		t.Error(got)
	}
	s, err := Specialize(g, map[string][]int{"x": {8, 3}})
	if err != nil || s.Outputs[0].String() != "last float32[8,3]" {
		t.Errorf("%v: %v", s.Outputs[0], err)
	}
	if _, ok, err := Unfold(g, g.Nodes[0]); ok || err != nil {
		t.Errorf("a Loop whose iterations are an input is written out: %v", err)
	}
}

func TestUnfoldWritesARunAfterTheOther(t *testing.T) {
	g := New("powers")
	x, w := g.Input("x", "batch", 3), g.Weight("w", tensor.Vector[float32](1, 2, 3))
	powers(g, g.Const(tensor.Scalar(int64(3))), nil, x, w)
	values, ok, err := Unfold(g, g.Nodes[0])
	if !ok || err != nil {
		t.Fatal(ok, err)
	}
	g.Nodes = g.Nodes[1:]
	g.Output("last", values[0])
	g.Output("all", values[1])
	if err := Verify(g); err != nil {
		t.Fatal(err)
	}
	ops := map[string]int{}
	for _, n := range g.Nodes {
		ops[n.Op]++
	}
	if ops["Mul"] != 3 || ops["Unsqueeze"] != 3 || ops["Concat"] != 1 || values[1].Shape.String() != "[3,batch,3]" {
		t.Errorf("%v gives %v", ops, values[1])
	}
}

func TestUnfoldLeavesTheGraphAsItWas(t *testing.T) {
	for name, condition := range map[string]func(g *Graph) (most, condition *Value){
		"too many iterations": func(g *Graph) (*Value, *Value) { return g.Const(tensor.Scalar(int64(1000))), nil },
		"no end":              func(g *Graph) (*Value, *Value) { return nil, g.Const(tensor.Scalar(true)) },
		"a condition that is fed": func(g *Graph) (*Value, *Value) {
			return g.Const(tensor.Scalar(int64(3))), g.InputOf(tensor.Bool, "c", Shape{})
		},
	} {
		g := New("powers")
		x, w := g.Input("x", "batch", 3), g.Weight("w", tensor.Vector[float32](1, 2, 3))
		most, c := condition(g)
		ys := powers(g, most, c, x, w)
		g.Output("last", ys[0])
		if _, ok, err := Unfold(g, g.Nodes[0]); ok || err != nil {
			t.Errorf("%s: %v %v", name, ok, err)
		}
		if err := Verify(g); err != nil || len(g.Nodes) != 1 {
			t.Errorf("%s: %d nodes, %v", name, len(g.Nodes), err)
		}
	}
}

// What only a body reads is needed, and follows the node into a clone and another graph.
func TestBodiesKeepWhatTheyRead(t *testing.T) {
	g := New("powers")
	x, n := g.Input("x", "batch", 3), g.InputOf(tensor.Int64, "n", Shape{})
	w := g.Exp(g.Weight("w", tensor.Vector[float32](1, 2, 3)))
	g.Output("last", powers(g, n, nil, x, w)[0])
	Prune(g)
	CSE(g)
	if len(g.Nodes) != 2 || g.Nodes[0].Op != "Exp" {
		t.Fatalf("%d nodes are left", len(g.Nodes))
	}
	c := g.Clone()
	if err := Verify(c); err != nil || c.Nodes[1].Inputs[3] == g.Nodes[1].Inputs[3] {
		t.Errorf("the clone: %v", err)
	}
	into := New("both")
	z := into.Input("z", "rows", 3)
	at, err := Append(into, g, map[*Value]*Value{x: z}, "part/")
	if err != nil {
		t.Fatal(err)
	}
	into.Output("y", at[g.Outputs[0]])
	if err := Verify(into); err != nil || into.Outputs[0].Shape.String() != "[rows,3]" {
		t.Errorf("%v: %v", into.Outputs[0], err)
	}
}

func TestIfHasWhatItsBranchesShare(t *testing.T) {
	for _, c := range []struct {
		rows, cols any
		want       string
	}{{2, 3, "[2,3]"}, {2, 4, "[2,y.1]"}, {"n", 3, "[y.0,3]"}} {
		g := New("if")
		a, b, yes := g.Input("a", 2, 3), g.Input("b", c.rows, c.cols), g.InputOf(tensor.Bool, "yes", Shape{})
		branch := func(v *Value) *Graph {
			body := New(v.Name)
			body.Output("out", body.Neg(body.Reads(v)))
			return body
		}
		y := g.Node("If", Attrs{"then_branch": branch(a), "else_branch": branch(b)}, yes, b, a)
		g.Output("y", y)
		if err := Infer(g); err != nil || y.Shape.String() != c.want {
			t.Errorf("%v: %v, want %s", err, y, c.want)
		}
	}
}

func TestBodiesThatDoNotFitAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change func(n *Node)
		says   string
	}{
		"no body":                 {func(n *Node) { delete(n.Attrs, "body") }, "no graph in the attribute body"},
		"a value left out":        {func(n *Node) { n.Inputs = n.Inputs[:3] }, "carried values"},
		"another type":            {func(n *Node) { n.Inputs[2] = &Value{Name: "d", DType: tensor.Float64, Shape: Dims("batch", 3)} }, "the body takes"},
		"another rank":            {func(n *Node) { n.Inputs[2] = &Value{Name: "d", DType: tensor.Float32, Shape: Dims(3)} }, "the body takes"},
		"a condition of integers": {func(n *Node) { n.Inputs[1] = &Value{Name: "d", DType: tensor.Int64, Shape: Shape{}} }, "must be a bool"},
		"a body with weights": {func(n *Node) {
			b := n.Attrs["body"].(*Graph)
			b.Weights = append(b.Weights, &Value{Name: "w"})
		}, "weights of its own"},
	} {
		g := New("powers")
		x, w := g.Input("x", "batch", 3), g.Weight("w", tensor.Vector[float32](1, 2, 3))
		powers(g, g.Const(tensor.Scalar(int64(3))), nil, x, w)
		c.change(g.Nodes[0])
		if err := InferNode(g.Nodes[0]); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSequencesKeepTheShapeOfTheirTensors(t *testing.T) {
	g := New("sequence")
	a, b, i := g.Input("a", 2, "n"), g.Input("b", 2, 5), g.InputOf(tensor.Int64, "i", Shape{})
	s := g.Node("SequenceConstruct", nil, a, b)
	first, second := g.Node("SequenceAt", nil, s, i), g.Node("SequenceAt", nil, s, i)
	for v, want := range map[*Value]string{
		s: "sequence of float32[2,?]", first: "float32[2," + first.Name + ".1]", second: "float32[2," + second.Name + ".1]",
		g.Node("ConcatFromSequence", Attrs{"axis": int64(0), "new_axis": int64(1)}, g.Node("SequenceConstruct", nil, b, b)): ".0,2,5]",
		g.Node("SplitToSequence", Attrs{"axis": int64(1), "keepdims": int64(0)}, b):                                         "sequence of float32[2]",
		g.Node("SequenceInsert", nil, s, g.Input("c", 2)):                                                                   "sequence of float32[?]",
		g.Node("Exp", nil, g.Node("SequenceAt", nil, g.Node("SequenceEmpty", nil), i)):                                      "float32[?]",
	} {
		if !strings.HasSuffix(v.String(), want) {
			t.Errorf("%v, want %s", v, want)
		}
	}
	if err := g.Err(); err != nil {
		t.Fatal(err)
	}
	g.Exp(s)
	if err := g.Err(); err == nil || !strings.Contains(err.Error(), "is no tensor but a sequence") {
		t.Error(err)
	}
}

// Loops in Loops that double each other's work are left as they are, whatever they stack.
func TestNestedLoopsAreNotUnfoldedWithoutEnd(t *testing.T) {
	inner := New("inner")
	inner.InputOf(tensor.Int64, "i", Shape{})
	inner.Output("go", inner.InputOf(tensor.Bool, "going", Shape{}))
	inner.Output("seen", inner.Const(tensor.Scalar(float32(1))))
	loop := inner
	for range 4 {
		body := New("outer")
		body.InputOf(tensor.Int64, "i", Shape{})
		going := body.InputOf(tensor.Bool, "going", Shape{})
		y := body.Node("Loop", Attrs{"body": loop}, body.Const(tensor.Scalar(int64(500))), going)
		body.Output("go", going)
		body.Output("seen", y)
		if err := body.Err(); err != nil {
			t.Fatal(err)
		}
		loop = body
	}
	g := New("nested")
	y := g.Node("Loop", Attrs{"body": loop}, g.Const(tensor.Scalar(int64(500))), g.Const(tensor.Scalar(true)))
	g.Output("y", y)
	if err := g.Err(); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := Unfold(g, g.Nodes[0]); ok || err != nil || len(g.Nodes) != 1 {
		t.Errorf("%v, %v: %d nodes", ok, err, len(g.Nodes))
	}
}
