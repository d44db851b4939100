package graph

import "testing"

func TestVAEFormulaInfers(t *testing.T) {
	g := New("vae")
	x, eps := g.Input("x", "batch", 784), g.Input("eps", "batch", 20)
	var mean, logvar *Value
	g.Scope("encoder", func() {
		h := g.Tanh(g.Dense("fc1", x, 500))
		mean, logvar = g.Dense("mean", h, 20), g.Dense("logvar", h, 20)
	})
	z := g.Add(mean, g.Mul(g.Exp(g.Half(logvar)), eps))
	logits := g.Dense("out", g.Tanh(g.Dense("fc2", z, 500)), 784)
	rec := g.ReduceSum(g.Sub(g.Mul(x, logits), g.Softplus(logits)), false, 1)
	loss := g.Neg(g.ReduceMean(rec, false))
	if err := g.Err(); err != nil {
		t.Fatal(err)
	}
	if got := rec.Shape.String(); got != "[batch]" {
		t.Errorf("reconstruction per row is %s, not [batch]", got)
	}
	if loss.Rank() != 0 {
		t.Errorf("the loss is %v, not a scalar", loss.Shape)
	}
	if g.Value("encoder/mean.weight") == nil {
		t.Error("the scope did not name the weight")
	}
}
