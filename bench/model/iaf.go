package model

import (
	"fmt"
	"math"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/tensor"
)

// The VAE with an inverse autoregressive posterior (arXiv 1606.04934): 784-450-32, a chain of 4 steps, each a MADE with two
// hidden layers of 320.
const (
	iafDense   = 450
	iafLatent  = 32
	iafContext = 32
	iafSteps   = 4
	iafWidth   = 320
)

// iafEncode is x and noise to z and log q(z|x).
//
//	[m, s] = MADE(z, h);  z = sigmoid(s) z + (1 - sigmoid(s)) m;  log q -= sum log sigmoid(s)
//
// with the order of z reversed between the steps.
func iafEncode(g *graph.Graph) {
	x, eps := g.Input("x", "batch", 784), g.Input("eps", "batch", iafLatent)
	h := g.Elu(g.Dense("encode", x, iafDense), 1)
	parts := g.Split(g.Dense("latent", h, 2*iafLatent+iafContext), 1, iafLatent, iafLatent, iafContext)
	mean, logvar, context := parts[0], parts[1], parts[2]
	z := models.Reparameterize(g, mean, logvar, eps)
	terms := g.Add(logvar, g.Add(g.Square(eps), g.Scalar(math.Log(2*math.Pi), eps)))
	logq := g.ReduceSum(g.Mul(terms, g.Scalar(-0.5, terms)), false, 1)
	for i := range iafSteps {
		if i > 0 {
			z = reversed(g, z, iafLatent)
		}
		m, s := madeStep(g, fmt.Sprintf("iaf%d", i+1), z, context)
		sigma := g.Sigmoid(s)
		z = g.Add(m, g.Mul(sigma, g.Sub(z, m)))
		logq = g.Sub(logq, g.ReduceSum(g.Log(sigma), false, 1))
	}
	g.Output("z", z)
	g.Output("logq", logq)
}

// madeStep is the two outputs of a MADE of z [batch, iafLatent] in the context h. Output i sees z up to i-1.
func madeStep(g *graph.Graph, name string, z, h *graph.Value) (m, s *graph.Value) {
	in, hidden := degrees(1, iafLatent, iafLatent), degrees(1, iafLatent-1, iafWidth)
	a := g.Add(masked(g, name+".fc1", z, in, hidden, false), g.Dense(name+".context", h, iafWidth))
	a = masked(g, name+".fc2", g.Elu(a, 1), hidden, hidden, false)
	a = g.Elu(a, 1)
	m = masked(g, name+".m", a, hidden, in, true)
	s = masked(g, name+".s", a, hidden, in, true)
	return m, g.Add(s, g.Scalar(1.5, s))
}

// reversed turns the columns of z round.
func reversed(g *graph.Graph, z *graph.Value, n int) *graph.Value {
	order := make([]int, n)
	for i := range order {
		order[i] = n - 1 - i
	}
	return g.Gather(z, g.Int64s(order...), 1)
}

// iafDecoder is the decoder of the same VAE: z to the means of 784 pixels.
func iafDecoder(g *graph.Graph) {
	h := g.Elu(g.Dense("decode", g.Input("z", "batch", iafLatent), iafDense), 1)
	g.Output("mean", g.Sigmoid(g.Dense("logits", h, 784)))
}

// madeDecoder is an autoregressive decoder of the same width: the mean of each pixel in the light of z and of the pixels
// before it.
func madeDecoder(g *graph.Graph) {
	x, z := g.Input("x", "batch", 784), g.Input("z", "batch", iafLatent)
	pixels, hidden := degrees(1, 784, 784), degrees(1, 783, iafDense)
	h := g.Elu(g.Add(masked(g, "pixels", x, pixels, hidden, false), g.Dense("decode", z, iafDense)), 1)
	g.Output("mean", g.Sigmoid(masked(g, "logits", h, hidden, pixels, true)))
}

// degrees are n numbers spread evenly over lo to hi: how many inputs a unit may depend on.
func degrees(lo, hi, n int) []int {
	d := make([]int, n)
	for i := range d {
		d[i] = lo + i*(hi-lo+1)/n
	}
	return d
}

// masked is a dense layer in which a unit of degree d sees those of at most degree d, or, when strict, below it: the masks of
// MADE (arXiv 1502.03509, eqs. 13 and 14), multiplied into the weights.
func masked(g *graph.Graph, name string, x *graph.Value, in, out []int, strict bool) *graph.Value {
	w := g.InitWeight(name+".weight", len(in), len(out), len(in))
	data := tensor.Data[float32](w.Data)
	for o, do := range out {
		for i, di := range in {
			if di > do || strict && di == do {
				data[o*len(in)+i] = 0
			}
		}
	}
	return g.Linear(x, w, g.InitWeight(name+".bias", len(in), len(out)))
}
