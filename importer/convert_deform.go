package importer

import (
	"fmt"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// deformConv is a convolution each tap of which looks aside by an offset of its own at each place, between elements
// linearly, and is weighted by a mask (Dai et al., arXiv 1703.06211; Zhu et al., arXiv 1811.11168). A GridSample gathers what
// the taps see, for all places at once, and a Conv by 1x1 adds it up. Pictures alone; groups of channels share offsets.
func deformConv(c *conversion) error {
	for i := range 3 {
		if _, err := c.input(i); err != nil {
			return err
		}
	}
	g, x, w, offset := c.g, c.n.Inputs[0], c.n.Inputs[1], c.n.Inputs[2]
	if x.Rank() != 4 || w.Rank() != 4 || offset.Rank() != 4 {
		return fmt.Errorf("%v by %v with the offsets %v: %w", x, w, offset, graph.ErrUnsupported)
	}
	kernel, known := w.Shape.Known()
	groups, offsetGroups := c.n.Int("group", 1), c.n.Int("offset_group", 1)
	if !known || groups < 1 || offsetGroups < 1 {
		return fmt.Errorf("a kernel %v in %d groups, offsets in %d: %w", w, groups, offsetGroups, graph.ErrUnsupported)
	}
	window, err := graph.ConvWindow(&graph.Node{Op: "Conv", Inputs: []*graph.Value{x, w}, Attrs: c.n.Attrs})
	if err != nil {
		return err
	}
	channels, taps := kernel[1]*groups, kernel[2]*kernel[3]
	if !x.Shape[1].Is(channels) || channels%offsetGroups != 0 || !offset.Shape[1].Is(2*offsetGroups*taps) {
		return fmt.Errorf("%v by %v with the offsets %v: %w", x, w, offset, ErrMalformed)
	}
	for i, out := range offset.Shape[2:] {
		in, known := x.Shape[2+i].Known()
		places := (in+window.Begin[i]+window.End[i]-window.Dilations[i]*(window.Kernel[i]-1)-1)/window.Strides[i] + 1
		if n, known2 := out.Known(); known && known2 && n != places {
			return fmt.Errorf("the offsets %v for %d places: %w", offset, places, ErrMalformed)
		}
	}
	wide := stateType(x)
	one := g.Scalar(1, g.Cast(x, wide))
	batch := c.extent(x, 0)
	places := g.Concat(0, c.extent(offset, 2), c.extent(offset, 3))
	shape := func(sizes ...int) *graph.Value { return g.Concat(0, batch, g.Int64s(sizes...), places) }

	// grid[..., i] runs from -1 to 1 over the middles of the elements of an axis: 2(p+1/2)/size - 1 for element p.
	aside := g.Reshape(g.Cast(offset, wide), shape(offsetGroups, taps, 2))
	var grid [2]*graph.Value
	for i := range 2 {
		start := tensor.New(tensor.Float64, taps, 1, 1)
		for t := range taps {
			at := [2]int{t / kernel[3], t % kernel[3]}[i]
			tensor.Data[float64](start)[t] = float64(at*window.Dilations[i] - window.Begin[i])
		}
		count := g.Cast(c.scalar(c.extent(offset, 2+i)), wide)
		steps := g.Mul(g.Range(g.Scalar(0, one), count, one), g.Scalar(float64(window.Strides[i]), one))
		p := g.Add(g.Unsqueeze(steps, 1-i), g.Cast(g.Const(start), wide))
		p = g.Add(g.Gather(aside, g.Const(tensor.Scalar(int64(i))), 3), p)
		extent := g.Cast(c.scalar(c.extent(x, 2+i)), wide)
		p = g.Sub(g.Div(g.Add(g.Mul(p, g.Scalar(2, one)), one), extent), one)
		grid[i] = g.Unsqueeze(p, 5)
	}
	rows := g.Mul(c.extent(offset, 2), g.Int64s(taps))
	at := g.Reshape(g.Concat(5, grid[1], grid[0]), g.Concat(0, g.Int64s(-1), rows, c.extent(offset, 3), g.Int64s(2)))
	in := g.Reshape(g.Cast(x, wide), g.Concat(0, g.Int64s(-1, channels/offsetGroups), c.extent(x, 2), c.extent(x, 3)))
	seen := g.Reshape(g.Node("GridSample", nil, in, at), shape(offsetGroups, channels/offsetGroups, taps))
	if mask := c.n.Input(4); mask != nil {
		seen = g.Mul(seen, g.Reshape(g.Cast(mask, wide), shape(offsetGroups, 1, taps)))
	}
	seen = g.Reshape(seen, shape(channels*taps))
	inputs := []*graph.Value{seen, g.Reshape(g.Cast(w, wide), g.Int64s(kernel[0], kernel[1]*taps, 1, 1))}
	if b := c.n.Input(3); b != nil {
		inputs = append(inputs, g.Cast(b, wide))
	}
	y := g.Node("Conv", graph.Attrs{"group": int64(groups)}, inputs...)
	return c.finish("Cast", graph.Attrs{"to": int64(x.DType)}, y)
}
