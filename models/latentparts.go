package models

import (
	"fmt"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/models/flow"
)

// flowParts builds a part for each step of the flow: z [batch, units] and context [batch, Context] to z and log det. Their
// names, which start with the prefix, are what comes out.
func (c Config) flowParts(b *Bundle, init graph.Init, prefix string, units int) (names []string) {
	for i, step := range c.Flow {
		name := fmt.Sprintf("%sflow%d", prefix, i+1)
		g := graph.New(name)
		g.Init = init
		z, logdet := step.Apply(g, "step", g.Input("z", "batch", units), g.Input("context", "batch", c.Context))
		g.Output("z1", z)
		g.Output("logdet", logdet)
		b.add(name, g, Part{Inputs: same("z", "context"), Outputs: map[string]string{"z": "z1", "logdet": "logdet"}})
		names = append(names, name)
	}
	return names
}

// priorParts builds the parts of p(z).
func (c Config) priorParts(b *Bundle, init graph.Init) error {
	switch c.Prior {
	case VampPrior:
		g := graph.New("prior")
		g.Init = init
		u := g.InitWeight("pseudo", 1, append([]int{c.PriorSize}, c.Shape...)...)
		g.Output("inputs", g.Sigmoid(u))
		b.add("prior", g, Part{Inputs: map[string]string{}, Outputs: map[string]string{"pseudo": "inputs"}})
		b.Manifest.Prior = Prior{Kind: VampPrior, Parts: []string{"prior"}}
	case FlowPrior:
		chain, err := flow.Chain("realnvp", c.PriorSize, min(320, 16*c.Latent), c.Layers)
		if err != nil {
			return err
		}
		b.Manifest.Prior.Kind = FlowPrior
		for i, step := range chain {
			name := fmt.Sprintf("prior%d", i+1)
			g := graph.New(name)
			g.Init = init
			u, logdet := step.Apply(g, "step", g.Input("z", "batch", c.Latent), nil)
			z := step.(flow.Inverter).Invert(g, "step", g.Input("u", "batch", c.Latent), nil)
			g.Output("u1", u)
			g.Output("logdet", logdet)
			g.Output("z1", z)
			b.add(name, g, Part{Inputs: same("z", "u"), Outputs: map[string]string{"u": "u1", "logdet": "logdet", "z": "z1"}})
			b.Manifest.Prior.Parts = append(b.Manifest.Prior.Parts, name)
		}
	}
	return nil
}
