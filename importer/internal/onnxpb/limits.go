package onnxpb

import (
	"errors"
	"fmt"
)

// ErrLimit is wrapped by every error about a file that asks for more than the Limits allow.
var ErrLimit = errors.New("over the limit")

// Limits bound what a file may ask for. They are checked before memory is taken. A zero field means its default.
type Limits struct {
	Bytes    int64 // size of the model file, and of one external data file (default 16 GiB)
	Depth    int   // graphs within attributes within graphs, and functions that call functions (16)
	Nodes    int   // nodes of all graphs together, after functions are inlined (1e6)
	Values   int   // declared inputs, outputs and values (1e6)
	Tensors  int   // initializers and tensor attributes (1e6)
	Messages int   // protobuf messages in lists, of all kinds together (2e7)
	Elements int   // elements of one tensor, and of one list attribute (2e9)
	Rank     int   // axes of one tensor (16)
	Edges    int   // inputs and outputs of one node (65536)
	Name     int   // bytes of one name (4096)
}

// WithDefaults replaces each zero field by its default.
func (l Limits) WithDefaults() Limits {
	l.Bytes = orDefault(l.Bytes, 16<<30)
	l.Depth = orDefault(l.Depth, 16)
	l.Nodes = orDefault(l.Nodes, 1e6)
	l.Values = orDefault(l.Values, 1e6)
	l.Tensors = orDefault(l.Tensors, 1e6)
	l.Messages = orDefault(l.Messages, 2e7)
	l.Elements = orDefault(l.Elements, 2e9)
	l.Rank = orDefault(l.Rank, 16)
	l.Edges = orDefault(l.Edges, 65536)
	l.Name = orDefault(l.Name, 4096)
	return l
}

func orDefault[T int | int64](v, def T) T {
	if v > 0 {
		return v
	}
	return def
}

// Over is the error about n things called what where the limit is most, or nil within the limit.
func Over[T int | int64](what string, n, most T) error {
	if n <= most {
		return nil
	}
	return fmt.Errorf("%d %s where %d are allowed: %w", n, what, most, ErrLimit)
}
