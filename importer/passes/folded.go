package passes

import (
	"regexp"
	"strings"

	"github.com/elbo-ml/elbo/graph"
)

// Folded is a weight that an exporter made of the parameters of the model: it computed what depends on them alone, and
// gave the result a name of its own. The model computes the same, but the parameters cannot be told apart or trained as
// what they were.
type Folded struct {
	Weight string `json:"weight"`
	// How tells what was done, as far as the graph shows.
	How string `json:"how"`
	// Recipe is the export that leaves the parameters as they are.
	Recipe string `json:"recipe"`
}

// made are the names that PyTorch's exporters give to what they computed: onnx::MatMul_123, 123, val_12.
var made = regexp.MustCompile(`^(onnx::([A-Za-z]+)_[0-9]+|[0-9]+|_?val_[0-9]+)$`)

// The exports that fold nothing, by exporter.
const (
	torchScriptRecipe = "torch.onnx.export(..., do_constant_folding=False, training=torch.onnx.TrainingMode.PRESERVE)"
	dynamoRecipe      = "torch.onnx.export(..., dynamo=True, optimize=False)"
)

// FoldedWeights are the weights of g that an exporter made.
func FoldedWeights(g *graph.Graph) []Folded {
	list := []Folded{}
	read, fixed := readers(g), Fixed(g)
	for _, w := range g.Weights {
		name := made.FindStringSubmatch(w.Name)
		if name == nil || !w.DType.IsFloat() || fixed[w] {
			continue
		}
		op := name[2]
		if op == "" && len(read[w]) > 0 {
			op = read[w][0].Op
		}
		recipe := torchScriptRecipe
		if strings.Contains(w.Name, "val_") {
			recipe = dynamoRecipe
		}
		list = append(list, Folded{Weight: w.Name, How: how(op, w), Recipe: recipe})
	}
	return list
}

// how is what exporters do to the weights of an operator.
func how(op string, w *graph.Value) string {
	switch {
	case op == "MatMul" && w.Rank() == 2:
		return "the weight of a linear layer, transposed"
	case op == "Conv" || op == "ConvTranspose":
		return "a convolution's weight or bias, merged with BatchNormalization or a mask"
	case op == "Gemm":
		return "a linear layer's weight, merged with what it was multiplied by"
	case op == "LSTM" || op == "GRU" || op == "RNN":
		return "a recurrent layer's weights, in another order"
	case op == "Mul" || op == "Add" || op == "PRelu":
		return "a parameter, reshaped"
	}
	return "computed from parameters"
}
