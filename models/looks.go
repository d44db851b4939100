package models

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/elbo-ml/elbo/graph"
)

// Look is what a part of a graph looks like.
type Look struct {
	// Part is "encoder", "decoder", "prior" or "flow".
	Part string `json:"part"`
	// What says from what to what it goes.
	What string `json:"what"`
	// Nodes and Parameters count its nodes and the real numbers of the weights that they read.
	Nodes      int `json:"nodes"`
	Parameters int `json:"parameters"`
}

// Looks tells which parts of g look like those of a variational autoencoder. It finds where latents are sampled,
//
//	z = mean + scale*noise    with a scale that comes out of an Exp or a Softplus,
//
// and takes what computes mean and scale for an encoder if it reads data, for a prior if it does not; steps that multiply
// latents by a gate computed from latents and add to that for flows (Rezende and Mohamed, 2015; Kingma et al., 2016);
// and what is computed from the latents for a decoder. A graph that samples nothing is told by the names and shapes of
// its inputs and outputs, as FromONNX tells them. It is a guess: nothing depends on it.
func Looks(g *graph.Graph) []Look {
	l := &looker{g: g, noise: map[*graph.Value]bool{}, spread: map[*graph.Value]bool{}, fed: map[*graph.Value]bool{},
		latent: map[*graph.Value]bool{}, fromLatent: map[*graph.Value]bool{}, of: map[*graph.Node]string{}}
	l.inputs()
	for _, n := range g.Nodes {
		l.visit(n)
	}
	return l.looks()
}

// looker follows a graph from its inputs.
type looker struct {
	g      *graph.Graph
	noise  map[*graph.Value]bool // random numbers, fed or drawn
	spread map[*graph.Value]bool // positive: from an Exp, a Softplus or a Sigmoid on, through what keeps the sign
	fed    map[*graph.Value]bool // depends on data
	// latent are inputs and samples, and what permutations and steps of flows make of them; fromLatent is all that depends
	// on samples.
	latent, fromLatent map[*graph.Value]bool

	sites []site
	steps []*graph.Node          // the additions that end the steps of flows
	of    map[*graph.Node]string // the part that a node was counted to
}

// site is where a latent is sampled.
type site struct {
	z, mean, scale *graph.Value
}

func (l *looker) inputs() {
	noise := map[*graph.Value]bool{}
	for _, n := range graph.NoiseInputs(l.g) {
		noise[n.Value] = true
	}
	for _, v := range l.g.Inputs {
		if noise[v] || noiseNames.MatchString(plain(v.Name)) {
			l.noise[v] = true
			continue
		}
		l.fed[v] = true
		if len(v.Shape) == 2 && v.DType.IsFloat() {
			l.latent[v] = true // of a flow that stands alone
		}
	}
}

func (l *looker) visit(n *graph.Node) {
	if graph.Draws(n) && n.Op != "Dropout" {
		l.noise[n.Output(0)] = n.Output(0) != nil
		return
	}
	reads := func(those map[*graph.Value]bool) bool {
		return slices.ContainsFunc(n.Inputs, func(v *graph.Value) bool { return v != nil && those[v] })
	}
	fed, after := reads(l.fed), reads(l.fromLatent)
	latent, spread := false, false
	switch n.Op {
	case "Exp", "Softplus", "Sigmoid":
		spread = true
	case "Sqrt", "Clip", "Max", "Min", "Div", "Mul", "Expand", "Cast":
		spread = reads(l.spread)
	case "Identity", "Reshape", "Unsqueeze", "Squeeze", "Transpose", "Slice", "Split", "Gather", "Concat", "Flatten":
		spread, latent = reads(l.spread), reads(l.latent)
	case "Add", "Sub":
		if s, ok := l.sample(n); ok {
			l.sites = append(l.sites, s)
			latent, after = true, true
		} else if l.flows(n) {
			l.steps = append(l.steps, n)
			latent = true
		}
	}
	for _, y := range n.Outputs {
		if y != nil {
			l.fed[y], l.spread[y], l.latent[y], l.fromLatent[y] = fed, spread, latent, after
		}
	}
}

// sample is the site that n is, if it adds to a mean the product of a scale and noise.
func (l *looker) sample(n *graph.Node) (site, bool) {
	if n.Op != "Add" {
		return site{}, false
	}
	for i, v := range n.Inputs {
		if v.Producer == nil || v.Producer.Op != "Mul" {
			continue
		}
		for k, e := range v.Producer.Inputs {
			if scale := v.Producer.Inputs[1-k]; l.noise[e] && l.spread[scale] {
				return site{z: n.Outputs[0], mean: n.Inputs[1-i], scale: scale}, true
			}
		}
	}
	return site{}, false
}

// flows reports whether n adds to, or takes from, the product of a latent and a gate that depends on latents, but not on
// that one alone, as in x*sigmoid(x).
func (l *looker) flows(n *graph.Node) bool {
	for _, v := range n.Inputs {
		if v.Producer == nil || v.Producer.Op != "Mul" && v.Producer.Op != "Div" {
			continue
		}
		for k, z := range v.Producer.Inputs {
			gate := v.Producer.Inputs[1-k]
			if l.latent[z] && l.spread[gate] && (l.fed[gate] || l.fromLatent[gate]) && !(gate.Producer != nil && slices.Contains(gate.Producer.Inputs, z)) {
				return true
			}
		}
	}
	return false
}

// looks gathers the parts.
func (l *looker) looks() []Look {
	var parts []Look
	add := func(part, what string, nodes []*graph.Node) {
		own := l.rest(nodes)
		for _, n := range own {
			l.of[n] = part
		}
		if len(own) > 0 {
			parts = append(parts, Look{Part: part, What: what, Nodes: len(own), Parameters: parameters(own)})
		}
	}
	for _, s := range l.sites {
		part, from := "prior", "no data"
		if l.fromLatent[s.mean] || l.fromLatent[s.scale] {
			from = "other latents"
		}
		if l.fed[s.mean] || l.fed[s.scale] {
			part, from = "encoder", l.dataInputs()
		}
		add(part, fmt.Sprintf("%s to mean and scale of %s%v", from, s.z.Name, s.z.Shape), ancestors(l.g, nil, s.z))
	}
	if len(l.steps) > 0 {
		start := map[*graph.Value]bool{}
		for _, s := range l.sites {
			start[s.z] = true
		}
		var ends []*graph.Value
		for _, n := range l.steps {
			ends = append(ends, n.Outputs[0])
		}
		add("flow", fmt.Sprintf("%d steps of %v", len(l.steps), ends[len(ends)-1].Shape), ancestors(l.g, start, ends...))
	}
	if len(l.sites) > 0 {
		var outputs []*graph.Value
		for _, v := range l.g.Outputs {
			if l.fromLatent[v] && !l.latent[v] {
				outputs = append(outputs, v)
			}
		}
		if nodes := ancestors(l.g, nil, outputs...); parameters(l.rest(nodes)) > 0 { // what has none scores the latents
			add("decoder", "latents to "+list(outputs), nodes)
		}
	}
	if len(parts) == 0 {
		parts = l.byNames()
	}
	return parts
}

// rest are those of the nodes that no part has yet.
func (l *looker) rest(nodes []*graph.Node) []*graph.Node {
	return slices.DeleteFunc(slices.Clone(nodes), func(n *graph.Node) bool { return l.of[n] != "" })
}

func (l *looker) dataInputs() string {
	var names []string
	for _, v := range l.g.Inputs {
		if l.fed[v] {
			names = append(names, v.Name)
		}
	}
	return strings.Join(names, ", ")
}

// byNames tells a graph that samples nothing by what its inputs and outputs are called.
func (l *looker) byNames() []Look {
	look := func(part, what string) []Look {
		return []Look{{Part: part, What: what, Nodes: len(l.g.Nodes), Parameters: parameters(l.g.Nodes)}}
	}
	if p, err := encoderRoles(l.g, nil); err == nil {
		return look("encoder", fmt.Sprintf("%s to mean and spread of %v", p.Inputs["x"], named(l.g.Outputs, p.Outputs["mean"])))
	}
	if p, likelihood, err := decoderRoles(l.g, settings{}); err == nil && zNames.MatchString(plain(p.Inputs["z"])) {
		return look("decoder", fmt.Sprintf("%v to %s of p(x|z), %s", named(l.g.Inputs, p.Inputs["z"]), list(l.g.Outputs), likelihood))
	}
	if len(l.g.Inputs) == 1 && latentNames.MatchString(plain(l.g.Inputs[0].Name)) {
		return look("decoder", fmt.Sprintf("%v to %s", l.g.Inputs[0], list(l.g.Outputs)))
	}
	return []Look{}
}

// latentNames are the names of inputs that are latents and nothing else.
var latentNames = regexp.MustCompile(`^(z|latent|latents|latentsample|code)[0-9]*$`)

// ancestors are the nodes that the values depend on, in order, up to the values of stop.
func ancestors(g *graph.Graph, stop map[*graph.Value]bool, of ...*graph.Value) []*graph.Node {
	needed := map[*graph.Value]bool{}
	for _, v := range of {
		needed[v] = v != nil
	}
	var nodes []*graph.Node
	for _, n := range slices.Backward(g.Nodes) {
		if !slices.ContainsFunc(n.Outputs, func(v *graph.Value) bool { return needed[v] && !stop[v] }) {
			continue
		}
		for _, v := range n.Inputs {
			needed[v] = v != nil
		}
		nodes = append(nodes, n)
	}
	slices.Reverse(nodes)
	return nodes
}

// parameters is how many real numbers the weights hold that the nodes read.
func parameters(nodes []*graph.Node) int {
	seen, sum := map[*graph.Value]bool{}, 0
	for _, n := range nodes {
		for _, v := range n.Inputs {
			if v != nil && v.IsWeight() && v.DType.IsFloat() && !seen[v] {
				seen[v] = true
				sum += v.Data.Len()
			}
		}
	}
	return sum
}
