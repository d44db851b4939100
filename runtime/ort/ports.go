//go:build cgo

package ort

// #include "capi.h"
import "C"

import (
	"fmt"
	"unsafe"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
)

// portsOf are the ports that a session itself names. Their shapes stay open: what a file says of them is not always true.
func portsOf(s handle) (in, out []runtime.Port, err error) {
	if in, err = portsAt(s, C.SessionGetInputCount, C.SessionGetInputName, C.SessionGetInputTypeInfo); err != nil {
		return nil, nil, err
	}
	out, err = portsAt(s, C.SessionGetOutputCount, C.SessionGetOutputName, C.SessionGetOutputTypeInfo)
	return in, out, err
}

func portsAt(s handle, count, name, kind C.int) ([]runtime.Port, error) {
	var n C.size_t
	if err := check(C.portCount(count, s, &n)); err != nil {
		return nil, err
	}
	ports := make([]runtime.Port, n)
	for i := range ports {
		var text *C.char
		if err := check(C.nameOfPort(name, s, C.size_t(i), host.allocator, &text)); err != nil {
			return nil, err
		}
		ports[i].Name = C.GoString(text)
		if err := check(C.freeName(host.allocator, text)); err != nil {
			return nil, err
		}
		var t *C.OrtTypeInfo
		if err := check(C.typeOfPort(kind, s, C.size_t(i), &t)); err != nil {
			return nil, err
		}
		if err := setType(&ports[i], t); err != nil {
			return nil, fmt.Errorf("%q: %w", ports[i].Name, err)
		}
	}
	return ports, nil
}

// What ONNX Runtime calls an ONNXType.
const (
	typeNone     = 0
	typeTensor   = 1
	typeSequence = 2
	typeOptional = 6
)

// setType sets a port's kind and element type to those of t, which it frees.
func setType(p *runtime.Port, t *C.OrtTypeInfo) error {
	defer C.release(C.ReleaseTypeInfo, unsafe.Pointer(t))
	var kind, code C.int
	if err := check(C.kindOfType(t, &kind)); err != nil {
		return err
	}
	var within *C.OrtTypeInfo
	switch {
	case kind == typeTensor:
		err := check(C.elementOfType(t, &code))
		if err == nil {
			p.DType, err = elementType(int(code))
		}
		return err
	case kind == typeOptional && p.Kind == tensor.Dense:
		if err := check(C.typeWithin(C.CastTypeInfoToOptionalTypeInfo, C.GetOptionalContainedTypeInfo, t, &within)); err != nil {
			return err
		}
		p.Kind = tensor.Optional
	case kind == typeSequence && (p.Kind == tensor.Dense || p.Kind == tensor.Optional):
		if err := check(C.typeWithin(C.CastTypeInfoToSequenceTypeInfo, C.GetSequenceElementType, t, &within)); err != nil {
			return err
		}
		p.Kind = map[tensor.Kind]tensor.Kind{tensor.Dense: tensor.Sequence, tensor.Optional: tensor.OptionalSequence}[p.Kind]
	default:
		return fmt.Errorf("ONNX Runtime's type %d, in a %v: %w", kind, p.Kind, graph.ErrUnsupported)
	}
	return setType(p, within)
}
