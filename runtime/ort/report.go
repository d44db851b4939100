package ort

import "strings"

// notFound tells in one line what stood against the libraries that somebody put where they are looked for, and what to
// do. Places that merely hold none are left to Status.
func notFound(places []Place) string {
	var tried []string
	for _, p := range places {
		absent := p.Path == "" || p.Origin == "system" || p.Origin != "ELBO_ORT_LIB" && p.Problem == noSuchFile
		if !absent {
			tried = append(tried, p.Origin+" "+p.Path+" ("+p.Problem+")")
		}
	}
	const remedy = "; elbo ort install gets one, elbo ort status tells where it was looked for"
	if len(tried) == 0 {
		return "there is no ONNX Runtime library" + remedy
	}
	return "no ONNX Runtime library starts: tried " + strings.Join(tried, ", ") + remedy
}
