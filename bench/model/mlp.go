package model

import (
	"fmt"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train"
)

// classes is the number of labels.
const classes = 10

// examples is the size of the training set that the KL of the weights is spread over.
const examples = 60000

// dropout is a kind of variational dropout (Kingma, Salimans and Welling, arXiv 1506.02557).
type dropout int

const (
	plain dropout = iota
	// dropoutA has noise N(1, alpha) on each input of a layer, kept through the linear map.
	dropoutA
	// dropoutB has independent noise on each weight; what is drawn is that of the layer's outputs.
	dropoutB
)

// mlp is 784-1000-1000-1000-10 with relu and softmax. A row of x is the pixels and then the label, one number per class.
//
//	loss = mean over rows of -log p(label) + KL / 60000
func mlp(kind dropout) *train.Objective {
	g := graph.New("mlp")
	g.Init = initial()
	o := &train.Objective{Graph: g, X: g.Input("x", "batch", 784+classes)}
	parts := g.Split(o.X, 1, 784, classes)
	h, label := parts[0], parts[1]
	kl := g.Scalar(0, h)
	in := 784
	for i, out := range []int{1000, 1000, 1000, classes} {
		if i > 0 {
			h = g.Relu(h)
		}
		name := fmt.Sprintf("layer%d", i+1)
		if kind == plain {
			h = g.Dense(name, h, out)
		} else {
			var k *graph.Value
			h, k = dropoutLayer(g, o, kind, name, h, in, out)
			kl = g.Add(kl, k)
		}
		in = out
	}
	correct := g.ReduceSum(g.Mul(label, g.LogSoftmax(h, 1)), false, 1)
	o.Reconstruction = g.Output("reconstruction", g.ReduceMean(correct, false, 0))
	o.KL = g.Output("kl", g.Div(kl, g.Scalar(examples, kl)))
	o.ELBO = g.Output("elbo", g.Sub(o.Reconstruction, o.KL))
	o.Loss = g.Output("loss", g.Neg(o.ELBO))
	o.Params = g.Weights
	return o
}

// dropoutLayer is x w^T + b under noise of variance alpha, which is learned and stays below 1, and the KL of its weights:
//
//	A: y = (x (1 + sqrt(alpha) eps)) w^T + b          eps per input, a KL for each
//	B: y = x w^T + b + sqrt(alpha (x^2) (w^2)^T) eps  eps per output, a KL for each weight
func dropoutLayer(g *graph.Graph, o *train.Objective, kind dropout, name string, x *graph.Value, in, out int) (y, kl *graph.Value) {
	w, b := g.InitWeight(name+".weight", in, out, in), g.InitWeight(name+".bias", in, out)
	logAlpha := g.InitWeight(name+".log_alpha", 1, 1)
	tensor.Data[float32](logAlpha.Data)[0] = -1
	la := g.Min(logAlpha, g.Scalar(0, logAlpha))
	alpha := g.Exp(la)
	noise := func(n int) *graph.Value {
		eps := g.Input(name+".eps", "batch", n)
		o.Noise = append(o.Noise, eps)
		return eps
	}
	if kind == dropoutA {
		x = g.Mul(x, g.Add(g.Mul(g.Exp(g.Half(la)), noise(in)), g.Scalar(1, x)))
		return g.Linear(x, w, b), dropoutKL(g, la, alpha, in)
	}
	variance := g.Mul(alpha, g.Linear(g.Square(x), g.Square(w), nil))
	deviation := g.Sqrt(g.Add(variance, g.Scalar(1e-8, variance)))
	return g.Add(g.Linear(x, w, b), g.Mul(deviation, noise(out))), dropoutKL(g, la, alpha, in*out)
}

// dropoutKL approximates the KL of n weights from the log-uniform prior, but for a constant:
//
//	-KL = n (log(alpha)/2 + c1 alpha + c2 alpha^2 + c3 alpha^3)
//
// arXiv 1506.02557, eq. 14.
func dropoutKL(g *graph.Graph, logAlpha, alpha *graph.Value, n int) *graph.Value {
	const c1, c2, c3 = 1.161451241083230, -1.502041176441722, 0.586299206427007
	number := func(x float64) *graph.Value { return g.Scalar(x, alpha) }
	poly := g.Mul(alpha, g.Add(number(c1), g.Mul(alpha, g.Add(number(c2), g.Mul(alpha, number(c3))))))
	return g.Mul(g.ReduceSum(g.Add(g.Half(logAlpha), poly), false), number(-float64(n)))
}
