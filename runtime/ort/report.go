package ort

import "strings"

// notFound tells in one line where the library was looked for, and what to do.
func notFound(places []Place) string {
	tried := make([]string, len(places))
	for i, p := range places {
		tried[i] = p.Origin + " "
		if p.Path != "" {
			tried[i] += p.Path + " "
		}
		tried[i] += "(" + p.Problem + ")"
	}
	return "no ONNX Runtime library starts: tried " + strings.Join(tried, ", ") +
		"; install it with: elbo ort install"
}
