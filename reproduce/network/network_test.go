package network

import (
	"bytes"
	"math"
	"testing"

	"gonum.org/v1/gonum/stat"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/train"
)

func TestNetworks(t *testing.T) {
	mlp, err := MLP(1, 784, 300, 100, 10)
	if err != nil {
		t.Fatal(err)
	}
	lenet, err := LeNet5(1)
	if err != nil {
		t.Fatal(err)
	}
	// The sizes that arXiv 1701.05369 and its rivals compress: 266,200 and 430,500 weights, and the biases.
	for g, want := range map[*graph.Graph]int{mlp: 266200 + 410, lenet: 430500 + 580} {
		total := 0
		for _, w := range g.Weights {
			total += w.Data.Len()
		}
		if total != want {
			t.Errorf("%s has %d parameters, want %d", g.Name, total, want)
		}
		if _, err := train.NewClassifier(g); err != nil {
			t.Error(err)
		}
		if err := graph.Verify(g); err != nil {
			t.Error(err)
		}
	}
	w := mlp.Value("fc1.weight").Data
	if sd := stat.StdDev(w.Floats(), nil); math.Abs(sd*math.Sqrt(784.0/2)-1) > 0.01 {
		t.Errorf("the first layer's weights have deviation %v", sd)
	}
	narrow, err := MLP(1, 784, 300, 100, 10)
	if err != nil {
		t.Fatal(err)
	}
	Rescale(narrow, 0.02)
	for _, name := range []string{"fc1.weight", "fc2.weight"} {
		if sd := stat.StdDev(narrow.Value(name).Data.Floats(), nil); math.Abs(sd/0.02-1) > 0.01 {
			t.Errorf("%s has deviation %v after it was given 0.02", name, sd)
		}
	}
	again, err := MLP(1, 784, 300, 100, 10)
	if err != nil {
		t.Fatal(err)
	}
	other, err := MLP(2, 784, 300, 100, 10)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(w.Bytes(), again.Value("fc1.weight").Data.Bytes()) || bytes.Equal(w.Bytes(), other.Value("fc1.weight").Data.Bytes()) {
		t.Error("weights do not follow the seed")
	}
}
