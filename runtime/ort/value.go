//go:build cgo

package ort

// #include "capi.h"
import "C"

import (
	"fmt"
	"unsafe"

	ortgo "github.com/yalue/onnxruntime_go"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// empty is lent to tensors without elements, which have no memory.
var empty [1]byte

// ortShape is the shape on ONNX Runtime's side, where a scalar is [1]: see withBindablePorts.
func ortShape(s tensor.Shape) ortgo.Shape {
	if len(s) == 0 {
		return ortgo.Shape{1}
	}
	out := make(ortgo.Shape, len(s))
	for i, d := range s {
		out[i] = int64(d)
	}
	return out
}

// newStrings is a value of its own that holds the strings of t.
func newStrings(t *tensor.Tensor, shape ortgo.Shape) (v value, err error) {
	if err := check(C.newValue(host.allocator, (*C.int64_t)(unsafe.SliceData(shape)), C.size_t(len(shape)), C.int(elementCode(tensor.String)), &v)); err != nil {
		return nil, err
	}
	for i, s := range t.Strings() {
		var at *C.char
		if err := check(C.stringAt(v, C.size_t(i), C.size_t(len(s)), &at)); err != nil {
			releaseValues([]value{v})
			return nil, err
		}
		copy(unsafe.Slice((*byte)(unsafe.Pointer(at)), len(s)), s)
	}
	return v, nil
}

// newSequence is a sequence of at least one value, which shares them.
func newSequence(items []value) (v value, err error) {
	err = check(C.newSequence(unsafe.SliceData(items), C.size_t(len(items)), &v))
	return v, err
}

// kindOfValue is a value's ONNXType; typeNone for an optional that holds nothing.
func kindOfValue(v value) (int, error) {
	var has, kind C.int
	if err := check(C.hasValue(v, &has)); err != nil || has == 0 {
		return typeNone, err
	}
	err := check(C.kindOfValue(v, &kind))
	return int(kind), err
}

// itemsOf are the tensors of a sequence, copied.
func itemsOf(v value) ([]*tensor.Tensor, error) {
	var n C.size_t
	if err := check(C.countItems(v, &n)); err != nil {
		return nil, err
	}
	out := make([]*tensor.Tensor, n)
	for i := range out {
		var entry value
		if err := check(C.item(v, C.int(i), host.allocator, &entry)); err != nil {
			return nil, err
		}
		var err error
		out[i], err = tensorOf(entry)
		releaseValues([]value{entry})
		if err != nil {
			return nil, fmt.Errorf("entry %d: %w", i, err)
		}
	}
	return out, nil
}

// tensorOf copies a value, in the host's memory, to a tensor.
func tensorOf(v value) (*tensor.Tensor, error) {
	var is C.int
	if err := check(C.isTensor(v, &is)); err != nil {
		return nil, err
	}
	if is == 0 {
		return nil, fmt.Errorf("the value is no tensor: %w", graph.ErrUnsupported)
	}
	var code C.int
	var rank C.size_t
	if err := check(C.form(v, &code, &rank, nil)); err != nil {
		return nil, err
	}
	dims := make([]C.int64_t, rank)
	if err := check(C.form(v, &code, &rank, unsafe.SliceData(dims))); err != nil {
		return nil, err
	}
	shape := make(tensor.Shape, rank)
	for i, d := range dims {
		shape[i] = int(d)
	}
	dtype, err := elementType(int(code))
	if err != nil {
		return nil, err
	}
	if dtype == tensor.String {
		return stringsOf(v, shape)
	}
	var at unsafe.Pointer
	if err := check(C.address(v, &at)); err != nil {
		return nil, err
	}
	data := unsafe.Slice((*byte)(at), (shape.Size()*dtype.Bits()+7)/8)
	if dtype.Bits() < 8 {
		return tensor.Unpack(dtype, shape, data)
	}
	t := tensor.New(dtype, shape...)
	copy(t.Bytes(), data)
	return t, nil
}

// stringsOf copies a value of strings.
func stringsOf(v value, shape tensor.Shape) (*tensor.Tensor, error) {
	t := tensor.New(tensor.String, shape...)
	n := t.Len()
	if n == 0 {
		return t, nil
	}
	var bytes C.size_t
	if err := check(C.stringBytes(v, &bytes)); err != nil {
		return nil, err
	}
	text, starts := make([]byte, bytes+1), make([]C.size_t, n+1) // one more: neither slice is empty
	starts[n] = bytes
	if err := check(C.strings(v, unsafe.Pointer(&text[0]), bytes, &starts[0], C.size_t(n))); err != nil {
		return nil, err
	}
	for i := range n {
		t.Strings()[i] = string(text[starts[i]:starts[i+1]])
	}
	return t, nil
}
