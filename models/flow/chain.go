package flow

import (
	"fmt"
	"strings"

	"github.com/elbo-ml/elbo/models/layer"
)

// Kinds are the names that Chain takes.
var Kinds = []string{"iaf", "iaf-linear", "maf", "realnvp", "planar"}

// Chain is so many steps of one kind, the order of the units turned round between them. width is the number of units of
// each of the two hidden layers of a step, where it has them; 0 means 320.
func Chain(kind string, steps, width int, layers *layer.Builder) ([]Flow, error) {
	if steps < 1 || steps > 1000 || width < 0 {
		return nil, fmt.Errorf("flow: %d steps of width %d; give 1 to 1000 steps, and a width that is not negative", steps, width)
	}
	var hidden []int
	if width > 0 {
		hidden = []int{width, width}
	}
	chain := make([]Flow, steps)
	for i := range chain {
		made, turn := MADE{Hidden: hidden, Layers: layers}, i > 0
		switch kind {
		case "iaf":
			chain[i] = IAF{Net: made, Reverse: turn}
		case "iaf-linear":
			chain[i] = LinearIAF{Reverse: turn}
		case "maf":
			chain[i] = MAF{Net: made, Reverse: turn}
		case "realnvp":
			chain[i] = RealNVP{Hidden: hidden, Layers: layers, Reverse: turn}
		case "planar":
			chain[i] = Planar{}
		default:
			return nil, fmt.Errorf("flow: %q is not known; use %s", kind, strings.Join(Kinds, ", "))
		}
	}
	return chain, nil
}
