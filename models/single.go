package models

import (
	"fmt"

	"github.com/elbo-ml/elbo/graph"
)

// single is one stochastic layer: the encoder's Gaussian, the flow that a draw from it passes, and the prior.
//
//	z_0 = mean + exp(logvar/2) eps,  z_t = f_t(z_{t-1}, context),  log q(z_T|x) = log q(z_0|x) - sum_t log |det dz_t/dz_{t-1}|
//
// Kingma et al., 2016, algorithm 1.
type single struct {
	latent  int
	encoder *part
	flow    []*part
	prior   prior
}

// encode gives mean and logvar [batch, latent], and the context of the flow if it has one.
func (s *single) encode(g *graph.Graph, x *graph.Value) ([]*graph.Value, error) {
	spread, isStd := s.encoder.out["logvar"], false
	if spread == nil {
		spread, isStd = s.encoder.out["std"], true
	}
	wanted := []*graph.Value{s.encoder.out["mean"], spread}
	if conditional(s.flow) {
		wanted = append(wanted, s.encoder.out["context"])
	}
	out, err := s.encoder.appendTo(g, feeds{"x": x}, wanted...)
	if err != nil {
		return nil, err
	}
	if isStd {
		out[1] = g.Mul(g.Log(out[1]), g.Scalar(2, out[1]))
	}
	for i, from := range wanted[:2] {
		if !sizedRow(out[i].Shape, s.latent) {
			return nil, fmt.Errorf("the encoder's output %s %v does not hold the %d latent units that the decoder takes: they are not a pair", from.Name, out[i].Shape, s.latent)
		}
		out[i] = asRows(g, out[i], []int{s.latent})
	}
	return out, nil
}

func (s *single) infer(g *graph.Graph, features []*graph.Value, eps *graph.Value) (*inference, error) {
	mean, logvar := features[0], features[1]
	z, logdets, err := pass(g, s.flow, Reparameterize(g, mean, logvar, eps), s.context(features), s.latent)
	if err != nil {
		return nil, err
	}
	// (z_0 - mean)^2 exp(-logvar) is eps^2.
	i := &inference{z: z, logq: sumRows(g, normalTerms(g, g.Add(logvar, g.Square(eps))))}
	for _, logdet := range logdets {
		i.logq = g.Sub(i.logq, logdet)
	}
	if i.logp, err = s.prior.logProb(g, z); err != nil {
		return nil, err
	}
	i.ratios = []*graph.Value{g.Sub(i.logq, i.logp)}
	if _, standard := s.prior.(standardPrior); standard && len(s.flow) == 0 {
		i.unitKL = NormalUnitKL(g, mean, logvar)
		i.groups = []*graph.Value{sumRows(g, i.unitKL)}
	} else {
		i.groups = i.ratios
	}
	return i, nil
}

// pass takes z [batch, units] through the steps of a flow and gives their log-determinants. context may be nil where no step
// takes one.
func pass(g *graph.Graph, flow []*part, z, context *graph.Value, units int) (*graph.Value, []*graph.Value, error) {
	var logdets []*graph.Value
	for _, f := range flow {
		in := feeds{"z": z}
		if f.in["context"] != nil {
			in["context"] = context
		}
		out, err := f.appendTo(g, in, f.out["z"], f.out["logdet"])
		if err != nil {
			return nil, nil, err
		}
		if !sizedRow(out[0].Shape, units) || len(out[1].Shape) != 1 {
			return nil, nil, fmt.Errorf("the part %s gives %v and %v, not %d units and one number per row", f.name, out[0], out[1], units)
		}
		z, logdets = out[0], append(logdets, out[1])
	}
	return z, logdets, nil
}

// conditional reports whether a step of the flow takes a context.
func conditional(flow []*part) bool {
	for _, f := range flow {
		if f.in["context"] != nil {
			return true
		}
	}
	return false
}

// steps finds the parts of a flow.
func (v *VAE) steps(names []string) ([]*part, error) {
	var flow []*part
	for _, name := range names {
		p := v.parts[name]
		if p == nil {
			return nil, fmt.Errorf("the posterior's part %q is missing", name)
		}
		if err := p.needs([]string{"z"}, []string{"z", "logdet"}); err != nil {
			return nil, err
		}
		flow = append(flow, p)
	}
	return flow, nil
}

// context is what the steps of the flow are told, or nil.
func (s *single) context(features []*graph.Value) *graph.Value {
	if len(features) > 2 {
		return features[2]
	}
	return nil
}

func (s *single) center(g *graph.Graph, features []*graph.Value) (z, logvar *graph.Value, err error) {
	z, _, err = pass(g, s.flow, features[0], s.context(features), s.latent)
	return z, features[1], err
}

func (s *single) logPrior(g *graph.Graph, z *graph.Value) (*graph.Value, error) {
	return s.prior.logProb(g, z)
}
func (s *single) noise() int { return s.prior.noise(s.latent) }
func (s *single) generate(g *graph.Graph, eps *graph.Value) (*graph.Value, error) {
	return s.prior.draw(g, eps)
}
func (s *single) state(_ *graph.Graph, z *graph.Value) (*graph.Value, error) { return z, nil }

// encodeOn appends the encoder, applied to x: mean and logvar [batch, latent] of a Gaussian posterior and standard prior,
// which is all that some methods know.
func (v *VAE) encodeOn(g *graph.Graph, x *graph.Value) (mean, logvar *graph.Value, err error) {
	if _, ok := v.latents.(*single); !ok || !v.shape.unitKL {
		return nil, nil, fmt.Errorf("it needs a Gaussian posterior and a standard normal prior, without a flow")
	}
	features, err := v.latents.encode(g, x)
	if err != nil {
		return nil, nil, err
	}
	return features[0], features[1], nil
}
