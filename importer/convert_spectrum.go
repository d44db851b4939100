package importer

import (
	"fmt"
	"math"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// maxFrame is the longest frame of a short-time Fourier transform.
const maxFrame = 1 << 12

// stft is the Fourier transform of frames of a signal [batch, length, 1 or 2], which a window weights: a convolution by the
// window's cosines and sines, [batch, frames, frequencies, 2].
func stft(c *conversion) error {
	x, err := c.input(0)
	if err != nil {
		return err
	}
	if _, err := c.input(1); err != nil {
		return err
	}
	step, err := c.constInt(1, "frame steps")
	if err != nil {
		return err
	}
	if x.Rank() != 3 || step < 1 {
		return fmt.Errorf("a signal %v in steps of %d: %w", x, step, ErrMalformed)
	}
	parts, known := x.Shape[2].Known()
	if !known || parts < 1 || parts > 2 {
		return fmt.Errorf("a signal %v: %w", x, graph.ErrUnsupported)
	}
	window := c.n.Input(2)
	var n int
	switch {
	case c.n.Input(3) != nil:
		n, err = c.constInt(3, "frame lengths")
	case window != nil && window.Rank() == 1:
		n, known = window.Shape[0].Known()
	default:
		n, known = x.Shape[1].Known()
	}
	switch {
	case err != nil:
		return err
	case !known:
		return fmt.Errorf("frames of unknown length: %w", graph.ErrUnsupported)
	case n < 1 || n > maxFrame:
		return fmt.Errorf("frames of %d: %w", n, ErrLimit)
	case window != nil && (window.Rank() != 1 || !window.Shape[0].Is(n)):
		return fmt.Errorf("a window %v for frames of %d: %w", window, n, ErrMalformed)
	}
	bins := n
	if c.n.Int("onesided", 1) != 0 {
		bins = n/2 + 1
	}
	// (re + i im)(cos a - i sin a) for the angle a = 2 pi j k / n of element j and frequency k
	waves := tensor.New(tensor.Float64, 2, bins, parts, n)
	out := tensor.Data[float64](waves)
	for k := range bins {
		for j := range n {
			sin, cos := math.Sincos(2 * math.Pi * float64(j*k%n) / float64(n))
			re, im := k*parts*n+j, (bins+k)*parts*n+j
			out[re], out[im] = cos, -sin
			if parts == 2 {
				out[re+n], out[im+n] = sin, cos
			}
		}
	}
	g := c.g
	w := g.Cast(g.Const(waves), x.DType)
	if window != nil {
		w = g.Mul(w, window)
	}
	w = g.Reshape(w, g.Int64s(2*bins, parts, n))
	y := g.Node("Conv", graph.Attrs{"strides": []int64{int64(step)}}, g.Transpose(x, 0, 2, 1), w)
	return c.finish("Transpose", graph.Attrs{"perm": []int64{0, 3, 2, 1}}, g.Reshape(y, g.Int64s(0, 2, bins, -1)))
}

// melWeights are triangles over the frequencies of a transform, [frequencies, bands], whose corners lie equally far apart on
// the mel scale, 2595 log10(1 + f/700): band i rises from corner i to 1 at corner i+1 and falls to corner i+2. Corners are
// rounded down to frequencies of the transform.
func melWeights(c *conversion) error {
	g := c.g
	var in [5]*graph.Value // bands, length, rate, lowest and highest frequency, as float64 scalars
	for i := range in {
		v, err := c.input(i)
		if err != nil {
			return err
		}
		in[i] = g.Cast(g.Reshape(v, g.Int64s()), tensor.Float64)
	}
	number := func(x float64) *graph.Value { return g.Const(tensor.Scalar(x)) }
	zero, one := number(0), number(1)
	mel := func(f *graph.Value) *graph.Value {
		return g.Mul(number(2595/math.Ln10), g.Log(g.Add(one, g.Div(f, number(700)))))
	}
	low := mel(in[3])
	corners := g.Add(in[0], number(2))
	steps := g.Mul(g.Range(zero, corners, one), g.Div(g.Sub(mel(in[4]), low), corners))
	f := g.Exp(g.Mul(number(math.Ln10/2595), g.Add(steps, low)))
	f = g.Mul(number(700), g.Sub(f, one))
	f = g.Floor(g.Div(g.Mul(g.Add(in[1], one), f), in[2]))
	part := func(from, to int) *graph.Value {
		return g.Node("Slice", nil, f, g.Int64s(from), g.Int64s(to), g.Int64s(0))
	}
	lower, center, higher := part(0, -2), part(1, -1), part(2, math.MaxInt64)
	bins := g.Add(g.Floor(g.Div(in[1], number(2))), one)
	at := g.Unsqueeze(g.Range(zero, bins, one), 1)
	rise := g.Div(g.Sub(at, lower), g.Max(g.Sub(center, lower), one))
	fall := g.Div(g.Sub(higher, at), g.Max(g.Sub(higher, center), one))
	y := g.Where(g.Equal(at, center), one, g.Max(zero, g.Min(rise, fall)))
	return c.finish("Cast", graph.Attrs{"to": int64(c.n.Int("output_datatype", 1))}, y)
}
