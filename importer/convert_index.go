package importer

import (
	"fmt"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// tuples turns indices [..., k] into the first axes of x, batch of them given by place, into the numbers of rows: those
// of x with its first batch + k axes made one.
func (c *conversion) tuples(x, index *graph.Value, batch int) (rows *graph.Value, lead int, err error) {
	if index.Rank() < 1 || batch < 0 || batch >= index.Rank() {
		return nil, 0, fmt.Errorf("indices %v, batch_dims %d: %w", index, batch, ErrMalformed)
	}
	k, known := index.Shape[index.Rank()-1].Known()
	if !known || k < 1 || batch+k > x.Rank() {
		return nil, 0, fmt.Errorf("indices %v into %v: %w", index.Shape, x.Shape, graph.ErrUnsupported)
	}
	dims, known := x.Shape[:batch+k].Known()
	if !known {
		return nil, 0, fmt.Errorf("indices into %v: %w", x.Shape, graph.ErrUnsupported)
	}
	g := c.g
	index = g.Cast(index, tensor.Int64)
	strides := make([]int, batch+k)
	n := 1
	for i := batch + k - 1; i >= 0; i-- {
		strides[i] = n
		n *= dims[i]
	}
	extents := g.Int64s(dims[batch:]...)
	index = g.Where(g.Less(index, g.Const(tensor.Scalar(int64(0)))), g.Add(index, extents), index)
	rows = g.ReduceSum(g.Mul(index, g.Int64s(strides[batch:]...)), false, index.Rank()-1)
	for b := range batch {
		shape := make([]int, rows.Rank())
		for i := range shape {
			shape[i] = 1
		}
		shape[b] = dims[b]
		places := make([]int, dims[b])
		for i := range places {
			places[i] = i * strides[b]
		}
		rows = g.Add(rows, g.Reshape(g.Int64s(places...), g.Int64s(shape...)))
	}
	return rows, batch + k, nil
}

// leadOne is x with its first axes made one.
func (c *conversion) leadOne(x *graph.Value, lead int) *graph.Value {
	shape := []*graph.Value{c.g.Int64s(-1)}
	for i := lead; i < x.Rank(); i++ {
		shape = append(shape, c.extent(x, i))
	}
	return c.g.Reshape(x, c.g.Concat(0, shape...))
}

// gatherND takes the parts of x that tuples of indices name.
func gatherND(c *conversion) error {
	x, index, err := c.two()
	if err != nil {
		return err
	}
	rows, lead, err := c.tuples(x, index, c.n.Int("batch_dims", 0))
	if err != nil {
		return err
	}
	return c.finish("Gather", graph.Attrs{"axis": int64(0)}, c.leadOne(x, lead), rows)
}

// scatterND puts updates in the places of x that tuples of indices name.
func scatterND(c *conversion) error {
	for i := range 3 {
		if _, err := c.input(i); err != nil {
			return err
		}
	}
	g, x, updates := c.g, c.n.Inputs[0], c.n.Inputs[2]
	rows, lead, err := c.tuples(x, c.n.Inputs[1], 0)
	if err != nil {
		return err
	}
	shape := g.ShapeOf(x)
	flat := g.Node("Flatten", graph.Attrs{"axis": int64(lead)}, x)
	flat = g.Reshape(flat, g.Concat(0, g.Int64s(-1), c.extent(flat, 1)))
	u := g.Reshape(updates, g.Concat(0, g.Int64s(-1), c.extent(flat, 1)))
	index := g.Expand(g.Reshape(rows, g.Int64s(-1, 1)), g.ShapeOf(u))
	attrs := graph.Attrs{"axis": int64(0), "reduction": c.n.Str("reduction", "none")}
	return c.finish("Reshape", nil, g.Node("ScatterElements", attrs, flat, index, u), shape)
}

// compress takes the entries of an axis, or of all elements in a row, whose condition holds.
func compress(c *conversion) error {
	x, condition, err := c.two()
	if err != nil {
		return err
	}
	g := c.g
	a := 0
	if c.n.Has("axis") {
		if a, err = axis(c.n.Int("axis", 0), x.Rank()); err != nil || a == x.Rank() {
			return fmt.Errorf("axis %d of %v: %w", c.n.Int("axis", 0), x.Shape, ErrMalformed)
		}
	} else {
		x = g.Reshape(x, g.Int64s(-1))
	}
	places := g.Node("Squeeze", nil, g.Node("NonZero", nil, condition), g.Int64s(0))
	return c.finish("Gather", graph.Attrs{"axis": int64(a)}, x, places)
}

// rangeOf makes scalars of vectors of one number, which ONNX Runtime does not take.
func rangeOf(c *conversion) error {
	for i, v := range c.n.Inputs {
		if v != nil && v.Rank() == 1 {
			c.setInput(i, c.scalar(v))
		}
	}
	return nil
}

// counted is 0, 1, ... below an extent of x along an axis, in the shape that broadcasts along that axis.
func (c *conversion) counted(x *graph.Value, axis int) *graph.Value {
	g := c.g
	row := g.Range(g.Const(tensor.Scalar(int64(0))), c.scalar(c.extent(x, axis)), g.Const(tensor.Scalar(int64(1))))
	return g.Reshape(row, c.alongAxis(x.Rank(), axis))
}

// alongAxis is the shape [1, ..., -1, ..., 1] that lays a vector along an axis.
func (c *conversion) alongAxis(rank, axis int) *graph.Value {
	shape := make([]int, rank)
	for i := range shape {
		shape[i] = 1
	}
	shape[axis] = -1
	return c.g.Int64s(shape...)
}

// reverseSequence turns the first len[b] entries of the time axis around, for each entry b of the batch axis.
func reverseSequence(c *conversion) error {
	x, lens, err := c.two()
	if err != nil {
		return err
	}
	time, batch := c.n.Int("time_axis", 0), c.n.Int("batch_axis", 1)
	if time < 0 || batch < 0 || time > 1 || batch > 1 || time == batch || x.Rank() < 2 {
		return fmt.Errorf("time_axis %d, batch_axis %d: %w", time, batch, ErrMalformed)
	}
	g := c.g
	n := g.Reshape(g.Cast(lens, tensor.Int64), c.alongAxis(x.Rank(), batch))
	t := c.counted(x, time)
	index := g.Where(g.Less(t, n), g.Sub(g.Sub(n, g.Const(tensor.Scalar(int64(1)))), t), t)
	return c.finish("GatherElements", graph.Attrs{"axis": int64(time)}, x, g.Expand(index, g.ShapeOf(x)))
}

// tensorScatter writes the update of each batch into a cache along an axis, from the place given for the batch on; around
// its end where mode is circular.
func tensorScatter(c *conversion) error {
	x, update, err := c.two()
	if err != nil {
		return err
	}
	a, err := axis(c.n.Int("axis", -2), x.Rank())
	if err != nil || a == x.Rank() || a == 0 || update.Rank() != x.Rank() {
		return fmt.Errorf("axis %d of %v: %w", c.n.Int("axis", -2), x.Shape, ErrMalformed)
	}
	g := c.g
	index := c.counted(update, a)
	if at := c.n.Input(2); at != nil {
		index = g.Add(index, g.Reshape(g.Cast(at, tensor.Int64), c.alongAxis(x.Rank(), 0)))
	}
	if c.n.Str("mode", "linear") == "circular" {
		index = g.Node("Mod", nil, index, c.extent(x, a))
	}
	return c.finish("ScatterElements", graph.Attrs{"axis": int64(a)}, x, g.Expand(index, g.ShapeOf(update)), update)
}

// maxUnpool puts each element in the place that MaxPool took it from, in zeros.
func maxUnpool(c *conversion) error {
	x, index, err := c.two()
	if err != nil {
		return err
	}
	w, err := graph.ConvWindow(c.n)
	if err != nil {
		return err
	}
	dims, known := x.Shape.Known()
	if !known {
		return fmt.Errorf("%v: %w", x.Shape, graph.ErrUnsupported)
	}
	for i := range w.Kernel {
		dims[2+i] = (dims[2+i]-1)*w.Strides[i] + w.Kernel[i] - w.Begin[i] - w.End[i]
	}
	more := make([]int64, 2*len(dims)) // zeros behind what the windows cover
	if c.n.Input(2) != nil {
		given, err := c.constInts(2, "an output_shape")
		if err != nil {
			return err
		}
		if len(given) != len(dims) {
			return fmt.Errorf("output_shape %v: %w", given, ErrMalformed)
		}
		for i, d := range given {
			if d < int64(dims[i]) || d > maxDim {
				return fmt.Errorf("an output_shape %v below %v: %w", given, dims, graph.ErrUnsupported)
			}
			more[len(dims)+i] = d - int64(dims[i])
		}
	}
	size, err := tensor.Shape(dims).CheckedSize()
	if err != nil {
		return err
	}
	g := c.g
	zeros := g.Fill(g.Int64s(size), tensor.New(x.DType, 1))
	flat := g.Node("ScatterElements", graph.Attrs{"axis": int64(0)}, zeros, g.Reshape(index, g.Int64s(-1)), g.Reshape(x, g.Int64s(-1)))
	return c.finish("Pad", nil, g.Reshape(flat, g.Int64s(dims...)), g.Const(tensor.Vector(more...)))
}
