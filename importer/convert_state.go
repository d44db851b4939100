package importer

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// stateType is the type that recurrences over x compute in.
func stateType(x *graph.Value) tensor.DType {
	if x.DType == tensor.Float16 || x.DType == tensor.BFloat16 {
		return tensor.Float32
	}
	return x.DType
}

// linearAttention is attention without a softmax, whose keys and values sum up to a state [batch, heads, key, value]
// (Katharopoulos et al., arXiv 2006.16236). Each step of it is
//
//	S = exp(g) S                 where it is gated (Yang et al., arXiv 2312.06635)
//	v = beta (v - k S)           by the delta rule (Schlag et al., arXiv 2102.11174; gated: Yang et al., arXiv 2412.06464)
//	S = S + k^T v,  o = scale q S
//
// which a Scan walks along. Groups of queries share the state of one head of keys and values.
func linearAttention(c *conversion) error {
	for i := range 3 {
		if _, err := c.input(i); err != nil {
			return err
		}
	}
	g, n := c.g, c.n
	update := n.Str("update_rule", "gated_delta")
	gated, delta := strings.HasPrefix(update, "gated"), strings.HasSuffix(update, "delta")
	if !slices.Contains([]string{"linear", "gated", "delta", "gated_delta"}, update) {
		return fmt.Errorf("update_rule %q: %w", update, graph.ErrUnsupported)
	}
	heads, shared := n.Int("q_num_heads", 0), n.Int("kv_num_heads", 0)
	if shared < 1 || heads < shared || heads%shared != 0 {
		return fmt.Errorf("%d heads of queries and %d of keys: %w", heads, shared, ErrMalformed)
	}
	size := func(x *graph.Value, heads int) (int, error) { // of a head
		if x == nil || x.Rank() != 3 {
			return 0, fmt.Errorf("%v is not [batch, steps, heads * size]: %w", x, ErrMalformed)
		}
		all, known := x.Shape[2].Known()
		if !known || all < 1 || all%heads != 0 {
			return 0, fmt.Errorf("%d heads of %v: %w", heads, x, graph.ErrUnsupported)
		}
		return all / heads, nil
	}
	keySize, err := size(n.Inputs[0], heads)
	if err != nil {
		return err
	}
	valueSize, err := size(n.Inputs[2], shared)
	if err != nil {
		return err
	}
	wide := stateType(n.Inputs[0])
	split := func(x *graph.Value, sizes ...int) *graph.Value { // [batch, steps, sizes...]
		return g.Cast(g.Reshape(x, g.Int64s(append([]int{0, 0}, sizes...)...)), wide)
	}
	scale := float64(n.Float("scale", 0))
	if scale == 0 {
		scale = 1 / math.Sqrt(float64(keySize))
	}
	q := split(n.Inputs[0], shared, heads/shared, keySize)
	walked := []*graph.Value{g.Mul(q, g.Scalar(scale, q)), split(n.Inputs[1], shared, 1, keySize), split(n.Inputs[2], shared, 1, valueSize)}
	if gated {
		each, err := size(n.Input(4), shared)
		if err != nil {
			return err
		}
		walked = append(walked, split(n.Input(4), shared, each, 1)) // one for each key dimension, or one for the head
	}
	if delta {
		rates, err := size(n.Input(5), 1)
		if err != nil {
			return err
		}
		walked = append(walked, split(n.Input(5), rates, 1, 1)) // one for each head, or one for all
	}
	given := n.Inputs[0].DType
	start := n.Input(3)
	if start != nil {
		given = start.DType
		start = g.Cast(start, wide)
	} else {
		start = g.Fill(g.Concat(0, c.extent(q, 0), g.Int64s(shared, keySize, valueSize)), tensor.New(wide, 1))
	}

	body := graph.New("linear_attention")
	state := body.InputOf(wide, "state", slices.Clone(start.Shape))
	var at []*graph.Value
	for i, x := range walked {
		at = append(at, body.InputOf(wide, []string{"q", "k", "v", "a", "b"}[i], slices.Delete(slices.Clone(x.Shape), 1, 2)))
	}
	k, v, rest := at[1], at[2], at[3:]
	if gated {
		state, rest = body.Mul(state, body.Exp(rest[0])), rest[1:]
	}
	if delta {
		v = body.Mul(rest[0], body.Sub(v, body.MatMul(k, state)))
	}
	state = body.Add(state, body.MatMul(body.Transpose(k, 0, 1, 3, 2), v))
	body.Output("next", state)
	body.Output("seen", body.MatMul(at[0], state))
	if err := body.Err(); err != nil {
		return err
	}
	axes := slices.Repeat([]int64{1}, len(walked))
	ys := g.NodeN("Scan", 2, graph.Attrs{"body": body, "num_scan_inputs": int64(len(walked)), "scan_input_axes": axes, "scan_output_axes": []int64{1}},
		append([]*graph.Value{start}, walked...)...)
	if err := g.Err(); err != nil {
		return err
	}
	before := len(g.Nodes)
	switch written, ok, err := graph.Unfold(g, ys[0].Producer); { // as the Scan of a file is
	case err != nil:
		return err
	case ok:
		ys = written
		g.Discard(before-1, ys...) // the Scan
		if err := c.builder.spend(len(g.Nodes) - before); err != nil {
			return err
		}
	}
	y := g.Reshape(g.Cast(ys[1], n.Inputs[0].DType), g.Int64s(0, 0, heads*valueSize))
	return c.give(y, g.Cast(ys[0], given))
}

// causalConv is a convolution along the last axis, each channel by itself, of what came before and x: what came before is
// zeros, or the last elements of an earlier call, and the last ones of this go out for the next.
func causalConv(c *conversion) error {
	x, err := c.input(0)
	if err != nil {
		return err
	}
	w, err := c.input(1)
	if err != nil {
		return err
	}
	if x.Rank() != 3 || w.Rank() != 3 {
		return fmt.Errorf("%v by %v: %w", x, w, ErrMalformed)
	}
	channels, known := w.Shape[0].Known()
	k, known2 := w.Shape[2].Known()
	if !known || !known2 || channels < 1 || k < 1 {
		return fmt.Errorf("a kernel %v: %w", w, graph.ErrUnsupported)
	}
	g, before := c.g, c.n.Input(3)
	if before == nil {
		before = g.Fill(g.Concat(0, c.extent(x, 0), g.Int64s(channels, k-1)), tensor.New(x.DType, 1))
	}
	all, after := g.Concat(2, before, x), before
	if k > 1 {
		after = g.Node("Slice", nil, all, g.Int64s(1-k), g.Int64s(math.MaxInt64), g.Int64s(2))
	}
	inputs := []*graph.Value{all, w}
	if b := c.n.Input(2); b != nil {
		inputs = append(inputs, b)
	}
	y := g.Node("Conv", graph.Attrs{"group": int64(channels)}, inputs...)
	switch a := c.n.Str("activation", "none"); a {
	case "none":
	case "silu", "swish":
		wide := g.Cast(y, stateType(y))
		y = g.Cast(g.Mul(wide, g.Sigmoid(wide)), y.DType)
	default:
		return fmt.Errorf("activation %q: %w", a, graph.ErrUnsupported)
	}
	if err := g.Err(); err != nil {
		return err
	}
	return c.give(y, after)
}
