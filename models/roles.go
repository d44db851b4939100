package models

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// What exporters call things. Names are compared in lower case, without underscores, dots and dashes.
var (
	xNames        = regexp.MustCompile(`^(x|input|inputs|image|images|img|pixels|data|sample)[0-9]*$`)
	zNames        = regexp.MustCompile(`^(z|latent|latents|latentsample|code|input|inputs|h)[0-9]*$`)
	noiseNames    = regexp.MustCompile(`eps|noise|randn|random`)
	meanNames     = regexp.MustCompile(`^(z|q|qz|enc|encoder|latent|posterior)?(mu|mean|loc|means|mus)(z|q|enc)?$`)
	logvarNames   = regexp.MustCompile(`(log|ln)(var|variance|sigma2|sigmasq|sigmasquared)`)
	stdNames      = regexp.MustCompile(`^(z|q|qz|enc|encoder|latent|posterior)?(std|stddev|stdev|standarddeviation)(z|q|enc)?$`)
	logitsNames   = regexp.MustCompile(`logit`)
	logscaleNames = regexp.MustCompile(`(log|ln)(scale|s$)`)
	pictureNames  = regexp.MustCompile(`^(x|p|px|dec|decoder|y)?(recon|reconstruction|reconx|reconstructed|xrecon|xhat|hat|prob|probs|probability|probabilities|mean|mu|loc|output|out|img|image|images|sample|samples|y|x|xmean|xmu)[0-9]*$`)
)

func plain(name string) string {
	return strings.NewReplacer("_", "", ".", "", "-", "", "/", "", ":", "").Replace(strings.ToLower(name))
}

// finder finds the roles of one part.
type finder struct {
	part  string
	given map[string]string // by "part.role"
}

// input finds the input that plays role.
func (f finder) input(g *graph.Graph, role string, names *regexp.Regexp) (*graph.Value, error) {
	if v, err := f.told(role, g.Inputs, "input"); v != nil || err != nil {
		return v, err
	}
	var candidates []*graph.Value
	for _, v := range g.Inputs {
		if !noiseNames.MatchString(plain(v.Name)) {
			candidates = append(candidates, v)
		}
	}
	if len(candidates) == 1 {
		return candidates[0], nil
	}
	if len(candidates) == 0 {
		candidates = g.Inputs
	} else if v := only(candidates, names); v != nil {
		return v, nil
	}
	return nil, f.ask(role, "input", candidates)
}

// told is the value that the caller gave for role, if any.
func (f finder) told(role string, among []*graph.Value, what string) (*graph.Value, error) {
	name, ok := f.given[f.part+"."+role]
	if !ok {
		return nil, nil
	}
	if v := named(among, name); v != nil {
		return v, nil
	}
	return nil, fmt.Errorf("there is no %s called %q to be its %s; there are %s", what, name, role, list(among))
}

// output finds the output that plays role, or nil when no name tells.
func (f finder) output(g *graph.Graph, role string, names *regexp.Regexp) (*graph.Value, error) {
	if v, err := f.told(role, g.Outputs, "output"); v != nil || err != nil {
		return v, err
	}
	var found []*graph.Value
	for _, v := range g.Outputs {
		if names.MatchString(plain(v.Name)) && !f.taken(v.Name) {
			found = append(found, v)
		}
	}
	switch len(found) {
	case 0:
		return nil, nil
	case 1:
		return found[0], nil
	}
	return nil, f.ask(role, "output", found)
}

// taken reports whether the caller gave the value another role.
func (f finder) taken(name string) bool {
	for key, given := range f.given {
		if given == name && strings.HasPrefix(key, f.part+".") {
			return true
		}
	}
	return false
}

func (f finder) ask(role, what string, candidates []*graph.Value) error {
	key := f.part + "." + role
	return fmt.Errorf("%w: which %s is its %s? the candidates are %s; say so with WithRoles(%q: NAME), on the command line --role %s=NAME",
		ErrAmbiguous, what, role, list(candidates), key, key)
}

// only is the one value whose name matches, or nil.
func only(vs []*graph.Value, names *regexp.Regexp) *graph.Value {
	var found *graph.Value
	for _, v := range vs {
		if names.MatchString(plain(v.Name)) {
			if found != nil {
				return nil
			}
			found = v
		}
	}
	return found
}

func list(vs []*graph.Value) string {
	names := make([]string, len(vs))
	for i, v := range vs {
		names[i] = v.Name + " " + v.Shape.String()
	}
	return strings.Join(names, ", ")
}

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
