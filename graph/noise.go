package graph

import (
	"slices"

	"github.com/elbo-ml/elbo/tensor"
)

// Lifted is an input that stands for random numbers that a node drew.
type Lifted struct {
	Value *Value
	// Distribution is what the input takes: Normal, independent draws from N(0, 1), or Uniform, from [0, 1).
	Distribution string
	// Node and Op are the name and the operator of the node that drew them.
	Node, Op string
}

// The distributions of noise inputs.
const (
	Normal  = "normal"
	Uniform = "uniform"
)

// noiseKey begins the metadata entries that name a graph's noise inputs and their distributions.
const noiseKey = "elbo.noise."

// Draws reports whether a node draws random numbers: those whose operator always does, and Dropout where its training
// mode is on or fed.
func Draws(n *Node) bool {
	op := Lookup(n.Domain, n.Op)
	switch {
	case op == nil:
		return false
	case op.Noise:
		return true
	}
	return n.Op == "Dropout" && n.Input(2) != nil && !holdsZeros(n.Input(2)) && !(n.Input(1) != nil && holdsZeros(n.Input(1)))
}

// holdsZeros reports whether v is known to be zero, or false, all over.
func holdsZeros(v *Value) bool {
	return v.Data != nil && !slices.ContainsFunc(v.Data.Bytes(), func(b byte) bool { return b != 0 })
}

// LiftNoise turns the noise that g draws into inputs, after those it has, and tells what each is to be fed with: standard
// normal numbers, or uniform ones from [0, 1). What the operator makes of them is written in ordinary nodes, with e the
// input and u where it is uniform:
//
//	RandomNormal, RandomNormalLike    mean + scale*e
//	RandomUniform, RandomUniformLike  low + (high-low)*u
//	Bernoulli(p)                      u < p
//	Dropout(x), in training mode      x / (1-ratio) where u >= ratio, else 0
//	Multinomial(x)                    the number of classes whose share of exp(x), summed up, is at most u
//
// An input that is what the node gave keeps that value's name; others are named after it, with "_noise" or "_uniform"
// added. The graph's metadata remembers which inputs are noise, for NoiseInputs and DrawInside.
//
// What the branches of an If and the bodies of Loop and Scan draw becomes inputs too, those of the latter with an axis for
// the rounds (the second one, behind the rows), where the shape and the most rounds can be told beforehand. What a body draws
// otherwise stays there; engines refuse it, by name.
func LiftNoise(g *Graph) []Lifted {
	lifted := g.liftNodes()
	for _, l := range lifted {
		g.Inputs = append(g.Inputs, l.Value)
		g.SetProperty(noiseKey+l.Value.Name, l.Distribution)
	}
	return lifted
}

// liftNodes writes out all nodes of g that draw, and gives the values that are to be fed, which nothing makes any more.
func (g *Graph) liftNodes() []Lifted {
	var lifted []Lifted
	nodes := g.Nodes
	g.Nodes = make([]*Node, 0, len(nodes))
	for _, n := range nodes {
		if !Draws(n) || !slices.ContainsFunc(n.Outputs, func(v *Value) bool { return v != nil }) {
			for i := range n.Bodies() {
				lifted = append(lifted, g.liftBody(n, i)...)
			}
			g.Nodes = append(g.Nodes, n)
			continue
		}
		e, distribution := g.lift(n)
		lifted = append(lifted, Lifted{Value: e, Distribution: distribution, Node: n.Name, Op: n.Op})
	}
	return lifted
}

// lift makes the input for the noise of n, and appends the nodes that take n's place.
func (g *Graph) lift(n *Node) (*Value, string) {
	switch n.Op {
	case "RandomNormal", "RandomNormalLike":
		return g.liftAffine(n, "_noise", n.attr("mean", 0), n.attr("scale", 1)), Normal
	case "RandomUniform", "RandomUniformLike":
		low := n.attr("low", 0)
		return g.liftAffine(n, "_uniform", low, n.attr("high", 1)-low), Uniform
	case "Dropout":
		return g.liftDropout(n), Uniform
	case "Multinomial":
		return g.liftMultinomial(n), Uniform
	}
	return g.liftBernoulli(n), Uniform
}

// liftAffine writes y = shift + scale*e.
func (g *Graph) liftAffine(n *Node, suffix string, shift, scale float64) *Value {
	y := n.Outputs[0]
	plain := shift == 0 && scale == 1
	if plain && !slices.Contains(g.Outputs, y) {
		y.Producer, y.Ints = nil, nil
		return y
	}
	e := g.noiseInput(y.Name+suffix, y.DType, y.Shape)
	x := e
	if scale != 1 {
		x = g.Mul(x, g.Scalar(scale, x))
	}
	if shift != 0 {
		x = g.Add(x, g.Scalar(shift, x))
	}
	g.write(y, n.Name, "Identity", nil, x) // an output needs a producer, and y keeps its name
	return e
}

// liftBernoulli writes y = cast(u < p).
func (g *Graph) liftBernoulli(n *Node) *Value {
	p, y := n.Inputs[0], n.Outputs[0]
	u := g.noiseInput(y.Name+"_uniform", p.DType, p.Shape)
	if y.DType == tensor.Bool {
		g.write(y, n.Name, "Less", nil, u, p)
		return u
	}
	g.write(y, n.Name, "Cast", Attrs{"to": int64(y.DType)}, g.Node("Less", nil, u, p))
	return u
}

// liftDropout writes Dropout's training mode (Srivastava et al., 2014). Where the mode is fed, the ratio is 0 unless it is on.
func (g *Graph) liftDropout(n *Node) *Value {
	x, ratio, mode := n.Inputs[0], n.Input(1), n.Inputs[2]
	name := n.Name
	if y := n.Output(0); y != nil {
		name = y.Name
	}
	u := g.noiseInput(name+"_uniform", x.DType, x.Shape)
	if ratio == nil {
		ratio = g.Scalar(0.5, x)
	}
	ratio = g.Cast(ratio, x.DType)
	if mode.Data == nil {
		ratio = g.Where(mode, ratio, g.Scalar(0, x))
	}
	keep := g.GreaterOrEqual(u, ratio)
	if mask := n.Output(1); mask != nil {
		g.write(mask, n.Name+"_mask", "Identity", nil, keep)
	}
	if y := n.Output(0); y != nil {
		scaled := g.Div(x, g.Sub(g.Scalar(1, x), ratio))
		g.write(y, n.Name, "Where", nil, keep, scaled, g.Scalar(0, x))
	}
	return u
}

// liftMultinomial draws by the inverse of the distribution function: the first class whose summed share exceeds u. The
// sum of all shares is 1 but for rounding, so the last class is left out of it.
func (g *Graph) liftMultinomial(n *Node) *Value {
	x, y := n.Inputs[0], n.Outputs[0]
	u := g.noiseInput(y.Name+"_uniform", x.DType, y.Shape)
	shares := g.Node("CumSum", nil, g.Softmax(x, 1), g.Const(tensor.Scalar(int64(1))))
	shares = g.Node("Slice", nil, shares, g.Int64s(0), g.Int64s(-1), g.Int64s(1))
	passed := g.Node("LessOrEqual", nil, g.Node("Unsqueeze", nil, shares, g.Int64s(1)), g.Node("Unsqueeze", nil, u, g.Int64s(2)))
	count := g.Node("ReduceSum", Attrs{"keepdims": int64(0)}, g.Cast(passed, y.DType), g.Int64s(2))
	g.write(y, n.Name, "Identity", nil, count)
	return u
}

// write appends a node that gives y, which another node gave before.
func (g *Graph) write(y *Value, name, op string, attrs Attrs, inputs ...*Value) {
	n := &Node{Name: name, Op: op, Attrs: attrs, Inputs: inputs, Outputs: []*Value{y}}
	y.Producer = n
	g.Nodes = append(g.Nodes, n)
	if g.err == nil {
		g.Fail(InferNode(n))
	}
}

func (g *Graph) noiseInput(name string, dtype tensor.DType, shape Shape) *Value {
	v := &Value{Name: g.freeName(name), DType: dtype, Shape: shape}
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

// NoiseInputs are the inputs of g that its metadata calls noise, in order, and the distribution of each.
func NoiseInputs(g *Graph) []Lifted {
	var list []Lifted
	for _, v := range g.Inputs {
		if d := g.Property(noiseKey + v.Name); d == Normal || d == Uniform {
			list = append(list, Lifted{Value: v, Distribution: d})
		}
	}
	return list
}
