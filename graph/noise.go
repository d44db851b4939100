package graph

import (
	"slices"

	"github.com/elbo-ml/elbo/tensor"
)

// Lifted is an input that stands for what a noise operator drew.
type Lifted struct {
	Value *Value
	// Distribution is "normal", with Mean and Scale (the standard deviation), or "uniform" on [Low, High). The input
	// takes the numbers as the operator would give them: already shifted and scaled.
	Distribution string
	Mean, Scale  float64
	Low, High    float64
}

// LiftNoise turns the noise that g draws into inputs, after those it has, and tells what each is to be fed with. An
// input keeps the name of the value it replaces. Bernoulli(p) becomes u < p with an input u, named after its output
// with "_uniform" added.
func LiftNoise(g *Graph) []Lifted {
	var lifted []Lifted
	nodes := make([]*Node, 0, len(g.Nodes))
	for _, n := range g.Nodes {
		op := Lookup(n.Domain, n.Op)
		if op == nil || !op.Noise || n.Output(0) == nil {
			nodes = append(nodes, n)
			continue
		}
		l, rest := g.lift(n)
		lifted, nodes = append(lifted, l), append(nodes, rest...)
		g.Inputs = append(g.Inputs, l.Value)
	}
	g.Nodes = nodes
	return lifted
}

// lift makes the input for the noise node n, and the nodes that take n's place.
func (g *Graph) lift(n *Node) (Lifted, []*Node) {
	y := n.Outputs[0]
	l := Lifted{Value: y, Distribution: "uniform", Low: n.attr("low", 0), High: n.attr("high", 1)}
	switch n.Op {
	case "RandomNormal", "RandomNormalLike":
		l = Lifted{Value: y, Distribution: "normal", Mean: n.attr("mean", 0), Scale: n.attr("scale", 1)}
	case "Bernoulli":
		return g.liftBernoulli(n)
	}
	if !slices.Contains(g.Outputs, y) {
		y.Producer = nil
		return l, nil
	}
	// The graph also gives the noise out: an output needs a producer.
	l.Value = g.noiseInput(y.Name+"_noise", y)
	pass := &Node{Op: "Identity", Name: n.Name, Inputs: []*Value{l.Value}, Outputs: n.Outputs}
	y.Producer = pass
	return l, []*Node{pass}
}

// liftBernoulli writes y = cast(u < p).
func (g *Graph) liftBernoulli(n *Node) (Lifted, []*Node) {
	p, y := n.Inputs[0], n.Outputs[0]
	u := g.noiseInput(y.Name+"_uniform", p)
	less := &Node{Op: "Less", Name: n.Name, Inputs: []*Value{u, p}, Outputs: n.Outputs}
	l := Lifted{Value: u, Distribution: "uniform", Low: 0, High: 1}
	if y.DType == tensor.Bool {
		y.Producer = less
		return l, []*Node{less}
	}
	hit := &Value{Name: g.freeName(y.Name + "_hit"), DType: tensor.Bool, Shape: y.Shape, Producer: less}
	g.Fail(g.Register(hit))
	less.Outputs = []*Value{hit}
	cast := &Node{Op: "Cast", Name: n.Name + "_cast", Inputs: []*Value{hit}, Outputs: n.Outputs, Attrs: Attrs{"to": int64(y.DType)}}
	y.Producer = cast
	return l, []*Node{less, cast}
}

func (g *Graph) noiseInput(name string, like *Value) *Value {
	v := &Value{Name: g.freeName(name), DType: like.DType, Shape: like.Shape}
	g.Fail(g.Register(v))
	return v
}

// freeName is name, or a fresh name that starts with it where it is taken.
func (g *Graph) freeName(name string) string {
	if g.names[name] == nil {
		return name
	}
	return g.Fresh(name)
}
