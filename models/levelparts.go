package models

import (
	"fmt"

	"github.com/elbo-ml/elbo/graph"
)

// levelParts builds a part for each stochastic layer, from the bottom to the top: dense layers of Units (see ladder).
// features is the number that the encoder gives the first.
func (c Config) levelParts(b *Bundle, init graph.Init, features int) {
	b.Manifest.Inference = c.Inference
	for i, units := range c.LatentLayers {
		name := fmt.Sprintf("level%d", i+1)
		g := graph.New(name)
		g.Init = init
		c.level(g, b, name, i, units, features)
		b.Manifest.Levels = append(b.Manifest.Levels, name)
		if len(c.Flow) > 0 {
			b.Manifest.LevelFlows = append(b.Manifest.LevelFlows, c.flowParts(b, init, name+"_", units))
		}
		features = c.Units
	}
}

// level builds the part of layer i, counted from the bottom.
func (c Config) level(g *graph.Graph, b *Bundle, name string, i, units, features int) {
	dense := func(name string, x *graph.Value) *graph.Value { return c.Layers.Dense(g, name, x, c.Units) }
	top := i == len(c.LatentLayers)-1
	d, z := g.Input("d", "batch", features), g.Input("z", "batch", units)
	inputs, outputs := []string{"d", "z"}, []string{"mean", "logvar", "down"}
	from, below := dense("posterior/d", d), dense("down/z", z)
	if !top {
		h := g.Input("h", "batch", c.Units)
		inputs = append(inputs, "h")
		outputs = append(outputs, "prior_mean", "prior_logvar", "up")
		above := c.activate(g, dense("prior/h", h))
		g.Output("prior_mean", g.Dense("prior/mean", above, units))
		g.Output("prior_logvar", g.Dense("prior/logvar", above, units))
		below = g.Add(below, dense("down/h", h))
		up := dense("up/d", d)
		if c.Inference == BottomUp {
			up = g.Add(up, dense("up/z", z))
		} else {
			from = g.Add(from, dense("posterior/h", h))
		}
		g.Output("up", c.activate(g, up))
	}
	from = c.activate(g, from)
	g.Output("mean", g.Dense("posterior/mean", from, units))
	g.Output("logvar", g.Dense("posterior/logvar", from, units))
	if len(c.Flow) > 0 {
		outputs = append(outputs, "context")
		g.Output("context", g.Dense("posterior/context", from, c.Context))
	}
	g.Output("down", c.activate(g, below))
	b.add(name, g, Part{Inputs: same(inputs...), Outputs: same(outputs...)})
}
