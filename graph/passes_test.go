package graph

import (
	"strings"
	"testing"

	"github.com/elbo-ml/elbo/tensor"
)

func ops(g *Graph) string {
	var names []string
	for _, n := range g.Nodes {
		names = append(names, n.Op)
	}
	return strings.Join(names, " ")
}

func mustVerify(t *testing.T, g *Graph) {
	t.Helper()
	if err := Verify(g); err != nil {
		t.Errorf("verify: %v", err)
	}
}

func TestPruneKeepsWhatOutputsNeed(t *testing.T) {
	g := New("g")
	x := g.Input("x", 2)
	g.Exp(g.Sin(x))
	g.Output("y", g.Tanh(x))
	Prune(g)
	if got := ops(g); got != "Tanh" {
		t.Errorf("nodes %q are left, want Tanh", got)
	}
	if g.Value("Sin_1") != nil {
		t.Error("the name of a value that was removed is still taken")
	}
	mustVerify(t, g)
}

func TestDiscardLeavesEarlierNodes(t *testing.T) {
	g := New("g")
	x := g.Input("x", 2)
	g.Sin(x) // nobody needs it, but it was there before
	from := len(g.Nodes)
	g.Exp(x)
	keep := g.Neg(x)
	g.Discard(from, keep)
	if got := ops(g); got != "Sin Neg" {
		t.Errorf("nodes %q are left, want Sin Neg", got)
	}
}

func TestCSE(t *testing.T) {
	g := New("g")
	x := g.Input("x", 2)
	a, b := g.Exp(x), g.Exp(x)
	other := g.Node("LeakyRelu", Attrs{"alpha": float32(0.1)}, x)
	different := g.Node("LeakyRelu", Attrs{"alpha": float32(0.2)}, x)
	noise1, noise2 := g.Node("RandomNormalLike", nil, x), g.Node("RandomNormalLike", nil, x)
	sum := g.Add(g.Add(a, b), g.Add(other, different))
	g.Output("y", g.Add(sum, g.Sub(noise1, noise2)))
	g.Output("z", g.Exp(x)) // an output keeps its own name
	CSE(g)
	if got := strings.Count(ops(g), "Exp"); got != 2 {
		t.Errorf("%d nodes compute e^x, want one and the output", got)
	}
	if got := strings.Count(ops(g), "LeakyRelu"); got != 2 {
		t.Errorf("%d LeakyRelu are left: they differ in alpha, so both must stay", got)
	}
	if got := strings.Count(ops(g), "RandomNormalLike"); got != 2 {
		t.Errorf("%d draws are left, want both: each draws its own numbers", got)
	}
	mustVerify(t, g)
}

func TestVerifyNamesWhatIsWrong(t *testing.T) {
	rows := []struct {
		name, want string
		spoil      func(g *Graph)
	}{
		{"a name used twice", "two values are called", func(g *Graph) { g.Nodes[0].Outputs[0].Name = "x" }},
		{"a wrong type", "must be", func(g *Graph) { g.Nodes[0].Outputs[0].DType = tensor.Float64 }},
		{"a wrong shape", "must be", func(g *Graph) { g.Nodes[0].Outputs[0].Shape = Dims(3) }},
		{"an unknown operator", "no such operator", func(g *Graph) { g.Nodes[0].Op = "Nothing" }},
		{"an input too many", "inputs", func(g *Graph) { g.Nodes[0].Inputs = append(g.Nodes[0].Inputs, g.Inputs[0]) }},
		{"an output that nobody computes", "before it is computed", func(g *Graph) { g.Outputs = append(g.Outputs, &Value{Name: "lost"}) }},
		{"a value made twice", "made twice", func(g *Graph) { g.Nodes = append(g.Nodes, g.Nodes[0]) }},
		{"a weight without data", "no data", func(g *Graph) { g.Weights = append(g.Weights, &Value{Name: "w"}) }},
	}
	for _, r := range rows {
		g := New("g")
		g.Output("y", g.Exp(g.Input("x", 2)))
		mustVerify(t, g)
		r.spoil(g)
		if err := Verify(g); err == nil || !strings.Contains(err.Error(), r.want) {
			t.Errorf("%s: %v, want %q", r.name, err, r.want)
		}
	}
}

func TestAppendJoinsEncoderAndDecoder(t *testing.T) {
	dec := New("decoder")
	w := tensor.New(tensor.Float32, 4, 2)
	dec.Output("logits", dec.Linear(dec.Input("z", "batch", 2), dec.Weight("fc.weight", w), nil))
	g := New("vae")
	x := g.Input("x", "n", 2)
	for range 2 { // twice: two samples through one decoder
		at, err := Append(g, dec, map[*Value]*Value{dec.Inputs[0]: g.Tanh(x)}, "decoder/")
		if err != nil {
			t.Fatal(err)
		}
		logits := at[dec.Outputs[0]]
		if got := logits.Shape.String(); got != "[n,4]" {
			t.Errorf("the joined output is %s: the shape must follow from what is bound", got)
		}
		g.Output(g.Fresh("y"), logits)
	}
	if len(g.Weights) != 1 || g.Weights[0].Name != "decoder/fc.weight" || g.Weights[0].Data != w {
		t.Errorf("weights %v, want one that shares its tensor", g.Weights)
	}
	mustVerify(t, g)
	if _, err := Append(g, dec, map[*Value]*Value{dec.Inputs[0]: g.Input("bad", "n", 3)}, "other/"); err == nil {
		t.Error("3 latents were bound to an input of 2")
	}
}

func TestWeightsToInputs(t *testing.T) {
	g := New("g")
	x := g.Input("x", "n", 2)
	w := g.Weight("w", tensor.New(tensor.Float32, 3, 2))
	g.Output("y", g.Linear(x, w, nil))
	if err := g.WeightsToInputs(w); err != nil {
		t.Fatal(err)
	}
	if len(g.Weights) != 0 || g.Inputs[1] != w || w.Data != nil {
		t.Error("the weight is not an input")
	}
	mustVerify(t, g)
	if err := g.WeightsToInputs(w); err == nil {
		t.Error("an input was taken for a weight")
	}
}

func TestSpecialize(t *testing.T) {
	g := New("g")
	x, eps := g.Input("x", "batch", 3), g.Input("eps", "batch", 1)
	g.Output("y", g.Mul(x, eps))
	c, err := Specialize(g, map[string][]int{"x": {8, 3}})
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Outputs[0].Shape.String() + c.Inputs[1].Shape.String(); got != "[8,3][8,1]" {
		t.Errorf("shapes %s, want the symbol to be 8 everywhere", got)
	}
	if g.Inputs[0].Shape.String() != "[batch,3]" {
		t.Error("the original was changed")
	}
	for name, shapes := range map[string]map[string][]int{
		"two numbers for one symbol": {"x": {8, 3}, "eps": {7, 1}},
		"an extent that is fixed":    {"x": {8, 4}},
		"another rank":               {"x": {8}},
		"a negative extent":          {"x": {-1, 3}},
		"no such input":              {"z": {8}},
	} {
		if _, err := Specialize(g, shapes); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

func TestOperatorTable(t *testing.T) {
	none := map[string]bool{"CumProd": true, "Det": true, "GridSample": true, "RoiAlign": true} // have no gradient
	for _, op := range Ops() {
		lacks := none[op.Name] || len(op.Bodies) > 0 && op.Name != "Scan" || op.Lists && op.Name != "Identity"
		if op.Infer == nil || (op.Gradient == nil) != lacks {
			t.Errorf("%s lacks a shape rule or a gradient rule", op.Name)
		}
	}
}

// A part that is appended twice shares its weights, and every node has a name of its own.
func TestAppendTwiceNamesNodesApart(t *testing.T) {
	part := New("part")
	part.Output("y", part.Tanh(part.Dense("fc", part.Input("x", "batch", 3), 2)))
	g := New("both")
	for _, name := range []string{"a", "b", "c"} {
		if _, err := Append(g, part, map[*Value]*Value{part.Inputs[0]: g.Input(name, "batch", 3)}, "part/"); err != nil {
			t.Fatal(err)
		}
	}
	seen := map[string]bool{}
	for _, n := range g.Nodes {
		if seen[n.Name] {
			t.Errorf("two nodes are called %q", n.Name)
		}
		seen[n.Name] = true
	}
	if len(g.Nodes) != 6 || len(g.Weights) != 2 {
		t.Errorf("%d nodes and %d weights, want 6 and 2", len(g.Nodes), len(g.Weights))
	}
}
