//go:build cgo

package ort

import (
	"cmp"
	"fmt"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/importer"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/profile"
)

// Open finds the library, starts it and returns the engine. The error wraps runtime.ErrUnavailable and says which
// places were tried. A process has one library: a second Open returns an engine on the same one.
func Open(c Config) (runtime.Engine, error) {
	if c.Library != "" {
		if err := start(c.Library); err != nil {
			return nil, fmt.Errorf("ort: open %s: %w", c.Library, err)
		}
	} else if library, _ := started(); library == "" {
		if _, err := find(Candidates()); err != nil {
			return nil, fmt.Errorf("ort: open: %w: %w", err, runtime.ErrUnavailable)
		}
	}
	_, version := started()
	return &engine{version: version, plain: c.Plain}, nil
}

type engine struct {
	version string
	plain   bool
}

func (e *engine) Name() string    { return "ort" }
func (e *engine) Version() string { return e.version }

// Compile hands the graph to ONNX Runtime as the bytes of an ONNX model. A provider that does not start is an error
// that wraps runtime.ErrUnavailable and carries ONNX Runtime's own words.
func (e *engine) Compile(g *graph.Graph, o runtime.Options) (runtime.Program, error) {
	o.Provider = cmp.Or(o.Provider, "cpu")
	p, err := e.compile(g, o)
	if err != nil {
		return nil, fmt.Errorf("ort: compile %q: %w", g.Name, err)
	}
	return p, nil
}

func (e *engine) compile(g *graph.Graph, o runtime.Options) (*program, error) {
	if err := g.Err(); err != nil {
		return nil, err
	}
	p := e.program(g.Name)
	p.inputs, p.outputs = ports(g.Inputs), ports(g.Outputs)
	p.bindable = bindable(p.inputs) && bindable(p.outputs)
	session, err := withOwnOutputs(g)
	if err == nil && p.bindable {
		err = withBindablePorts(session)
	}
	if err != nil {
		return nil, err
	}
	spellOut(session)
	if err := session.Err(); err != nil {
		return nil, err
	}
	model, err := importer.Marshal(session)
	if err != nil {
		return nil, err
	}
	p.shapes = newShapes(g)
	if err := p.open(model, names(session.Inputs), names(session.Outputs), o); err != nil {
		return nil, err
	}
	return p, nil
}

// program is one of the engine's that is still to be opened.
func (e *engine) program(name string) *program {
	return &program{name: name, plain: e.plain, work: profile.Work{Name: "run " + name, Family: "ONNX Runtime", Category: "onnxruntime"}}
}

func names(values []*graph.Value) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = v.Name
	}
	return out
}

func ports(values []*graph.Value) []runtime.Port {
	out := make([]runtime.Port, len(values))
	for i, v := range values {
		out[i] = runtime.Port{Name: v.Name, Kind: v.Kind, DType: v.DType, Shape: v.Shape}
	}
	return out
}
