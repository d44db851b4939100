package graph

import (
	"testing"

	"github.com/elbo-ml/elbo/tensor"
)

// moody is a graph whose layers behave differently in training.
func moody() *Graph {
	g := New("g")
	x := g.Input("x", "n", 2, 3)
	w := func(name string) *Value { return g.Weight(name, tensor.New(tensor.Float32, 2)) }
	y := g.Node("BatchNormalization", Attrs{"momentum": float32(0.75)}, x, w("scale"), w("bias"), w("mean"), w("var"))
	mean := w("fixed")
	y = g.Node("BatchNormalization", nil, y, w("scale2"), w("bias2"), mean, w("var2"))
	y = g.Add(y, g.Reshape(mean, g.Int64s(1, -1, 1))) // whose mean somebody else reads
	g.Output("y", g.Node("Dropout", nil, y, g.Scalar(0.25, y)))
	return g
}

func TestTrainingMode(t *testing.T) {
	g := moody()
	statistics := TrainingMode(g)
	mustVerify(t, g)
	if len(statistics) != 2 || statistics[0].Weight.Name != "mean" || statistics[1].Weight.Name != "var" || statistics[1].Next.Producer != g.Nodes[0] {
		t.Fatalf("%+v", statistics)
	}
	if g.Nodes[0].Int("training_mode", 0) != 1 || g.Nodes[1].Int("training_mode", 0) != 0 || !Draws(g.Nodes[len(g.Nodes)-1]) {
		t.Error("not the right layers are in training mode")
	}
	if l := LiftNoise(g); len(l) != 1 || l[0].Op != "Dropout" {
		t.Errorf("lifted %+v", l)
	}
	mustVerify(t, g)
	g.Keep(statistics...)
	mustVerify(t, g)
	if len(g.Nodes[0].Outputs) != 1 || g.Nodes[0].Has("training_mode") {
		t.Error("the statistics are not kept")
	}
}

func TestEvaluationMode(t *testing.T) {
	g := moody()
	TrainingMode(g)
	EvaluationMode(g)
	mustVerify(t, g)
	want := moody()
	for i, n := range g.Nodes {
		w := want.Nodes[i]
		if n.Op != w.Op || len(n.Inputs) != len(w.Inputs) || len(n.Outputs) != len(w.Outputs) || len(n.Attrs) != len(w.Attrs) {
			t.Errorf("node %d is %+v, was %+v", i, n, w)
		}
	}
	g = moody()
	g.Output("next", TrainingMode(g)[0].Next) // somebody reads it
	EvaluationMode(g)
	mustVerify(t, g)
	if g.Nodes[0].Int("training_mode", 0) != 1 {
		t.Error("a layer whose statistics are read was changed")
	}
}
