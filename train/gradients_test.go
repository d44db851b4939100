package train

import (
	"testing"

	"github.com/elbo-ml/elbo/graph"
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

func TestGradientsRefuseALossThatIsNotANumber(t *testing.T) {
	g := graph.New("vector")
	x := g.Input("x", 3)
	if _, err := Gradients(g, g.Exp(x), []*graph.Value{x}); err == nil {
		t.Error("a vector was taken for a loss")
	}
}
