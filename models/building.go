package models

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/elbo-ml/elbo/graph"
)

// WeightInit draws the weights of a new model as New does: N(0, 1/fan_in) for weights, N(0, 1e-6) for biases, and 0 for the
// layers called logvar and logscale. It is for Graph.Init, of all the graphs of a model in turn.
func WeightInit(seed uint64) graph.Init { return initializer(seed) }

// ActivationOp is the ONNX operator of an activation as Config names it: "Softplus" of "softplus".
func ActivationOp(name string) (string, error) {
	op, ok := activations[name]
	if !ok {
		return "", fmt.Errorf("activation %q is not known; use %s", name, strings.Join(slices.Sorted(maps.Keys(activations)), ", "))
	}
	return op, nil
}
