package models

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/elbo-ml/elbo/graph"
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
