package importer

import (
	"fmt"
	"math"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// window is the rule of a window of cosines: a[0] - a[1] cos(2 pi n / N) + a[2] cos(4 pi n / N), where N is the size, or
// one less for a window that is not periodic.
func window(a ...float64) rule {
	return func(c *conversion) error {
		size, err := c.input(0)
		if err != nil {
			return err
		}
		g := c.g
		count := g.Cast(size, tensor.Float64)
		one := g.Const(tensor.Scalar(1.0))
		period := count
		if c.n.Int("periodic", 1) == 0 {
			period = g.Sub(count, one)
		}
		places := g.Range(g.Const(tensor.Scalar(0.0)), count, one)
		y := g.Expand(g.Const(tensor.Scalar(a[0])), g.ShapeOf(places))
		for k := 1; k < len(a); k++ {
			wave := g.Cos(g.Div(g.Mul(places, g.Const(tensor.Scalar(2*math.Pi*float64(k)))), period))
			y = g.Add(y, g.Mul(wave, g.Const(tensor.Scalar(a[k]*float64(1-2*(k%2))))))
		}
		return c.finish("Cast", graph.Attrs{"to": int64(c.n.Int("output_datatype", 1))}, y)
	}
}

// affineGrid is theta times the coordinates of each place of a grid, which run from -1 to 1 over the places' middles, or
// over the corners' middles.
func affineGrid(c *conversion) error {
	theta, err := c.input(0)
	if err != nil {
		return err
	}
	if _, err := c.input(1); err != nil {
		return err
	}
	size, err := c.constInts(1, "sizes")
	if err != nil {
		return err
	}
	if len(size) < 4 || len(size) > 5 || theta.Rank() != 3 {
		return fmt.Errorf("theta %v for the size %v: %w", theta, size, ErrMalformed)
	}
	extents := size[2:]
	places := 1
	for _, n := range extents {
		if n < 1 || n > 1<<20 || places > 1<<24 {
			return fmt.Errorf("size %v: %w", size, ErrLimit)
		}
		places *= int(n)
	}
	corners := c.n.Int("align_corners", 0) != 0
	d := len(extents)
	grid := tensor.New(tensor.Float64, places, d+1)
	out := tensor.Data[float64](grid)
	for p := range places {
		rest := p
		for k := d - 1; k >= 0; k-- { // the last axis is the first coordinate
			n := int(extents[k])
			i := float64(rest % n)
			rest /= n
			x := (2*i+1)/float64(n) - 1
			if corners {
				x = 0
				if n > 1 {
					x = 2*i/float64(n-1) - 1
				}
			}
			out[p*(d+1)+d-1-k] = x
		}
		out[p*(d+1)+d] = 1
	}
	g := c.g
	y := g.MatMul(g.Cast(g.Const(grid), theta.DType), g.Transpose(theta, 0, 2, 1))
	shape := []int{0}
	for _, n := range extents {
		shape = append(shape, int(n))
	}
	return c.finish("Reshape", nil, y, g.Int64s(append(shape, d)...))
}

// col2Im adds blocks, the columns of the input, at their places in an image.
func col2Im(c *conversion) error {
	x, err := c.input(0)
	if err != nil {
		return err
	}
	for i := range 3 {
		if _, err := c.input(i); err != nil {
			return err
		}
	}
	image, err := c.constInts(1, "image shapes")
	if err != nil {
		return err
	}
	block, err := c.constInts(2, "block shapes")
	if err != nil {
		return err
	}
	if len(image) != len(block) || len(image) < 1 || x.Rank() != 3 {
		return fmt.Errorf("blocks %v of an image %v: %w", block, image, ErrMalformed)
	}
	w, err := graph.ConvWindow(&graph.Node{Op: "MaxPool", Inputs: []*graph.Value{{Shape: make(graph.Shape, 2+len(image))}},
		Attrs: graph.Attrs{"kernel_shape": block, "strides": c.n.Attrs["strides"], "dilations": c.n.Attrs["dilations"], "pads": c.n.Attrs["pads"]}})
	if err != nil {
		return err
	}
	padded, steps := make([]int, len(image)), make([]int, len(image))
	elements, positions, size := 1, 1, 1
	for i, n := range image {
		padded[i] = int(n) + w.Begin[i] + w.End[i]
		steps[i] = (padded[i]-w.Dilations[i]*(w.Kernel[i]-1)-1)/w.Strides[i] + 1
		if n < 1 || steps[i] < 1 || padded[i] > 1<<20 || size > 1<<24 || elements > 1<<20 {
			return fmt.Errorf("blocks %v of an image %v: %w", block, image, ErrMalformed)
		}
		elements, positions, size = elements*w.Kernel[i], positions*steps[i], size*padded[i]
	}
	channels, known := x.Shape[1].Known()
	if !known || channels%elements != 0 || !x.Shape[2].Is(positions) || elements*positions > 1<<26 {
		return fmt.Errorf("%v for blocks %v of an image %v: %w", x.Shape, block, image, graph.ErrUnsupported)
	}
	channels /= elements
	index := make([]int64, 0, elements*positions)
	for e := range elements {
		for p := range positions {
			at, stride, re, rp := 0, 1, e, p
			for i := len(image) - 1; i >= 0; i-- {
				at += (rp%steps[i]*w.Strides[i] + re%w.Kernel[i]*w.Dilations[i]) * stride
				stride *= padded[i]
				re, rp = re/w.Kernel[i], rp/steps[i]
			}
			index = append(index, int64(at))
		}
	}
	g := c.g
	columns := g.Reshape(x, g.Int64s(0, channels, -1))
	zeros := g.Fill(g.Concat(0, c.extent(x, 0), g.Int64s(channels, size)), tensor.New(x.DType, 1))
	sum := g.Node("ScatterElements", graph.Attrs{"axis": int64(2), "reduction": "add"}, zeros, g.Expand(g.Const(tensor.Vector(index...)), g.ShapeOf(columns)), columns)
	starts, ends, axes := w.Begin, make([]int, len(image)), make([]int, len(image))
	for i, n := range image {
		ends[i], axes[i] = w.Begin[i]+int(n), 2+i
	}
	whole := g.Reshape(sum, g.Int64s(append([]int{0, channels}, padded...)...))
	return c.finish("Slice", nil, whole, g.Int64s(starts...), g.Int64s(ends...), g.Int64s(axes...))
}

// dft is the discrete Fourier transform along an axis of complex or real numbers (the last axis holds their parts), as a
// product with the matrix of cosines and sines.
func dft(c *conversion) error {
	x, err := c.input(0)
	if err != nil {
		return err
	}
	at := c.n.Int("axis", 1)
	if c.opset >= 20 {
		at = -2
		if c.n.Input(2) != nil {
			var err error
			if at, err = c.constInt(2, "axis"); err != nil {
				return err
			}
		}
	}
	a, err := axis(at, x.Rank())
	if err != nil || a >= x.Rank()-1 {
		return fmt.Errorf("axis %d of %v: %w", at, x.Shape, ErrMalformed)
	}
	have, known := x.Shape[a].Known()
	parts, known2 := x.Shape[x.Rank()-1].Known()
	if !known || !known2 || parts < 1 || parts > 2 {
		return fmt.Errorf("%v: %w", x.Shape, graph.ErrUnsupported)
	}
	inverse, half := c.n.Int("inverse", 0) != 0, c.n.Int("onesided", 0) != 0
	n := have
	if inverse && half {
		n = 2 * (have - 1)
	}
	if c.n.Input(1) != nil {
		var err error
		if n, err = c.constInt(1, "length"); err != nil {
			return err
		}
	}
	if n < 1 || n > 1<<12 {
		return fmt.Errorf("a transform of %d: %w", n, ErrLimit)
	}
	g := c.g
	used := min(have, n)
	if inverse && half {
		used = min(have, n/2+1)
	}
	cut := func(part int) *graph.Value {
		return g.Node("Slice", nil, x, g.Int64s(0, part), g.Int64s(used, part+1), g.Int64s(a, x.Rank()-1))
	}
	perm := make([]int, x.Rank())
	for i := range perm {
		perm[i] = i
	}
	perm[a], perm[len(perm)-1] = len(perm)-1, a // the axis last: the swap is its own inverse
	re := g.Transpose(cut(0), perm...)
	var im *graph.Value
	if parts == 2 {
		im = g.Transpose(cut(1), perm...)
	}
	out := n
	if half && !inverse {
		out = n/2 + 1
	}
	cos, sin := tensor.New(tensor.Float64, used, out), tensor.New(tensor.Float64, used, out)
	for j := range used {
		weight := 1.0
		if inverse {
			weight = 1 / float64(n)
			if half && j > 0 && 2*j != n { // the other half is its conjugate
				weight *= 2
			}
		}
		for k := range out {
			angle := 2 * math.Pi * float64(j*k%n) / float64(n)
			if !inverse {
				angle = -angle
			}
			tensor.Data[float64](cos)[j*out+k], tensor.Data[float64](sin)[j*out+k] = weight*math.Cos(angle), weight*math.Sin(angle)
		}
	}
	cosines, sines := g.Cast(g.Const(cos), x.DType), g.Cast(g.Const(sin), x.DType)
	yre, yim := g.MatMul(re, cosines), g.MatMul(re, sines)
	if im != nil {
		yre, yim = g.Sub(yre, g.MatMul(im, sines)), g.Add(yim, g.MatMul(im, cosines))
	}
	if inverse && half {
		return c.finish("Transpose", graph.Attrs{"perm": perm64(perm)}, yre)
	}
	return c.finish("Concat", graph.Attrs{"axis": int64(x.Rank() - 1)}, g.Transpose(yre, perm...), g.Transpose(yim, perm...))
}

func perm64(perm []int) []int64 {
	out := make([]int64, len(perm))
	for i, p := range perm {
		out[i] = int64(p)
	}
	return out
}
