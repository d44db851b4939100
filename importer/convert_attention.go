package importer

import (
	"fmt"
	"math"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// attention is softmax(s Q K^T + bias) V over heads (Vaswani et al. 2017), s being 1/sqrt(head size), with what ONNX
// has around it: keys and values of earlier calls before the given ones, fewer heads of keys than of queries, a soft cap
// on the scores, a mask, causality, and a number of keys that count.
func attention(c *conversion) error {
	for i := range 3 {
		if _, err := c.input(i); err != nil {
			return err
		}
	}
	if c.n.Int("left_window_size", -1) >= 0 || c.n.Int("right_window_size", -1) >= 0 {
		return fmt.Errorf("a sliding window: %w", graph.ErrUnsupported)
	}
	g, q, k, v := c.g, c.n.Inputs[0], c.n.Inputs[1], c.n.Inputs[2]
	flat := q.Rank() == 3
	heads, kvHeads := c.n.Int("q_num_heads", 0), c.n.Int("kv_num_heads", 0)
	if flat {
		if heads < 1 || kvHeads < 1 {
			return fmt.Errorf("%d and %d heads: %w", heads, kvHeads, ErrMalformed)
		}
		q, k, v = c.splitHeads(q, heads), c.splitHeads(k, kvHeads), c.splitHeads(v, kvHeads)
	}
	if q.Rank() != 4 || k.Rank() != 4 || v.Rank() != 4 {
		return fmt.Errorf("queries, keys and values of rank %d, %d and %d: %w", q.Rank(), k.Rank(), v.Rank(), ErrMalformed)
	}
	pastKey, pastValue, counts := c.n.Input(4), c.n.Input(5), c.n.Input(6)
	if (pastKey == nil) != (pastValue == nil) || pastKey != nil && counts != nil {
		return fmt.Errorf("past keys and values do not go together: %w", ErrMalformed)
	}
	if pastKey != nil {
		k, v = g.Concat(2, pastKey, k), g.Concat(2, pastValue, v)
		if err := g.Err(); err != nil {
			return err
		}
	}
	presentKey, presentValue := k, v
	k, v, err := c.shareHeads(q, k, v)
	if err != nil {
		return err
	}
	size, ok := q.Shape[3].Known()
	if !ok || size < 1 {
		return fmt.Errorf("heads of size %v: %w", q.Shape[3], graph.ErrUnsupported)
	}
	scale := 1 / math.Sqrt(float64(size))
	if c.n.Has("scale") {
		scale = float64(c.n.Float("scale", 0))
	}
	root := g.Scalar(math.Sqrt(scale), q)
	keys := g.Mul(g.Transpose(k, 0, 1, 3, 2), root)
	raw := g.MatMul(g.Mul(q, root), keys)
	scores := raw
	if limit := float64(c.n.Float("softcap", 0)); limit > 0 {
		scores = g.Mul(g.Tanh(g.Div(raw, g.Scalar(limit, q))), g.Scalar(limit, q))
	}
	capped := scores
	bias, err := c.attentionBias(q, k, pastKey, counts)
	if err != nil {
		return err
	}
	if bias != nil {
		scores = g.Add(scores, bias)
	}
	wide := scores
	if p := tensor.DType(c.n.Int("softmax_precision", int(q.DType))); p.IsFloat() {
		wide = g.Cast(scores, p)
	}
	weights := g.Cast(g.Node("Softmax", graph.Attrs{"axis": int64(-1)}, wide), q.DType)
	if bias != nil { // a query that may look at nothing gets zeros
		blind := g.Equal(g.ReduceMax(bias, true, bias.Rank()-1), g.Scalar(math.Inf(-1), q))
		weights = g.Where(blind, g.Scalar(0, q), weights)
	}
	y := g.MatMul(weights, v)
	if flat {
		y = g.Reshape(g.Transpose(y, 0, 2, 1, 3), g.Int64s(0, 0, -1))
	}
	shown := map[int]*graph.Value{0: raw, 1: capped, 2: scores, 3: weights}[c.n.Int("qk_matmul_output_mode", 0)]
	if shown == nil {
		return fmt.Errorf("qk_matmul_output_mode %d: %w", c.n.Int("qk_matmul_output_mode", 0), ErrMalformed)
	}
	return c.give(y, presentKey, presentValue, shown)
}

// splitHeads takes [batch, length, heads * size] to [batch, heads, length, size].
func (c *conversion) splitHeads(x *graph.Value, heads int) *graph.Value {
	return c.g.Transpose(c.g.Reshape(x, c.g.Int64s(0, 0, heads, -1)), 0, 2, 1, 3)
}

// shareHeads repeats each head of keys and values for the queries that share it.
func (c *conversion) shareHeads(q, k, v *graph.Value) (*graph.Value, *graph.Value, error) {
	if q.Shape[1].Equal(k.Shape[1]) {
		return k, v, nil
	}
	n, known := q.Shape[1].Known()
	m, known2 := k.Shape[1].Known()
	if !known || !known2 || m < 1 || n%m != 0 {
		return nil, nil, fmt.Errorf("%v heads of queries and %v of keys: %w", q.Shape[1], k.Shape[1], ErrMalformed)
	}
	index := make([]int, n)
	for i := range index {
		index[i] = i / (n / m)
	}
	return c.g.Gather(k, c.g.Int64s(index...), 1), c.g.Gather(v, c.g.Int64s(index...), 1), nil
}

// attentionBias is what is added to the scores: 0 where a query may look at a key and -inf where it may not, or the mask
// itself; nil for nothing.
func (c *conversion) attentionBias(q, k, past, counts *graph.Value) (*graph.Value, error) {
	g := c.g
	zero, never := g.Scalar(0, q), g.Scalar(math.Inf(-1), q)
	var bias *graph.Value
	add := func(b *graph.Value) {
		if bias == nil {
			bias = b
			return
		}
		bias = g.Add(bias, b)
	}
	queries, keys := c.extent(q, 2), c.extent(k, 2)
	if mask := c.n.Input(3); mask != nil {
		if mask.Rank() < 1 {
			return nil, fmt.Errorf("a mask %v: %w", mask, ErrMalformed)
		}
		if mask.DType == tensor.Bool {
			mask = g.Where(mask, zero, never)
		}
		last := mask.Shape[mask.Rank()-1]
		if !last.Equal(k.Shape[2]) { // a shorter mask hides the keys behind it
			pads := make([]*graph.Value, 2*mask.Rank())
			for i := range pads {
				pads[i] = g.Int64s(0)
			}
			pads[len(pads)-1] = g.Sub(keys, c.extent(mask, mask.Rank()-1))
			mask = g.Node("Pad", nil, mask, g.Concat(0, pads...), never)
		}
		add(mask)
	}
	row := func(n *graph.Value) *graph.Value { // 0, 1, ... below n
		return g.Range(g.Const(tensor.Scalar(int64(0))), c.scalar(n), g.Const(tensor.Scalar(int64(1))))
	}
	if c.n.Int("is_causal", 0) != 0 {
		last := g.Unsqueeze(row(queries), 1) // the last key that query i may look at
		switch {
		case past != nil:
			last = g.Add(last, c.extent(past, 2))
		case counts != nil:
			last = g.Add(last, g.Node("Reshape", nil, g.Sub(g.Cast(counts, tensor.Int64), queries), g.Int64s(-1, 1, 1, 1)))
		}
		add(g.Where(g.LessOrEqual(row(keys), last), zero, never))
	}
	if counts != nil {
		add(g.Where(g.Less(row(keys), g.Node("Reshape", nil, g.Cast(counts, tensor.Int64), g.Int64s(-1, 1, 1, 1))), zero, never))
	}
	return bias, g.Err()
}

// extent is the extent of an axis as an int64 vector of one element.
func (c *conversion) extent(x *graph.Value, axis int) *graph.Value {
	if axis >= len(x.Shape) {
		c.g.Fail(fmt.Errorf("axis %d of %v: %w", axis, x, ErrMalformed))
		return c.g.Int64s(0)
	}
	if n, ok := x.Shape[axis].Known(); ok {
		return c.g.Int64s(n)
	}
	return c.g.Node("Shape", graph.Attrs{"start": int64(axis), "end": int64(axis + 1)}, x)
}

// scalar makes rank 0 of a vector of one element.
func (c *conversion) scalar(x *graph.Value) *graph.Value {
	return c.g.Node("Squeeze", nil, x, c.g.Int64s(0))
}

// rotaryEmbedding turns pairs of elements of each head by the angles of their position (Su et al., arXiv 2104.09864).
func rotaryEmbedding(c *conversion) error {
	for i := range 3 {
		if _, err := c.input(i); err != nil {
			return err
		}
	}
	g, x, cos, sin := c.g, c.n.Inputs[0], c.n.Inputs[1], c.n.Inputs[2]
	flat := x.Rank() == 3
	in := x
	switch {
	case flat && c.n.Int("num_heads", 0) > 0:
		in = g.Reshape(x, g.Int64s(0, 0, c.n.Int("num_heads", 0), -1))
	case x.Rank() == 4:
		in = g.Transpose(x, 0, 2, 1, 3)
	default:
		return fmt.Errorf("%v in %d heads: %w", x, c.n.Int("num_heads", 0), ErrMalformed)
	}
	if err := g.Err(); err != nil {
		return err
	}
	size, known := in.Shape[3].Known()
	dim := c.n.Int("rotary_embedding_dim", 0)
	if dim == 0 {
		dim = size
	}
	if !known || dim < 2 || dim%2 != 0 || dim > size {
		return fmt.Errorf("%d of %v elements are turned: %w", dim, in.Shape[3], graph.ErrUnsupported)
	}
	if positions := c.n.Input(3); positions != nil {
		cos, sin = g.Gather(cos, positions, 0), g.Gather(sin, positions, 0)
	}
	cos, sin = g.Unsqueeze(cos, 2), g.Unsqueeze(sin, 2)
	part := func(v *graph.Value, from, to, step int) *graph.Value {
		return g.Node("Slice", nil, v, g.Int64s(from), g.Int64s(to), g.Int64s(3), g.Int64s(step))
	}
	interleaved := c.n.Int("interleaved", 0) != 0
	a, b := part(in, 0, dim/2, 1), part(in, dim/2, dim, 1)
	if interleaved {
		a, b = part(in, 0, dim, 2), part(in, 1, dim, 2)
	}
	re, im := g.Sub(g.Mul(cos, a), g.Mul(sin, b)), g.Add(g.Mul(sin, a), g.Mul(cos, b))
	turned := g.Concat(3, re, im)
	if interleaved {
		turned = g.Reshape(g.Concat(4, g.Unsqueeze(re, 4), g.Unsqueeze(im, 4)), g.Int64s(0, 0, 0, dim))
	}
	if dim < size {
		turned = g.Concat(3, turned, part(in, dim, size, 1))
	}
	if flat {
		return c.finish("Reshape", nil, turned, g.ShapeOf(x))
	}
	return c.finish("Transpose", graph.Attrs{"perm": []int64{0, 2, 1, 3}}, turned)
}
