// Package importer turns ONNX files into graphs and graphs into ONNX files.
//
// It is the only package that knows that opsets other than graph.Opset exist: what it reads is converted to the
// canonical opset, what it writes speaks that one. Nothing in a file is trusted: every count, size, offset, name and
// path is checked against Limits before memory is taken or a file is opened.
package importer

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/importer/internal/onnxpb"
	"github.com/elbo-ml/elbo/tensor"
)

// The opsets and IR versions that can be read.
const (
	MinOpset, MaxOpset         = 6, 27
	MinIRVersion, MaxIRVersion = 3, 13
)

// Limits bound what a file may ask for. A zero field means its default.
type Limits = onnxpb.Limits

// ErrLimit is wrapped by every error about a file that asks for more than the Limits allow, and ErrMalformed by those
// about bytes that are no ONNX model.
var (
	ErrLimit     = onnxpb.ErrLimit
	ErrMalformed = onnxpb.ErrMalformed
)

// Options say how a model is read.
type Options struct {
	Limits Limits
	// Dir is the folder that holds external data. Load sets it to the model's folder; without it a model whose
	// tensors stand in other files is refused.
	Dir string
	// Partial keeps the nodes that elbo cannot run, and leaves the shapes behind them unknown, instead of failing: it
	// serves the tools that tell what a file holds. Such a graph does not compile.
	Partial bool
	// Fixed gives inputs a value, by name: they become constants, so that shapes and axes that were fed are known.
	Fixed map[string]*tensor.Tensor
}

// Load reads a model from a file. Big weights are slices of the file, mapped privately: writing to them changes memory
// and never the file, and the mapping lives as long as the process.
func Load(path string, o Options) (*graph.Graph, error) {
	if o.Dir == "" {
		o.Dir = filepath.Dir(path)
	}
	l := o.Limits.WithDefaults()
	b, err := readFile(path, l.Bytes)
	if err != nil {
		return nil, fmt.Errorf("importer: load %s: %w", path, err)
	}
	g, err := unmarshal(b, o)
	if err != nil {
		return nil, fmt.Errorf("importer: load %s: %w", path, err)
	}
	return g, nil
}

// Unmarshal reads a model from bytes. Big weights are slices of b, which must not change afterwards.
//
// The errors to branch on: graph.ErrUnsupported (see UnsupportedError), ErrMalformed, ErrLimit.
func Unmarshal(b []byte, o Options) (*graph.Graph, error) {
	g, err := unmarshal(b, o)
	if err != nil {
		return nil, fmt.Errorf("importer: %w", err)
	}
	return g, nil
}

func unmarshal(b []byte, o Options) (*graph.Graph, error) {
	o.Limits = o.Limits.WithDefaults()
	m, err := onnxpb.Unmarshal(b, o.Limits)
	if errors.Is(err, ErrMalformed) {
		return nil, fmt.Errorf("it is cut off or no ONNX model; fetch or export it again: %w", err)
	}
	if err != nil {
		return nil, err
	}
	return graphOf(m, o)
}

// graphOf is the graph of a decoded model.
func graphOf(m *onnxpb.Model, o Options) (*graph.Graph, error) {
	opset, err := checkVersions(m)
	if err != nil {
		return nil, err
	}
	if err := checkNames(m); err != nil {
		return nil, err
	}
	steps, err := inline(m, opset, o.Limits)
	if err != nil {
		return nil, err
	}
	return build(m, steps, o)
}

// checkVersions returns the version of ONNX's own operators that the model speaks.
func checkVersions(m *onnxpb.Model) (int, error) {
	if m.Graph == nil {
		return 0, fmt.Errorf("there is no graph in it: it is cut off or no ONNX model; fetch or export it again: %w", ErrMalformed)
	}
	if v := m.IRVersion; v < MinIRVersion || v > MaxIRVersion {
		return 0, fmt.Errorf("the model has IR version %d; elbo reads %d to %d: export it anew: %w",
			v, MinIRVersion, MaxIRVersion, graph.ErrUnsupported)
	}
	opset, ok := defaultOpset(m.Opsets)
	switch {
	case !ok && len(m.Opsets) == 0:
		return 0, fmt.Errorf("the model names no opset: %w", ErrMalformed)
	case !ok: // made of other domains' operators alone
		return graph.Opset, nil
	}
	if opset < MinOpset || opset > MaxOpset {
		return 0, fmt.Errorf("the model has opset %d; elbo reads %d to %d: export it with opset %d: %w",
			opset, MinOpset, MaxOpset, graph.Opset, graph.ErrUnsupported)
	}
	return int(opset), nil
}

func defaultOpset(sets []*onnxpb.OperatorSet) (int64, bool) {
	for _, s := range sets {
		if onnxDomain(s.Domain) {
			return s.Version, true
		}
	}
	return 0, false
}

// onnxDomain reports whether a domain is ONNX's own, which has two names.
func onnxDomain(domain string) bool { return domain == "" || domain == "ai.onnx" }

// UnmarshalTensor reads one TensorProto, as ONNX's own test data holds them, and its name.
func UnmarshalTensor(b []byte, l Limits) (string, *tensor.Tensor, error) {
	l = l.WithDefaults()
	p, err := onnxpb.UnmarshalTensor(b, l)
	if err != nil {
		return "", nil, fmt.Errorf("importer: tensor: %w", err)
	}
	t, err := (&builder{limits: l}).tensorOf(p)
	if err != nil {
		return p.Name, nil, fmt.Errorf("importer: tensor %q: %w", p.Name, err)
	}
	return p.Name, t, nil
}
