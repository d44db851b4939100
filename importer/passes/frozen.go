package passes

import (
	"math"
	"regexp"

	"github.com/elbo-ml/elbo/graph"
)

// Frozen is a constant that stands where noise should be: the numbers that the model happened to draw while it was
// exported. Every run uses them again, so that all samples are equal.
type Frozen struct {
	Constant string `json:"constant"`
	Shape    string `json:"shape"`
	Node     string `json:"node"` // which multiplies it into the standard deviation
}

// parameter are the endings of the names of PyTorch's parameters, which are no noise whatever they hold.
var parameter = regexp.MustCompile(`(^|[._/])(weight|bias|gamma|beta|scale|kernel)$`)

// FrozenNoise looks for constants that hold what looks like draws from N(0, 1) and are multiplied into what an Exp or a
// Softplus computes from the input, as in mean + exp(logvar/2) * eps.
func FrozenNoise(g *graph.Graph) []Frozen {
	list := []Frozen{}
	varies, spread := map[*graph.Value]bool{}, map[*graph.Value]bool{}
	for _, v := range g.Inputs {
		varies[v] = true
	}
	for _, n := range g.Nodes {
		moves, positive := false, false
		for _, v := range n.Inputs {
			moves = moves || varies[v]
			positive = positive || spread[v]
		}
		if !moves || n.Output(0) == nil {
			continue
		}
		for _, v := range n.Outputs {
			varies[v] = v != nil
		}
		switch n.Op {
		case "Exp", "Softplus":
			spread[n.Outputs[0]] = true
		case "Sqrt", "Identity", "Reshape", "Cast", "Unsqueeze", "Squeeze", "Expand", "Clip", "Max", "Min", "Div", "Add":
			spread[n.Outputs[0]] = positive
		case "Mul":
			frozen := false
			for i, v := range n.Inputs {
				if spread[n.Inputs[1-i]] && looksNormal(v) {
					frozen = true
					list = append(list, Frozen{Constant: v.Name, Shape: v.Shape.String(), Node: n.Name})
				}
			}
			spread[n.Outputs[0]] = positive && !frozen
		}
	}
	return list
}

// looksNormal reports whether v is data that may well be independent draws from N(0, 1): of both signs, with moments
// within four standard errors.
func looksNormal(v *graph.Value) bool {
	if v.Data == nil || v.Rank() < 1 || v.Data.Len() < 4 || !v.DType.IsFloat() || v.IsWeight() && parameter.MatchString(v.Name) {
		return false
	}
	x := v.Data.Floats()
	n, sum, squares, least, most := float64(len(x)), 0.0, 0.0, x[0], x[0]
	for _, e := range x {
		sum, squares = sum+e, squares+e*e
		least, most = min(least, e), max(most, e)
	}
	mean, second := sum/n, squares/n
	return least < 0 && most > 0 && math.Abs(mean) < 4/math.Sqrt(n) && math.Abs(second-1) < 4*math.Sqrt(2/n)
}
