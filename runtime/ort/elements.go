//go:build cgo

package ort

import (
	"fmt"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// renumbered are the element types that ONNX Runtime's API numbers otherwise than ONNX: it has them in the order in which
// it came to know them.
var renumbered = map[tensor.DType]int{tensor.Uint2: 24, tensor.Int2: 25, tensor.Float8E8M0: 26}

// elementCode is the number under which ONNX Runtime makes values of an element type.
func elementCode(d tensor.DType) int {
	if code, ok := renumbered[d]; ok && host.renumbers {
		return code
	}
	return int(d)
}

// elementType is the type of a number that ONNX Runtime tells.
func elementType(code int) (tensor.DType, error) {
	for d, c := range renumbered {
		if c == code {
			return d, nil
		}
	}
	if d := tensor.DType(code); code == int(d) && d.Valid() && renumbered[d] == 0 {
		return d, nil
	}
	return 0, fmt.Errorf("ONNX Runtime's element type %d: %w", code, graph.ErrUnsupported)
}
