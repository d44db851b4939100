package importer

import (
	"fmt"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// bounds are the least and the greatest number of an integer type that is quantized to.
func bounds(dtype tensor.DType) (lo, hi float64, ok bool) {
	bits := dtype.Bits()
	switch dtype {
	case tensor.Uint2, tensor.Uint4, tensor.Uint8, tensor.Uint16:
		return 0, float64(int(1)<<bits - 1), true
	case tensor.Int2, tensor.Int4, tensor.Int8, tensor.Int16, tensor.Int32:
		return -float64(int(1) << (bits - 1)), float64(int(1)<<(bits-1) - 1), true
	}
	return 0, 0, false
}

// quantizeLinear is saturate(round(x / scale) + zero point), one scale for all, for each entry of an axis, or for each
// block of an axis.
func quantizeLinear(c *conversion) error {
	x, scale, err := c.two()
	if err != nil {
		return err
	}
	to := tensor.DType(c.n.Int("output_dtype", int(tensor.Uint8)))
	zero := c.n.Input(2)
	if zero != nil {
		to = zero.DType
	}
	s, z, err := c.perAxis(x, scale, zero)
	if err != nil {
		return err
	}
	return c.quantize(c.number(x), s, z, to)
}

// quantize writes the node's output from the numbers x. Floats of 8 bits are rounded by the cast, and have no zero point
// but 0.
func (c *conversion) quantize(x, scale, zero *graph.Value, to tensor.DType) error {
	g := c.g
	y := g.Div(x, g.Cast(scale, x.DType))
	if tensor.Small(to) != nil {
		return c.finish("Cast", graph.Attrs{"to": int64(to), "saturate": int64(c.n.Int("saturate", 1))}, y)
	}
	lo, hi, ok := bounds(to)
	if !ok {
		return fmt.Errorf("to %v: %w", to, graph.ErrUnsupported)
	}
	y = g.Round(y)
	if zero != nil {
		y = g.Add(y, g.Cast(zero, y.DType))
	}
	return c.finish("Cast", graph.Attrs{"to": int64(to)}, g.Clip(y, lo, hi))
}

// number is x as floats of 32 bits at least.
func (c *conversion) number(x *graph.Value) *graph.Value {
	if x.DType == tensor.Float64 {
		return x
	}
	return c.g.Cast(x, tensor.Float32)
}

// dequantizeLinear is (x - zero point) * scale, in the type of the scale.
func dequantizeLinear(c *conversion) error {
	x, scale, err := c.two()
	if err != nil {
		return err
	}
	to := tensor.DType(c.n.Int("output_dtype", 0))
	if to == 0 {
		to = scale.DType
	}
	s, z, err := c.perAxis(x, scale, c.n.Input(2))
	if err != nil {
		return err
	}
	return c.finish("Cast", graph.Attrs{"to": int64(to)}, c.dequantized(x, s, z))
}

func (c *conversion) dequantized(x, scale, zero *graph.Value) *graph.Value {
	y := c.number(x)
	if zero != nil {
		y = c.g.Sub(y, zero)
	}
	return c.g.Mul(y, c.number(scale))
}

// perAxis gives scale and zero point a shape that broadcasts to x. The zero point of floats of 8 bits and fewer is 0, and
// left out; others come back as numbers: ONNX Runtime does not give another shape to what has 4 bits.
func (c *conversion) perAxis(x, scale, zero *graph.Value) (s, z *graph.Value, err error) {
	if zero != nil && tensor.Small(zero.DType) != nil {
		zero = nil
	}
	if zero != nil {
		zero = c.number(zero)
	}
	block := c.n.Int("block_size", 0)
	if n, known := scale.Shape.Size().Known(); block == 0 && known && n == 1 && scale.Rank() <= 1 {
		return c.flat(scale), c.flat(zero), nil
	}
	a, err := axis(c.n.Int("axis", 1), x.Rank())
	if err != nil || a == x.Rank() {
		return nil, nil, fmt.Errorf("axis %d of %v: %w", c.n.Int("axis", 1), x.Shape, ErrMalformed)
	}
	fit := func(v *graph.Value) *graph.Value {
		if v == nil {
			return nil
		}
		if block == 0 {
			shape := make([]int, x.Rank())
			for i := range shape {
				shape[i] = 1
			}
			shape[a] = -1
			return c.g.Reshape(v, c.g.Int64s(shape...))
		}
		n, _ := x.Shape[a].Known()
		index := make([]int, n)
		for i := range index {
			index[i] = i / block
		}
		return c.g.Gather(v, c.g.Int64s(index...), a)
	}
	if n, known := x.Shape[a].Known(); block < 0 || block > 0 && (!known || n > 1<<24 || scale.Rank() != x.Rank()) {
		return nil, nil, fmt.Errorf("blocks of %d along %v: %w", block, x.Shape[a], graph.ErrUnsupported)
	}
	if block == 0 && scale.Rank() != 1 {
		return nil, nil, fmt.Errorf("a scale %v: %w", scale.Shape, ErrMalformed)
	}
	return fit(scale), fit(zero), nil
}

// flat is v as a scalar.
func (c *conversion) flat(v *graph.Value) *graph.Value {
	if v == nil || v.Rank() == 0 {
		return v
	}
	return c.g.Reshape(v, c.g.Const(tensor.New(tensor.Int64, 0)))
}

// dynamicQuantizeLinear quantizes to uint8 over the range of x with 0 in it.
func dynamicQuantizeLinear(c *conversion) error {
	x, err := c.input(0)
	if err != nil {
		return err
	}
	g := c.g
	zero := g.Scalar(0, x)
	hi, lo := g.Max(g.ReduceMax(x, false), zero), g.Min(g.ReduceMin(x, false), zero)
	scale := g.Div(g.Sub(hi, lo), g.Scalar(255, x))
	point := g.Round(g.Clip(g.Div(g.Neg(lo), scale), 0, 255))
	y := g.Clip(g.Add(g.Round(g.Div(x, scale)), point), 0, 255)
	return c.give(g.Cast(y, tensor.Uint8), scale, g.Cast(point, tensor.Uint8))
}

// exact is x - zero point as float64, in which sums of products of 8 bits are exact.
func (c *conversion) exact(x, zero *graph.Value) *graph.Value { return c.less(x, zero, tensor.Float64) }

// less is x - zero point in a type of floats.
func (c *conversion) less(x, zero *graph.Value, dtype tensor.DType) *graph.Value {
	y := c.g.Cast(x, dtype)
	if zero == nil {
		return y
	}
	return c.g.Sub(y, c.g.Cast(zero, dtype))
}

// exactConv is the convolution of integers of 8 bits less their zero points, exact in float64: computed in float32 where
// so few products are summed that all fit in its 24 bits.
func (c *conversion) exactConv(x, zeroX, w, zeroW *graph.Value) *graph.Value {
	const most = 1 << 24 / (255 * 255)
	dtype := tensor.Float64
	if w.Rank() > 1 {
		if n, known := w.Shape[1:].Size().Known(); known && n <= most {
			dtype = tensor.Float32
		}
	}
	y := c.g.Node("Conv", c.n.Attrs, c.less(x, c.flat(zeroX), dtype), c.less(w, c.channels(zeroW, w), dtype))
	return c.g.Cast(y, tensor.Float64)
}

// rows is a zero point of each row of a matrix as a column.
func (c *conversion) rows(zero, x *graph.Value) *graph.Value {
	if zero == nil || zero.Rank() != 1 || zero.Shape[0].Is(1) || x.Rank() < 2 {
		return zero
	}
	return c.g.Unsqueeze(zero, 1)
}

// matMulInteger is the product of integers less their zero points, as int32.
func matMulInteger(c *conversion) error {
	a, b, err := c.two()
	if err != nil {
		return err
	}
	return c.finish("Cast", graph.Attrs{"to": int64(tensor.Int32)}, c.g.MatMul(c.exact(a, c.rows(c.n.Input(2), a)), c.exact(b, c.n.Input(3))))
}

// convInteger is the convolution of integers less their zero points, as int32.
func convInteger(c *conversion) error {
	x, w, err := c.two()
	if err != nil {
		return err
	}
	y := c.exactConv(x, c.n.Input(2), w, c.n.Input(3))
	return c.finish("Cast", graph.Attrs{"to": int64(tensor.Int32)}, y)
}

// channels is a number for each output channel of the weight w, or one for all, in a shape that broadcasts to w.
func (c *conversion) channels(v, w *graph.Value) *graph.Value {
	if v == nil || v.Rank() < 1 || w.Rank() < 1 || v.Shape[0].Is(1) {
		return c.flat(v)
	}
	shape := make([]int, w.Rank())
	for i := range shape {
		shape[i] = 1
	}
	shape[0] = -1
	return c.g.Reshape(v, c.g.Int64s(shape...))
}

// qLinearMatMul is the product of quantized matrices, quantized.
func qLinearMatMul(c *conversion) error {
	for i := range 8 {
		if _, err := c.input(i); err != nil {
			return err
		}
	}
	in := c.n.Inputs
	product := c.g.MatMul(c.exact(in[0], c.rows(in[2], in[0])), c.exact(in[3], in[5]))
	double := func(v *graph.Value) *graph.Value { return c.g.Cast(v, tensor.Float64) }
	scale := c.g.Mul(double(c.rows(in[1], in[0])), double(in[4]))
	return c.quantize(c.g.Mul(product, scale), c.rows(in[6], in[0]), c.rows(in[7], in[0]), in[7].DType)
}

// qLinearConv is the convolution of quantized numbers, quantized; the bias is in units of both scales.
func qLinearConv(c *conversion) error {
	for i := range 8 {
		if _, err := c.input(i); err != nil {
			return err
		}
	}
	in, g := c.n.Inputs, c.g
	y := c.exactConv(in[0], in[2], in[3], in[5])
	if err := g.Err(); err != nil {
		return err
	}
	channels := make([]int, y.Rank()-1) // the shape in which a number for each channel broadcasts to y
	for i := range channels {
		channels[i] = 1
	}
	channels[0] = -1
	if b := c.n.Input(8); b != nil {
		y = g.Add(y, g.Reshape(g.Cast(b, tensor.Float64), g.Int64s(channels...)))
	}
	scale := g.Cast(in[4], tensor.Float64)
	if in[4].Rank() == 1 && !in[4].Shape[0].Is(1) {
		scale = g.Reshape(scale, g.Int64s(channels...))
	} else {
		scale = c.flat(scale)
	}
	scale = g.Mul(scale, c.flat(g.Cast(in[1], tensor.Float64)))
	return c.quantize(g.Mul(y, scale), c.flat(in[6]), c.flat(in[7]), in[7].DType)
}
