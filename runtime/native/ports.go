package native

import (
	"fmt"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
)

// checkInputs checks number, type, rank and numeric dimensions of the inputs.
func (p *program) checkInputs(in []*tensor.Tensor) error {
	if len(in) != len(p.in) {
		return fmt.Errorf("native: run: %d inputs given, the program has %d: %w", len(in), len(p.in), runtime.ErrInput)
	}
	for i := range p.in {
		if err := checkInput(&p.in[i], in[i]); err != nil {
			return err
		}
	}
	return nil
}

func checkInput(port *runtime.Port, t *tensor.Tensor) error {
	if t == nil {
		return fmt.Errorf("native: run: input %q is nil: %w", port.Name, runtime.ErrInput)
	}
	shape := t.Shape()
	fits := port.Kind == tensor.Dense && t.DType() == port.DType && (port.Shape == nil || len(shape) == len(port.Shape))
	for i := 0; fits && i < len(port.Shape); i++ {
		n, known := port.Shape[i].Known()
		fits = !known || n == shape[i]
	}
	if !fits {
		return fmt.Errorf("native: run: input %q is %v, the program takes %v: %w", port.Name, t, typeOf(port), runtime.ErrInput)
	}
	return nil
}

func typeOf(port *runtime.Port) string {
	s := port.DType.String() + port.Shape.String()
	if port.Kind != tensor.Dense {
		s = port.Kind.String() + " of " + s
	}
	return s
}

// checkValues is checkInputs for what may be sequences and optionals. An optional input takes what is none, too.
func (p *program) checkValues(in []tensor.Value) error {
	if len(in) != len(p.in) {
		return fmt.Errorf("native: run: %d inputs given, the program has %d: %w", len(in), len(p.in), runtime.ErrInput)
	}
	for i := range p.in {
		port, v := &p.in[i], in[i]
		if port.Kind == tensor.Dense && v.Kind == tensor.Dense {
			if err := checkInput(port, v.Tensor); err != nil {
				return err
			}
			continue
		}
		if !(v.Kind == port.Kind || port.Kind == tensor.Optional && v.Kind == tensor.Dense ||
			port.Kind == tensor.OptionalSequence && v.Kind == tensor.Sequence) || v.DType != port.DType {
			return fmt.Errorf("native: run: input %q is %v, the program takes %v: %w", port.Name, v, typeOf(port), runtime.ErrInput)
		}
	}
	return nil
}

// checkSymbols checks that a symbol such as "batch" is the same number in all inputs.
func (p *program) checkSymbols(in []*tensor.Tensor) error {
	type seen struct {
		n    int
		port string
	}
	symbols := map[string]seen{}
	for i, port := range p.in {
		for axis, d := range port.Shape {
			name := d.String()
			if _, known := d.Known(); known || !d.Equal(graph.Sym(name)) {
				continue
			}
			n := in[i].Shape()[axis]
			if s, ok := symbols[name]; ok && s.n != n {
				return fmt.Errorf("native: run: dimension %q is %d in input %q and %d in input %q: %w", name, s.n, s.port, n, port.Name, runtime.ErrInput)
			}
			symbols[name] = seen{n, port.Name}
		}
	}
	return nil
}

// prepareOutputs makes the outputs that are nil and checks the others.
func (p *program) prepareOutputs(values []*graph.Value, shapes []tensor.Shape, out []*tensor.Tensor) error {
	for i, t := range out {
		dtype := values[i].DType
		if t == nil {
			out[i] = tensor.New(dtype, shapes[i]...)
			continue
		}
		if t.DType() != dtype || !t.Shape().Equal(shapes[i]) {
			return fmt.Errorf("native: run: output %q is given as %v, the program computes %v%v: %w", p.out[i].Name, t, dtype, shapes[i], runtime.ErrInput)
		}
	}
	return nil
}
