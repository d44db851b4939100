package models

import (
	"fmt"

	"github.com/elbo-ml/elbo/graph"
)

// The kinds of p(z) that Config.Prior and a manifest name.
const (
	// StandardPrior is N(0, I).
	StandardPrior = "standard"
	// VampPrior is the mixture of the encoder's Gaussians at pseudo-inputs that are learned (Tomczak and Welling, 2018).
	VampPrior = "vampprior"
	// FlowPrior is what a chain of couplings makes of N(0, I).
	FlowPrior = "flow"
)

// Prior tells what p(z) is made of.
type Prior struct {
	// Kind is StandardPrior, which is also "", VampPrior or FlowPrior.
	Kind string `json:"kind"`
	// Parts are the names of the parts that hold it.
	Parts []string `json:"parts,omitempty"`
}

// prior is p(z) of one stochastic layer.
type prior interface {
	// logProb is log p(z) of each row of z [batch, latent].
	logProb(g *graph.Graph, z *graph.Value) (*graph.Value, error)
	// noise is how many standard normal numbers a draw takes, and draw makes z of them.
	noise(latent int) int
	draw(g *graph.Graph, eps *graph.Value) (*graph.Value, error)
}

type standardPrior struct{}

func (standardPrior) logProb(g *graph.Graph, z *graph.Value) (*graph.Value, error) {
	return StandardNormalLogProb(g, z), nil
}
func (standardPrior) noise(latent int) int { return latent }
func (standardPrior) draw(_ *graph.Graph, eps *graph.Value) (*graph.Value, error) {
	return eps, nil
}

// flowPrior has the density log N(f(z); 0, I) + log |det df/dz|, and draws by the inverses of its steps, from the last on.
type flowPrior []*part

func (p flowPrior) logProb(g *graph.Graph, z *graph.Value) (*graph.Value, error) {
	var logdets []*graph.Value
	for _, step := range p {
		out, err := step.appendTo(g, feeds{"z": z}, step.out["u"], step.out["logdet"])
		if err != nil {
			return nil, err
		}
		z, logdets = out[0], append(logdets, out[1])
	}
	return total(g, append(logdets, StandardNormalLogProb(g, z))), nil
}

func (p flowPrior) noise(latent int) int { return latent }

func (p flowPrior) draw(g *graph.Graph, eps *graph.Value) (*graph.Value, error) {
	for i := len(p) - 1; i >= 0; i-- {
		out, err := p[i].appendTo(g, feeds{"u": eps}, p[i].out["z"])
		if err != nil {
			return nil, err
		}
		eps = out[0]
	}
	return eps, nil
}

// priorOf finds the parts of the prior that the manifest names.
func (v *VAE) priorOf(encoder *single) (prior, error) {
	m := v.manifest.Prior
	var parts []*part
	for _, name := range m.Parts {
		if v.parts[name] == nil {
			return nil, fmt.Errorf("the prior's part %q is missing", name)
		}
		parts = append(parts, v.parts[name])
	}
	switch {
	case (m.Kind == "" || m.Kind == StandardPrior) && len(parts) == 0:
		return standardPrior{}, nil
	case m.Kind == VampPrior && len(parts) == 1:
		if err := parts[0].needs(nil, []string{"pseudo"}); err != nil {
			return nil, err
		}
		return &vampPrior{v: v, encoder: encoder, pseudo: parts[0]}, nil
	case m.Kind == FlowPrior && len(parts) > 0:
		for _, p := range parts {
			if err := p.needs([]string{"z", "u"}, []string{"u", "logdet", "z"}); err != nil {
				return nil, err
			}
		}
		return flowPrior(parts), nil
	}
	return nil, fmt.Errorf("a prior %q of %d parts is not known; use %s (none), %s (one) or %s", m.Kind, len(parts), StandardPrior, VampPrior, FlowPrior)
}
