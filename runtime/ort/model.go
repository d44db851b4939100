//go:build cgo

package ort

import (
	"cmp"
	"fmt"

	"github.com/elbo-ml/elbo/runtime"
)

// CompileModel is the program of a model at the opset and with the operators of its file. A model with maps or sparse
// tensors for inputs or outputs gives an error that wraps graph.ErrUnsupported.
func (e *engine) CompileModel(name string, model []byte, o runtime.Options) (runtime.Program, error) {
	o.Provider = cmp.Or(o.Provider, "cpu")
	p, err := e.compileModel(name, model, o)
	if err != nil {
		return nil, fmt.Errorf("ort: compile %q: %w", name, err)
	}
	return p, nil
}

func (e *engine) compileModel(name string, model []byte, o runtime.Options) (*program, error) {
	p := e.program(name)
	if err := p.open(model, nil, nil, o); err != nil {
		return nil, err
	}
	var err error
	if p.inputs, p.outputs, err = portsOf(p.handle); err != nil {
		p.Close()
		return nil, err
	}
	p.inNames, p.outNames = portNames(portsNames(p.inputs)), portNames(portsNames(p.outputs))
	return p, nil
}

func portsNames(ports []runtime.Port) []string {
	out := make([]string, len(ports))
	for i, p := range ports {
		out[i] = p.Name
	}
	return out
}
