package native

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
)

// described is the plan of y = sum((tanh(x w) * 2)^T dy) with a Transpose that the product reads through, a chain, and a
// constant computed while planning.
func described(t *testing.T) *Plan {
	t.Helper()
	g := graph.New("small")
	x, dy := g.Input("x", "batch", 8), g.Input("dy", "batch", 3)
	w := g.Weight("w", tensor.New(tensor.Float32, 8, 4))
	two := g.Exp(g.Const(tensor.Scalar(float32(0.6931472))))
	h := g.Mul(g.Tanh(g.MatMul(x, w)), two)
	g.Output("y", g.MatMul(g.Transpose(h, 1, 0), dy))
	if err := g.Err(); err != nil {
		t.Fatal(err)
	}
	p, err := Describe(g, map[string][]int{"x": {10, 8}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestDescribe(t *testing.T) {
	p := described(t)
	last := p.Steps[len(p.Steps)-1]
	if last.Kernel != "MatMul" || !last.In[0].Transposed || !last.In[0].FoldedTranspose || last.In[1].Transposed {
		t.Errorf("the last step does not read through the Transpose: %+v", last)
	}
	if last.In[1].Place != "input" || last.Out[0].Place != "output" || !slices.Equal(last.Out[0].Shape, []int{4, 3}) {
		t.Errorf("the last step's operands are %+v -> %+v", last.In, last.Out)
	}
	var ops []string
	for _, s := range p.Steps {
		if s.Kernel != "" {
			ops = append(ops, s.Kernel)
		}
		ops = append(ops, s.Chain...)
	}
	if !slices.Equal(ops, []string{"MatMul", "Tanh", "Mul", "MatMul"}) {
		t.Errorf("the operators that run are %v", ops)
	}
	if p.Nodes != 6 || p.Kept != 4 || p.Views != 0 || p.Folded != 1 || p.FoldedBytes != 4 {
		t.Errorf("%d nodes, %d kept, %d views, %d folded of %d bytes", p.Nodes, p.Kept, p.Views, p.Folded, p.FoldedBytes)
	}
	if p.Weights != 4*32 || p.Inputs != 4*(80+30) || p.Outputs != 4*12 {
		t.Errorf("weights %d, inputs %d, outputs %d bytes", p.Weights, p.Inputs, p.Outputs)
	}
	if want := 2*10*8*4 + 2*40 + 2*4*10*3; p.Cost.FLOPs != want {
		t.Errorf("%d FLOPs, want %d", p.Cost.FLOPs, want)
	}
	// tanh(x w) * 2 takes the memory of x w: 160 bytes, in lines of 64.
	if p.Arena != 192 || p.Live != 192 {
		t.Errorf("arena %d, alive %d bytes", p.Arena, p.Live)
	}
}

func TestDescribeRefusesWhatCannotRun(t *testing.T) {
	g := graph.New("open")
	g.Output("y", g.Exp(g.Input("x", "batch", 3)))
	if _, err := Describe(g, nil); !errors.Is(err, runtime.ErrInput) {
		t.Errorf("an open dimension: %v", err)
	}
	if _, err := Describe(g, map[string][]int{"x": {2, 4}}); err == nil {
		t.Error("a shape that the input cannot have is described")
	}
	if _, err := Describe(g, map[string][]int{"z": {2, 4}}); err == nil {
		t.Error("an input that there is not is described")
	}
}

// What a plan is said to do adds up, on any graph.
func TestDescriptionsAddUp(t *testing.T) {
	for seed := range uint64(50) {
		g := tangle(rand.New(rand.NewPCG(seed, 3)))
		p, err := Describe(g, nil)
		if err != nil {
			t.Fatal(err)
		}
		var cost graph.Cost
		ops := 0
		for _, s := range p.Steps {
			cost.Add(s.Cost)
			ops += len(s.Chain)
			if s.Kernel != "" {
				ops++
			}
			for _, o := range append(s.In, s.Out...) {
				if o.Place == "arena" && o.Offset+o.Bytes > p.Arena {
					t.Fatalf("seed %d: %+v ends outside of an arena of %d bytes", seed, o, p.Arena)
				}
			}
		}
		if cost != p.Cost || ops != p.Kept-p.Views || p.Arena < p.Live || p.Kept > p.Nodes {
			t.Fatalf("seed %d: %+v", seed, p)
		}
	}
}
