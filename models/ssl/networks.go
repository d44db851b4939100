package ssl

import (
	"fmt"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/tensor"
)

// The networks are written with MatMul and Add on the last axis, so that their inputs may have further axes: x as
// [batch, 1, size] beside all classes as [1, classes, classes] gives [batch, classes, ...], where the product with x, much
// the largest, is taken once for all classes.

// builder builds the networks of a Config.
type builder struct {
	Config
	op   string // of the activation
	init graph.Init
	size int // numbers in a row of x
}

func (b builder) graph(name string) *graph.Graph {
	g := graph.New(name)
	g.Init, g.Producer = b.init, "elbo"
	return g
}

// layer is the sum of x W over the inputs, and a bias. With several inputs the weights are called by their letters, and the
// bias goes to the last, the classes: their rows are few.
func (b builder) layer(g *graph.Graph, name string, units int, inputs ...*graph.Value) *graph.Value {
	var sum *graph.Value
	for i, x := range inputs {
		in, _ := x.Shape[x.Rank()-1].Known()
		weight := name + ".weight"
		if len(inputs) > 1 {
			weight = name + "." + x.Name + ".weight"
		}
		y := g.MatMul(x, g.InitWeight(weight, in, in, units))
		if i == len(inputs)-1 {
			y = g.Add(y, g.InitWeight(name+".bias", in, units))
		}
		if sum == nil {
			sum = y
		} else {
			sum = g.Add(sum, y)
		}
	}
	return sum
}

// hidden are the hidden layers over the inputs.
func (b builder) hidden(g *graph.Graph, inputs ...*graph.Value) *graph.Value {
	var h *graph.Value
	for i, units := range b.Hidden {
		if i > 0 {
			inputs = []*graph.Value{h}
		}
		h = g.Node(b.op, nil, b.layer(g, fmt.Sprintf("fc%d", i+1), units, inputs...))
	}
	return h
}

// classifier is x -> logits of q(y|x), and the probabilities.
func (b builder) classifier() *graph.Graph {
	g := b.graph("classifier")
	logits := b.layer(g, "logits", b.Classes, b.hidden(g, g.Input("x", "batch", b.size)))
	logits = g.Output("logits", logits)
	g.Output("probabilities", g.Softmax(logits, -1))
	return g
}

// encoder is x, y -> mean and logvar of q(z|x,y), where y is a one among zeros.
func (b builder) encoder() *graph.Graph {
	g := b.graph("encoder")
	h := b.hidden(g, g.Input("x", "batch", b.size), g.Input("y", "batch", b.Classes))
	g.Output("mean", b.layer(g, "mean", b.Latent, h))
	g.Output("logvar", b.layer(g, "logvar", b.Latent, h))
	return g
}

// decoder is z, y -> the parameters of p(x|y,z), and its mean.
func (b builder) decoder() *graph.Graph {
	g := b.graph("decoder")
	h := b.hidden(g, g.Input("z", "batch", b.Latent), g.Input("y", "batch", b.Classes))
	if b.Likelihood == models.Bernoulli {
		logits := g.Output("logits", b.layer(g, "logits", b.size, h))
		g.Output("mean", g.Sigmoid(logits))
		return g
	}
	mean := b.layer(g, "mean", b.size, h)
	if !b.Features {
		mean = g.Sigmoid(mean)
	}
	g.Output("mean", mean)
	g.Output("logvar", b.layer(g, "logvar", b.size, h))
	return g
}

// at appends the graph of a part to g with the inputs given, which may have more axes than the part's own, and gives
// its outputs by name. Weights are called by the part's name and their own.
func at(g *graph.Graph, part string, of *graph.Graph, inputs map[string]*graph.Value) (map[string]*graph.Value, error) {
	c, where := of.CloneMap()
	bind := map[*graph.Value]*graph.Value{}
	for _, in := range of.Inputs {
		v := inputs[in.Name]
		if v == nil {
			return nil, fmt.Errorf("the %s's input %q is nothing that the model has", part, in.Name)
		}
		where[in].Shape = v.Shape
		bind[where[in]] = v
	}
	if err := graph.Infer(c); err != nil {
		return nil, fmt.Errorf("the %s: %w", part, err)
	}
	placed, err := graph.Append(g, c, bind, part+"/")
	if err != nil {
		return nil, fmt.Errorf("the %s: %w", part, err)
	}
	out := map[string]*graph.Value{}
	for _, v := range of.Outputs {
		if out[v.Name] = placed[where[v]]; out[v.Name] == nil || out[v.Name].DType != tensor.Float32 {
			return nil, fmt.Errorf("the %s's output %v is not computed in float32", part, v)
		}
	}
	return out, nil
}

// eye are all classes as rows of ones among zeros: [1, n, n].
func eye(g *graph.Graph, n int) *graph.Value {
	t := tensor.New(tensor.Float32, 1, n, n)
	for i := range n {
		tensor.Data[float32](t)[i*n+i] = 1
	}
	return g.Const(t)
}
