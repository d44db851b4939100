package models

import (
	"fmt"
	"regexp"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// encoderRoles finds x, mean and logvar or std.
func encoderRoles(g *graph.Graph, given map[string]string) (Part, error) {
	f := finder{"encoder", given}
	x, err := f.input(g, "x", xNames)
	if err != nil {
		return Part{}, err
	}
	mean, err := f.output(g, "mean", meanNames)
	if err != nil {
		return Part{}, err
	}
	if mean == nil {
		return Part{}, f.ask("mean", "output", g.Outputs)
	}
	for _, spread := range []struct {
		role  string
		names *regexp.Regexp
	}{{"logvar", logvarNames}, {"std", stdNames}} {
		v, err := f.output(g, spread.role, spread.names)
		if err != nil {
			return Part{}, err
		}
		if v == nil {
			continue
		}
		if !v.Shape.Equal(mean.Shape) {
			return Part{}, fmt.Errorf("its %s %v has not the shape of its mean %v", spread.role, v, mean)
		}
		return Part{Inputs: map[string]string{"x": x.Name}, Outputs: map[string]string{"mean": mean.Name, spread.role: v.Name}}, nil
	}
	return Part{}, f.askSpread(g, mean)
}

// askSpread asks for logvar or std: which of the two an output is, no shape tells.
func (f finder) askSpread(g *graph.Graph, mean *graph.Value) error {
	var candidates []*graph.Value
	for _, v := range g.Outputs {
		if v != mean && v.DType == tensor.Float32 && v.Shape.Equal(mean.Shape) {
			candidates = append(candidates, v)
		}
	}
	if len(candidates) == 0 {
		return fmt.Errorf("it has no output of the shape of its mean %v to be logvar or std; its outputs are %s", mean, list(g.Outputs))
	}
	return fmt.Errorf("%w: which output is the log-variance or the standard deviation? the candidates are %s; say so with WithRoles(%q: NAME) or %q, on the command line --role encoder.logvar=NAME or --role encoder.std=NAME",
		ErrAmbiguous, list(candidates), "encoder.logvar", "encoder.std")
}

// decoderRoles finds z, the parameters of p(x|z), and what family it is.
func decoderRoles(g *graph.Graph, s settings) (Part, Likelihood, error) {
	if s.likelihood != "" {
		if err := s.likelihood.check(); err != nil {
			return Part{}, "", err
		}
	}
	f := finder{"decoder", s.roles}
	z, err := f.input(g, "z", zNames)
	if err != nil {
		return Part{}, "", err
	}
	found := map[string]*graph.Value{}
	for _, r := range []struct {
		role  string
		names *regexp.Regexp
	}{{"logits", logitsNames}, {"logvar", logvarNames}, {"logscale", logscaleNames}, {"mean", pictureNames}} {
		v, err := f.output(g, r.role, r.names)
		if err != nil {
			return Part{}, "", err
		}
		if v != nil {
			found[r.role] = v
		}
	}
	if len(found) == 0 && len(g.Outputs) == 1 {
		found["mean"] = g.Outputs[0]
	}
	l := s.likelihood
	if l == "" {
		if l, err = f.family(g, found); err != nil {
			return Part{}, "", err
		}
	}
	p := Part{Inputs: map[string]string{"z": z.Name}, Outputs: map[string]string{}}
	if x, err := f.told("x", g.Inputs, "input"); err != nil {
		return Part{}, "", err
	} else if x != nil {
		p.Inputs["x"] = x.Name
	}
	for role, v := range found {
		p.Outputs[role] = v.Name
	}
	return p, l, f.complete(g, l, found)
}

// family reads p(x|z) off the outputs that were found.
func (f finder) family(g *graph.Graph, found map[string]*graph.Value) (Likelihood, error) {
	mean := found["mean"]
	switch {
	case found["logits"] != nil:
		return Bernoulli, nil
	case mean != nil && found["logvar"] != nil:
		return Gaussian, nil
	case mean != nil && found["logscale"] != nil:
		return DiscretizedLogistic, nil
	case mean != nil && logitsOf(mean) != nil:
		return Bernoulli, nil
	}
	return "", fmt.Errorf("%w: what do its outputs %s stand for? none ends in a Sigmoid, and the names do not tell a likelihood; say which is which with WithRoles (--role decoder.logits=NAME for log-odds, decoder.mean=NAME and decoder.logvar=NAME for a Gaussian), or give WithLikelihood (--likelihood bernoulli) if they are probabilities",
		ErrAmbiguous, list(g.Outputs))
}

// complete reports what the likelihood still lacks.
func (f finder) complete(g *graph.Graph, l Likelihood, found map[string]*graph.Value) error {
	if l == Bernoulli && (found["logits"] != nil || found["mean"] != nil) {
		return nil
	}
	for _, role := range likelihoods[l].params {
		if found[role] == nil {
			return f.ask(role, "output", g.Outputs)
		}
	}
	return nil
}
