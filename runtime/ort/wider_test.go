//go:build cgo

package ort

import (
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// What ONNX Runtime computes in wider types alone gives the narrow type's numbers, in that type; the shape of a range shows
// after the run.
func TestNarrowTypes(t *testing.T) {
	v := tensor.ValueOf
	half := func(x float32) tensor.Value {
		h := tensor.New(tensor.Float16)
		tensor.Data[uint16](h)[0] = tensor.ToFloat16(x)
		return v(h)
	}
	for _, c := range []struct {
		op    string
		attrs graph.Attrs
		in    []tensor.Value
		want  string
	}{
		{"Max", nil, []tensor.Value{v(tensor.Vector[int16](-32768, 7)), v(tensor.Vector[int16](-1, 32767))}, "int16[2][-1 32767]"},
		{"Min", nil, []tensor.Value{v(tensor.Vector[uint16](65535, 7)), v(tensor.Vector[uint16](40000))}, "uint16[2][40000 7]"},
		{"Where", nil, []tensor.Value{v(tensor.Vector(true, false)), v(tensor.Vector[int8](-128)), v(tensor.Vector[int8](127))}, "int8[2][-128 127]"},
		{"Where", nil, []tensor.Value{v(tensor.Vector(true, false)), v(tensor.Vector[uint32](1<<32 - 1)), v(tensor.Vector[uint32](0))}, "uint32[2][4.294967295e+09 0]"},
		{"BitShift", graph.Attrs{"direction": "LEFT"}, []tensor.Value{v(tensor.Vector[uint16](0x8001, 3)), v(tensor.Vector[uint16](1, 4))}, "uint16[2][2 48]"},
		{"BitShift", graph.Attrs{"direction": "RIGHT"}, []tensor.Value{v(tensor.Vector[uint16](0x8001, 3)), v(tensor.Vector[uint16](15, 1))}, "uint16[2][1 1]"},
		{"Pow", nil, []tensor.Value{v(tensor.Vector[float32](2, -3)), v(tensor.Vector[uint32](10, 3))}, "float32[2][1024 -27]"},
		{"Pow", nil, []tensor.Value{v(tensor.Vector[int32](2, -3)), v(tensor.Vector[int8](5, 2))}, "int32[2][32 9]"},
		{"Range", nil, []tensor.Value{half(1), half(3), half(0.5)}, "float16[4][1 1.5 2 2.5]"},
	} {
		got, err := runNode(t, c.op, c.attrs, c.in...)
		if err != nil {
			t.Errorf("%s of %v: %v", c.op, c.in, err)
			continue
		}
		if s := shown(got); s != c.want {
			t.Errorf("%s of %v: %s, want %s", c.op, c.in, s, c.want)
		}
	}
}
