package importer

import (
	"fmt"
	"strings"

	"github.com/elbo-ml/elbo/graph"
)

// Unsupported is one node that elbo cannot run.
type Unsupported struct {
	Op, Domain string
	Node       string // its name in the file
	Opset      int    // the version of ONNX's operators that it speaks
	Reason     string // "" when the whole operator is unknown

	node *graph.Node
}

func (u Unsupported) String() string {
	op := u.Op
	if u.Domain != "" {
		op = u.Domain + "::" + op
	}
	s := fmt.Sprintf("%s (node %q, opset %d", op, u.Node, u.Opset)
	if u.Reason != "" {
		s += ": " + u.Reason
	}
	return s + ")"
}

// UnsupportedError lists every node of a model that elbo cannot run. It wraps graph.ErrUnsupported.
type UnsupportedError struct{ Operators []Unsupported }

func (e *UnsupportedError) Error() string {
	list := make([]string, len(e.Operators))
	for i, u := range e.Operators {
		list[i] = u.String()
	}
	noun := "operators"
	if len(list) == 1 {
		noun = "operator"
	}
	return fmt.Sprintf("%d unsupported %s: %s", len(list), noun, strings.Join(list, ", "))
}

// Unwrap makes errors.Is(err, graph.ErrUnsupported) true.
func (e *UnsupportedError) Unwrap() error { return graph.ErrUnsupported }
