package conformance

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"pgregory.net/rapid"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/importer"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/engines"
	"github.com/elbo-ml/elbo/runtime/native"
	"github.com/elbo-ml/elbo/tensor"
)

// imported is a case of one node as a file of an opset has it: what the importer spells out is differentiated as such.
// The operands come first, and constants where an input is given; a nil constant leaves an input out.
func imported(opset int, op string, a attrs, order []any, outputs int) func(g *graph.Graph, x []*graph.Value) *graph.Value {
	return func(g *graph.Graph, x []*graph.Value) *graph.Value {
		b := oneNode(opset, op, a, order, x, outputs)
		src, err := importer.Unmarshal(b, importer.Options{})
		if err != nil {
			g.Fail(err)
			return x[0]
		}
		bind := map[*graph.Value]*graph.Value{}
		for i, v := range src.Inputs {
			bind[v] = x[i]
		}
		at, err := graph.Append(g, src, bind, "")
		if err != nil {
			g.Fail(err)
			return x[0]
		}
		var flat []*graph.Value
		for _, y := range src.Outputs {
			if at[y].DType == x[0].DType {
				flat = append(flat, g.Reshape(at[y], g.Int64s(-1)))
			}
		}
		return g.Concat(0, flat...)
	}
}

// oneNode is a model of one node. order holds an int for an operand, a tensor for a constant, and nil for nothing.
func oneNode(opset int, op string, a attrs, order []any, x []*graph.Value, outputs int) []byte {
	str := func(b []byte, num protowire.Number, s []byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(b, num, protowire.BytesType), s)
	}
	num := func(b []byte, n protowire.Number, v uint64) []byte {
		return protowire.AppendVarint(protowire.AppendTag(b, n, protowire.VarintType), v)
	}
	var node, body []byte
	for i, o := range order {
		name := fmt.Sprintf("c%d", i)
		switch o := o.(type) {
		case int:
			name = fmt.Sprintf("x%d", o)
		case *tensor.Tensor:
			if o.DType() == tensor.Float64 { // a float constant is of the operands' type
				o = floats(x[0].DType, o)
			}
			p := num(str(str(nil, 8, []byte(name)), 9, o.Bytes()), 2, uint64(o.DType()))
			for _, d := range o.Shape() {
				p = num(p, 1, uint64(d))
			}
			body = str(body, 5, p)
		default:
			name = ""
		}
		node = str(node, 1, []byte(name))
	}
	for i := range outputs {
		y := fmt.Appendf(nil, "y%d", i)
		node = str(node, 2, y)
		body = str(body, 12, str(nil, 1, y))
	}
	node = str(node, 4, []byte(op))
	for _, name := range a.Names() {
		node = str(node, 5, attribute(name, a[name]))
	}
	for i, v := range x {
		var shape []byte
		for _, d := range v.Shape {
			dim := str(nil, 2, []byte(d.String()))
			if n, ok := d.Known(); ok {
				dim = num(nil, 1, uint64(n))
			}
			shape = str(shape, 1, dim)
		}
		body = str(body, 11, str(fmt.Appendf(nil, "\x0a\x02x%d", i), 2, str(nil, 1, str(num(nil, 1, uint64(v.DType)), 2, shape))))
	}
	body = str(str(body, 1, node), 2, []byte("g"))
	return str(str(num(nil, 1, 8), 7, body), 8, num(nil, 2, uint64(opset)))
}

func attribute(name string, value any) []byte {
	switch v := value.(type) {
	case int:
		return attrInt(name, uint64(int64(v)))
	case float64:
		return attrFloat(name, float32(v))
	case string:
		return attrString(name, v)
	case []int:
		u := make([]uint64, len(v))
		for i, n := range v {
			u[i] = uint64(int64(n))
		}
		return attrInts(name, u...)
	}
	panic(fmt.Sprintf("attribute %s of type %T", name, value))
}

func floats(dtype tensor.DType, t *tensor.Tensor) *tensor.Tensor {
	out := tensor.New(dtype, t.Shape()...)
	for i, v := range t.Floats() {
		setFloat(out, i, v)
	}
	return out
}

// draw is where an operator's cases are drawn from.
type draw struct{ *rapid.T }

func (d draw) int(what string, lo, hi int) int { return rapid.IntRange(lo, hi).Draw(d.T, what) }
func (d draw) bool(what string) bool           { return rapid.Bool().Draw(d.T, what) }
func (d draw) flag(what string) int            { return d.int(what, 0, 1) }
func (d draw) of(what string, from ...string) string {
	return rapid.SampledFrom(from).Draw(d.T, what)
}
func (d draw) float(what string, lo, hi float64) float64 {
	return float64(d.int(what, int(lo*16), int(hi*16))) / 16 // exact in float32
}

// shape is of lo to hi axes, none of them long.
func (d draw) shape(lo, hi int) []int {
	return rapid.SliceOfN(rapid.IntRange(1, 3), lo, hi).Draw(d.T, "shape")
}

// broadcast is a shape that broadcasts to s: fewer axes, and 1 in the place of some.
func (d draw) broadcast(s []int) []int {
	s = slices.Clone(s[d.int("axes left out", 0, len(s)):])
	for i := range s {
		if d.int("stretched", 0, 2) == 0 {
			s[i] = 1
		}
	}
	return s
}

// axis is an axis of so many, from either end.
func (d draw) axis(rank int) int { return d.int("axis", -rank, rank-1) }

// one is a case of a node with one operand.
func (d draw) one(op string, opset int, x operand, a attrs, constants ...any) gradientCase {
	return gradientCase{op, []operand{x}, imported(opset, op, a, append([]any{0}, constants...), 1)}
}

// many is a case of a node that has operands alone.
func (d draw) many(op string, opset int, x []operand, a attrs) gradientCase {
	order := make([]any, len(x))
	for i := range order {
		order[i] = i
	}
	return gradientCase{op, x, imported(opset, op, a, order, 1)}
}

// between is an operand of the given range.
func between(lo, hi float64, shape ...int) operand { return operand{shape: shape, lo: lo, hi: hi} }

// still is an operand whose extents stay numbers.
func still(o operand) operand { o.fixed = true; return o }

// window are strides, pads and dilations of a kernel of the extents k over the extents n, which it fits into.
func (d draw) window(n, k []int, dilated bool) attrs {
	a := attrs{}
	strides, dilations, pads := make([]int, len(k)), make([]int, len(k)), make([]int, 2*len(k))
	for i := range k {
		strides[i], dilations[i] = d.int("stride", 1, 3), 1
		if dilated {
			dilations[i] = d.int("dilation", 1, 2)
		}
		extent := (k[i]-1)*dilations[i] + 1
		pads[i], pads[len(k)+i] = d.int("pad before", 0, k[i]-1), d.int("pad after", 0, k[i]-1)
		if short := extent - n[i] - pads[i] - pads[len(k)+i]; short > 0 {
			dilations[i] = 1
		}
	}
	a["strides"], a["pads"] = strides, pads
	if dilated {
		a["dilations"] = dilations
	}
	return a
}

// unaries are the functions of each element, and where they are smooth but for single points.
var unaries = map[string][2]float64{
	"Neg": {-2, 2}, "Abs": {-2, 2}, "Exp": {-2, 2}, "Log": {0.3, 3}, "Sqrt": {0.3, 3}, "Reciprocal": {0.4, 2}, "Erf": {-2, 2}, "Relu": {-2, 2},
	"HardSwish": {-5, 5}, "Sigmoid": {-3, 3}, "Tanh": {-2, 2}, "Softplus": {-3, 3}, "Softsign": {-3, 3}, "Sin": {-3, 3}, "Cos": {-3, 3},
	"Identity": {-2, 2}, "Dropout": {-2, 2}, "Mish": {-3, 3},
}

// withAlpha are those with parameters, and which.
var withAlpha = map[string][]string{"LeakyRelu": {"alpha"}, "Elu": {"alpha"}, "Celu": {"alpha"}, "Selu": {"alpha", "gamma"},
	"HardSigmoid": {"alpha", "beta"}, "ThresholdedRelu": {"alpha"}}

// drawnGradients draw a case of each operator that trains, over its attributes and shapes, by the operator's name.
func drawnGradients() map[string]func(d draw) gradientCase {
	cases := map[string]func(d draw) gradientCase{}
	for op, r := range unaries {
		cases[op] = func(d draw) gradientCase { return d.one(op, 22, between(r[0], r[1], d.shape(0, 4)...), nil) }
	}
	for op, names := range withAlpha {
		cases[op] = func(d draw) gradientCase {
			a := attrs{}
			for _, name := range names {
				a[name] = d.float(name, 0.25, 1.5)
			}
			return d.one(op, 22, between(-3, 3, d.shape(1, 4)...), a)
		}
	}
	for _, op := range []string{"Add", "Sub", "Mul", "Div", "Pow", "Min", "Max", "Mean", "Sum", "PRelu"} {
		cases[op] = func(d draw) gradientCase {
			s := d.shape(1, 4)
			a, b := s, d.broadcast(s)
			if op != "PRelu" && d.bool("the first is stretched") {
				a, b = b, a
			}
			x := []operand{real(a...), real(b...)}
			switch op {
			case "Div":
				x[1] = positive(b...)
			case "Pow":
				x[0] = positive(a...)
			case "Min", "Max", "Mean", "Sum":
				if d.bool("three") {
					x = append(x, real(d.broadcast(s)...))
				}
			}
			if op == "Min" || op == "Max" {
				x = d.apart(x)
			}
			return d.many(op, 22, x, nil)
		}
	}
	for _, op := range []string{"ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceLogSumExp", "ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSum", "ReduceSum"} {
		cases[op] = func(d draw) gradientCase {
			s := d.shape(1, 4)
			var axes []int
			for i := range s {
				if d.bool("reduced") {
					axes = append(axes, i-len(s)*d.flag("from the end"))
				}
			}
			a := attrs{"keepdims": d.flag("keepdims")}
			if opset := d.int("opset", 13, 22); opset >= 18 || op == "ReduceSum" {
				if len(axes) == 0 {
					return d.one(op, opset, positive(s...), a)
				}
				return d.one(op, opset, positive(s...), a, vec(int64sOf(axes)...))
			} else if len(axes) > 0 {
				a["axes"] = axes
				return d.one(op, opset, positive(s...), a)
			} else {
				return d.one(op, opset, positive(s...), a)
			}
		}
	}
	for _, op := range []string{"Softmax", "LogSoftmax"} {
		cases[op] = func(d draw) gradientCase {
			s := d.shape(1, 4)
			return d.one(op, d.int("opset", 9, 22), still(real(s...)), attrs{"axis": d.int("axis", 0, len(s)-1)})
		}
	}
	for _, op := range []string{"MaxPool", "AveragePool", "LpPool"} {
		cases[op] = func(d draw) gradientCase {
			k := rapid.SliceOfN(rapid.IntRange(1, 3), 1, 2).Draw(d.T, "kernel")
			s := []int{d.int("n", 1, 2), d.int("c", 1, 2)}
			for _, e := range k {
				s = append(s, e+d.int("more", 0, 3))
			}
			a := d.window(s[2:], k, false)
			a["kernel_shape"] = k
			if op == "AveragePool" {
				a["count_include_pad"] = d.flag("count pads")
			}
			if op == "LpPool" {
				return d.one(op, 18, still(positive(s...)), a)
			}
			return d.one(op, 18, still(real(s...)), a)
		}
	}
	for _, op := range []string{"GlobalAveragePool", "GlobalMaxPool"} {
		cases[op] = func(d draw) gradientCase { return d.one(op, 22, real(append([]int{1, 2}, d.shape(1, 2)...)...), nil) }
	}
	for _, op := range []string{"LSTM", "GRU", "RNN"} {
		cases[op] = func(d draw) gradientCase { return d.recurrent(op) }
	}
	for name, c := range map[string]func(d draw) gradientCase{
		"Gelu": func(d draw) gradientCase {
			return d.one("Gelu", 20, between(-3, 3, d.shape(1, 3)...), attrs{"approximate": d.of("approximate", "none", "tanh")})
		},
		"Swish": func(d draw) gradientCase {
			return d.one("Swish", 24, between(-3, 3, d.shape(1, 3)...), attrs{"alpha": d.float("alpha", 0.5, 2)})
		},
		"Clip": func(d draw) gradientCase {
			return d.one("Clip", 13, between(-3, 3, d.shape(1, 3)...), nil, tensor.Scalar(d.float("min", -2, 0)), tensor.Scalar(d.float("max", 0.5, 2)))
		},
		"Where": func(d draw) gradientCase {
			s := d.shape(1, 3)
			c := tensor.New(tensor.Bool, s...)
			for i := range c.Bytes() {
				c.Bytes()[i] = byte(d.flag("condition"))
			}
			return gradientCase{"Where", []operand{real(d.broadcast(s)...), real(d.broadcast(s)...)}, imported(16, "Where", nil, []any{c, 0, 1}, 1)}
		},
		"Gemm": func(d draw) gradientCase {
			m, k, n := d.int("m", 1, 3), d.int("k", 1, 3), d.int("n", 1, 3)
			a := attrs{"transA": d.flag("transA"), "transB": d.flag("transB"), "alpha": d.float("alpha", 0.25, 2), "beta": d.float("beta", 0.25, 2)}
			x := []operand{real(turned(a["transA"], m, k)...), real(turned(a["transB"], k, n)...)}
			if d.bool("C") {
				x = append(x, real(d.broadcast([]int{m, n})...))
			}
			return d.many("Gemm", 13, x, a)
		},
		"MatMul": func(d draw) gradientCase {
			batch := d.shape(0, 2)
			m, k, n := d.int("m", 1, 3), d.int("k", 1, 3), d.int("n", 1, 3)
			a, b := append(d.broadcast(batch), m, k), append(d.broadcast(batch), k, n)
			return d.many("MatMul", 13, []operand{real(a...), real(b...)}, nil)
		},
		"Einsum": func(d draw) gradientCase {
			sizes := map[rune]int{}
			for _, c := range "abijk" {
				sizes[c] = d.int(string(c), 1, 3)
			}
			e := d.of("equation", "ij,jk->ik", "bij,bjk->bik", "ij->ji", "ij,ij->i", "ij->", "i,j->ij", "abi,abj->aij", "bij,kj->bik")
			var x []operand
			in, _, _ := strings.Cut(e, "->")
			for _, term := range strings.Split(in, ",") {
				var s []int
				for _, c := range term {
					s = append(s, sizes[c])
				}
				x = append(x, still(real(s...)))
			}
			return d.many("Einsum", 12, x, attrs{"equation": e})
		},
		"Conv":          func(d draw) gradientCase { return d.conv(false) },
		"ConvTranspose": func(d draw) gradientCase { return d.conv(true) },
		"BatchNormalization": func(d draw) gradientCase {
			s := append([]int{d.int("n", 1, 3), d.int("c", 1, 3)}, d.shape(0, 2)...)
			c := s[1]
			x := []operand{real(s...), weights(c), weights(c), weights(c), still(between(0.5, 1.5, c))}
			return d.many("BatchNormalization", 15, x, attrs{"epsilon": d.float("epsilon", 0.0625, 0.5)})
		},
		"InstanceNormalization": func(d draw) gradientCase {
			s := append([]int{d.int("n", 1, 2), d.int("c", 1, 3)}, d.shape(1, 2)...)
			return d.many("InstanceNormalization", 6, []operand{real(s...), weights(s[1]), weights(s[1])}, attrs{"epsilon": d.float("epsilon", 0.0625, 0.5)})
		},
		"GroupNormalization": func(d draw) gradientCase {
			groups := d.int("groups", 1, 3)
			c := groups * d.int("channels of a group", 1, 2)
			opset, scales := 21, c
			if d.bool("of opset 18") {
				opset, scales = 18, groups
			}
			s := append([]int{d.int("n", 1, 2), c}, d.shape(1, 2)...)
			return d.many("GroupNormalization", opset, []operand{real(s...), weights(scales), weights(scales)}, attrs{"num_groups": groups, "epsilon": d.float("epsilon", 0.0625, 0.5)})
		},
		"LayerNormalization": func(d draw) gradientCase {
			s := d.shape(1, 3)
			axis := d.axis(len(s))
			x := []operand{real(s...), still(real(s[(axis+len(s))%len(s):]...))}
			if d.bool("bias") {
				x = append(x, x[1])
			}
			return d.many("LayerNormalization", 17, x, attrs{"axis": axis, "epsilon": d.float("epsilon", 0.0625, 0.5)})
		},
		"RMSNormalization": func(d draw) gradientCase {
			s := d.shape(1, 3)
			axis := d.axis(len(s))
			return d.many("RMSNormalization", 23, []operand{real(s...), still(real(s[(axis+len(s))%len(s):]...))}, attrs{"axis": axis, "epsilon": d.float("epsilon", 0.0625, 0.5)})
		},
		"LpNormalization": func(d draw) gradientCase {
			s := d.shape(1, 3)
			return d.one("LpNormalization", 1+5, positive(s...), attrs{"axis": d.axis(len(s)), "p": d.int("p", 1, 2)})
		},
		"MeanVarianceNormalization": func(d draw) gradientCase {
			return d.one("MeanVarianceNormalization", 13, real(append([]int{2, 2}, d.int("h", 2, 3), d.int("w", 1, 3))...), nil)
		},
		"CumSum": func(d draw) gradientCase {
			s := d.shape(1, 3)
			return d.one("CumSum", 14, real(s...), attrs{"exclusive": d.flag("exclusive"), "reverse": d.flag("reverse")}, tensor.Scalar(int64(d.axis(len(s)))))
		},
		"Reshape": func(d draw) gradientCase { return d.one("Reshape", 14, real(d.shape(1, 4)...), nil, vec(-1, 1)) },
		"Flatten": func(d draw) gradientCase {
			s := d.shape(1, 4)
			return d.one("Flatten", 13, still(real(s...)), attrs{"axis": d.int("axis", -len(s), len(s))})
		},
		"Transpose": func(d draw) gradientCase {
			s := d.shape(1, 4)
			perm := make([]int, len(s))
			for i := range perm {
				perm[i] = i
			}
			return d.one("Transpose", 13, real(s...), attrs{"perm": rapid.Permutation(perm).Draw(d.T, "perm")})
		},
		"Squeeze": func(d draw) gradientCase {
			s := append(d.shape(0, 2), 1)
			return d.one("Squeeze", 13, still(real(s...)), nil, vec(-1))
		},
		"Unsqueeze": func(d draw) gradientCase {
			s := d.shape(0, 3)
			return d.one("Unsqueeze", 13, real(s...), nil, vec(int64(d.int("axis", -len(s)-1, len(s)))))
		},
		"Concat": func(d draw) gradientCase {
			s := d.shape(1, 3)
			axis := d.axis(len(s))
			var x []operand
			for range d.int("parts", 1, 3) {
				part := slices.Clone(s)
				part[(axis+len(s))%len(s)] = d.int("extent", 0, 2)
				x = append(x, still(real(part...)))
			}
			return d.many("Concat", 13, x, attrs{"axis": axis})
		},
		"Split": func(d draw) gradientCase {
			s := d.shape(1, 3)
			axis := d.axis(len(s))
			parts := []int64{int64(d.int("first", 0, 2)), int64(d.int("second", 1, 2))}
			s[(axis+len(s))%len(s)] = int(parts[0] + parts[1])
			return gradientCase{"Split", []operand{still(real(s...))}, imported(13, "Split", attrs{"axis": axis}, []any{0, vec(parts...)}, 2)}
		},
		"Slice": func(d draw) gradientCase {
			s := d.shape(1, 3)
			axis := d.axis(len(s))
			step := d.int("step", 1, 2)
			if d.bool("backwards") {
				step = -step
			}
			return d.one("Slice", 13, still(real(s...)), nil, vec(int64(d.int("start", -4, 4))), vec(int64(d.int("end", -4, 4))), vec(int64(axis)), vec(int64(step)))
		},
		"Gather": func(d draw) gradientCase {
			s := d.shape(1, 3)
			axis := d.axis(len(s))
			return d.one("Gather", 13, still(real(s...)), attrs{"axis": axis}, d.indices(s[(axis+len(s))%len(s)], d.shape(0, 2)...))
		},
		"GatherElements": func(d draw) gradientCase {
			s := d.shape(1, 3)
			axis := d.axis(len(s))
			return d.one("GatherElements", 13, still(real(s...)), attrs{"axis": axis}, d.indices(s[(axis+len(s))%len(s)], s...))
		},
		"GatherND": func(d draw) gradientCase {
			s := d.shape(2, 3)
			return d.one("GatherND", 13, still(real(s...)), nil, d.indices(slices.Min(s[:2]), d.int("places", 1, 4), d.int("axes", 1, 2)))
		},
		"ScatterElements": func(d draw) gradientCase {
			s := d.shape(1, 3)
			n := s[0]
			updates := slices.Clone(s)
			order := rapid.Permutation(upTo(n)).Draw(d.T, "rows")
			index := tensor.New(tensor.Int64, updates...)
			for i, data := 0, tensor.Data[int64](index); i < len(data); i++ {
				data[i] = int64(order[i/(len(data)/n)])
			}
			return gradientCase{"ScatterElements", []operand{still(real(s...)), still(real(updates...))},
				imported(16, "ScatterElements", attrs{"reduction": d.of("reduction", "none", "add")}, []any{0, index, 1}, 1)}
		},
		"ScatterND": func(d draw) gradientCase {
			s := d.shape(1, 3)
			rows := rapid.Permutation(upTo(s[0])).Draw(d.T, "rows")[:d.int("updated", 1, s[0])]
			index := tensor.New(tensor.Int64, len(rows), 1)
			for i, r := range rows {
				tensor.Data[int64](index)[i] = int64(r)
			}
			return gradientCase{"ScatterND", []operand{still(real(s...)), still(real(append([]int{len(rows)}, s[1:]...)...))},
				imported(16, "ScatterND", attrs{"reduction": d.of("reduction", "none", "add")}, []any{0, index, 1}, 1)}
		},
		"Expand": func(d draw) gradientCase {
			s := d.shape(1, 3)
			return d.one("Expand", 13, still(real(d.broadcast(s)...)), nil, vec(int64sOf(s)...))
		},
		"Tile": func(d draw) gradientCase {
			s := d.shape(1, 3)
			return d.one("Tile", 13, real(s...), nil, vec(int64sOf(rapid.SliceOfN(rapid.IntRange(1, 3), len(s), len(s)).Draw(d.T, "repeats"))...))
		},
		"Pad": func(d draw) gradientCase {
			s := d.shape(1, 3)
			pads := make([]int64, 2*len(s))
			for i := range pads {
				pads[i] = int64(d.int("pad", 0, min(2, s[i%len(s)]-1)))
			}
			return d.one("Pad", 19, still(real(s...)), attrs{"mode": d.of("mode", "constant", "edge", "reflect", "wrap")}, vec(pads...))
		},
		"DepthToSpace": func(d draw) gradientCase {
			return d.one("DepthToSpace", 13, still(real(d.int("n", 1, 2), 4*d.int("c", 1, 2), d.int("h", 1, 2), d.int("w", 1, 3))), attrs{"blocksize": 2, "mode": d.of("mode", "DCR", "CRD")})
		},
		"SpaceToDepth": func(d draw) gradientCase {
			return d.one("SpaceToDepth", 13, still(real(d.int("n", 1, 2), d.int("c", 1, 2), 2*d.int("h", 1, 2), 2*d.int("w", 1, 2))), attrs{"blocksize": 2})
		},
		"Resize": func(d draw) gradientCase {
			a := attrs{"mode": d.of("mode", "nearest", "linear", "cubic"), "coordinate_transformation_mode": d.of("coordinates", "half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel")}
			s := []int{1, d.int("c", 1, 2), d.int("h", 1, 4), d.int("w", 1, 4)}
			return d.one("Resize", 13, still(real(s...)), a, nil, nil, vec(1, int64(s[1]), int64(d.int("to h", 1, 5)), int64(d.int("to w", 1, 5))))
		},
		"Upsample": func(d draw) gradientCase {
			scales, _ := tensor.Wrap([]float32{1, 1, float32(d.int("scale h", 1, 3)), float32(d.int("scale w", 1, 3))}, 4)
			return d.one("Upsample", 9, still(real(1, 2, d.int("h", 1, 3), d.int("w", 1, 3))), attrs{"mode": d.of("mode", "nearest", "linear")}, scales)
		},
		"Trilu": func(d draw) gradientCase {
			return d.one("Trilu", 14, real(append(d.shape(0, 1), d.int("rows", 1, 3), d.int("columns", 1, 3))...), attrs{"upper": d.flag("upper")}, tensor.Scalar(int64(d.int("k", -2, 2))))
		},
		"NegativeLogLikelihoodLoss": func(d draw) gradientCase { return d.loss("NegativeLogLikelihoodLoss") },
		"SoftmaxCrossEntropyLoss":   func(d draw) gradientCase { return d.loss("SoftmaxCrossEntropyLoss") },
		"Attention": func(d draw) gradientCase {
			b, h, q, k, e, v := d.int("batch", 1, 2), d.int("heads", 1, 2), d.int("queries", 1, 3), d.int("keys", 1, 3), d.int("width", 1, 3), d.int("values", 1, 3)
			a := attrs{"is_causal": d.flag("is_causal")}
			if d.bool("scaled") {
				a["scale"] = d.float("scale", 0.25, 1)
			}
			return d.many("Attention", 23, []operand{still(real(b, h, q, e)), still(real(b, h, k, e)), still(real(b, h, k, v))}, a)
		},
		"LinearAttention": func(d draw) gradientCase {
			b, t, h, groups, e, v := d.int("batch", 1, 2), d.int("steps", 1, 4), d.int("heads", 1, 2), d.int("groups", 1, 2), d.int("width", 1, 3), d.int("values", 1, 3)
			a := attrs{"q_num_heads": h * groups, "kv_num_heads": h, "update_rule": d.of("update_rule", "linear", "gated", "delta", "gated_delta")}
			x := []operand{still(real(b, t, h*groups*e)), still(real(b, t, h*e)), still(real(b, t, h*v))}
			order := []any{0, 1, 2, nil, nil, nil}
			if strings.HasPrefix(a["update_rule"].(string), "gated") {
				order[4] = len(x)
				x = append(x, still(between(-1, 0, b, t, h*[]int{1, e}[d.flag("a decay for each dimension")])))
			}
			if strings.HasSuffix(a["update_rule"].(string), "delta") {
				order[5] = len(x)
				x = append(x, still(between(0, 1, b, t, []int{1, h}[d.flag("a rate for each head")])))
			}
			return gradientCase{"LinearAttention", x, imported(27, "LinearAttention", a, order, 2)}
		},
		"CausalConvWithState": func(d draw) gradientCase {
			b, c, k := d.int("batch", 1, 2), d.int("channels", 1, 3), d.int("kernel", 1, 3)
			x := []operand{still(real(b, c, d.int("length", 1, 4))), weights(c, 1, k), weights(c), still(real(b, c, k-1))}
			return d.many("CausalConvWithState", 27, x[:3+d.flag("past")], attrs{"activation": d.of("activation", "none", "silu")})
		},
		"STFT": func(d draw) gradientCase {
			n, parts := d.int("frame", 1, 5), d.int("parts", 1, 2)
			order := []any{0, tensor.Scalar(int64(d.int("step", 1, 3))), 1}
			return gradientCase{"STFT", []operand{still(real(1, n+d.int("more", 0, 4), parts)), weights(n)},
				imported(17, "STFT", attrs{"onesided": d.flag("onesided")}, order, 1)}
		},
	} {
		cases[name] = c
	}
	return cases
}

func int64sOf(list []int) []int64 {
	out := make([]int64, len(list))
	for i, v := range list {
		out[i] = int64(v)
	}
	return out
}

func upTo(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// apart gives operands values of which no two are near one another.
func (d draw) apart(x []operand) []operand {
	total := 0
	for _, o := range x {
		total += tensor.Shape(o.shape).Size()
	}
	order := rapid.Permutation(upTo(total)).Draw(d.T, "order")
	out := make([]operand, len(x))
	for i, o := range x {
		v := make([]float64, tensor.Shape(o.shape).Size())
		for k := range v {
			v[k] = 0.1 * float64(order[k]-total/2)
		}
		order, out[i] = order[len(v):], fixed(v, o.shape...)
	}
	return out
}

// turned is a matrix's shape, transposed with the flag.
func turned(flag any, rows, columns int) []int {
	if flag == 1 {
		return []int{columns, rows}
	}
	return []int{rows, columns}
}

// indices are places along an axis of extent n, some counted from its end.
func (d draw) indices(n int, shape ...int) *tensor.Tensor {
	t := tensor.New(tensor.Int64, shape...)
	for i, data := 0, tensor.Data[int64](t); i < len(data); i++ {
		data[i] = int64(d.int("index", -n, n-1))
	}
	return t
}

func (d draw) conv(transposed bool) gradientCase {
	group := d.int("group", 1, 2)
	in, out := group*d.int("in", 1, 2), d.int("out", 1, 2)
	k := rapid.SliceOfN(rapid.IntRange(1, 3), 1, 2).Draw(d.T, "kernel")
	x, w := []int{d.int("n", 1, 2), in}, []int{group * out, in / group}
	if transposed {
		w = []int{in, out}
	}
	for _, e := range k {
		x, w = append(x, e+d.int("more", 1, 3)), append(w, e)
	}
	a := d.window(x[2:], k, true)
	a["group"] = group
	operands := []operand{still(real(x...)), weights(w...)}
	if d.bool("bias") {
		operands = append(operands, weights(group*out))
	}
	op := "Conv"
	if transposed {
		op = "ConvTranspose"
	}
	return d.many(op, 11, operands, a)
}

func (d draw) loss(op string) gradientCase {
	n, c := d.int("n", 1, 3), d.int("classes", 2, 3)
	s := append([]int{n, c}, d.shape(0, 1)...)
	labels := tensor.New(tensor.Int64, append([]int{n}, s[2:]...)...)
	for i, data := 0, tensor.Data[int64](labels); i < len(data); i++ {
		data[i] = int64(d.int("label", 0, c-1))
	}
	a := attrs{"reduction": d.of("reduction", "none", "mean", "sum")}
	if d.bool("one is ignored") {
		a["ignore_index"] = 0
		tensor.Data[int64](labels)[0] = 1 // and not all
	}
	order := []any{0, labels}
	if d.bool("weighted") {
		t, _ := tensor.Wrap([]float64{0.5, 1.25, 0.75}[:c], c) // of as many numbers
		order = append(order, t)
	}
	return gradientCase{op, []operand{still(real(s...))}, imported(13, op, a, order, 1)}
}

func (d draw) recurrent(op string) gradientCase {
	gates := map[string]int{"RNN": 1, "GRU": 3, "LSTM": 4}[op]
	t, b, in, h := d.int("steps", 1, 3), d.int("batch", 1, 2), d.int("inputs", 1, 2), d.int("hidden", 1, 2)
	a := attrs{"hidden_size": h, "direction": d.of("direction", "forward", "reverse", "bidirectional")}
	dirs := 1
	if a["direction"] == "bidirectional" {
		dirs = 2
	}
	if op == "GRU" {
		a["linear_before_reset"] = d.flag("linear_before_reset")
	}
	x := []operand{still(real(t, b, in)), weights(dirs, gates*h, in), weights(dirs, gates*h, h)}
	order := []any{0, 1, 2}
	if d.bool("bias") {
		x, order = append(x, weights(dirs, 2*gates*h)), append(order, 3)
	} else {
		order = append(order, nil)
	}
	if d.bool("state") {
		x, order = append(x, weights(dirs, b, h)), append(order, nil, len(x))
	}
	return gradientCase{op, x, imported(14, op, a, order, 2)}
}

// Every operator that trains, as files have it: its gradient agrees with central differences in float64 over random
// attributes and shapes; with -long over many.
func TestDrawnGradients(t *testing.T) {
	for op, c := range drawnGradients() {
		t.Run(op, func(t *testing.T) {
			if *long {
				rapid.Check(t, func(t *rapid.T) { checkDrawn(t, c(draw{t}), rapid.Bool().Draw(t, "symbols")) })
				return
			}
			drawn := rapid.Custom(func(t *rapid.T) gradientCase { return c(draw{t}) })
			for seed := range 12 {
				checkDrawn(t, drawn.Example(seed), seed%2 == 1)
			}
		})
	}
}

func checkDrawn(t failer, c gradientCase, symbols bool) {
	t.Helper()
	f, err := newFormula(c, tensor.Float64, symbols)
	if err != nil {
		t.Fatalf("%v", err)
	}
	in := values(c, tensor.Float64)
	got := evaluate(t, f.compile(t, native.New(), true), in)[1:]
	checkDifferences(t, f.compile(t, native.New(), false), in, got)
}

// So it runs in a stock ONNX Runtime.
func TestDrawnGradientsOnONNXRuntime(t *testing.T) {
	ort, err := engines.Open("ort", engines.Options{Threads: 1})
	if errors.Is(err, runtime.ErrUnavailable) {
		t.Skipf("ONNX Runtime: %v", err)
	} else if err != nil {
		t.Fatal(err)
	}
	for op, c := range drawnGradients() {
		drawn := rapid.Custom(func(t *rapid.T) gradientCase { return c(draw{t}) })
		for seed := range 2 {
			drawnCase := drawn.Example(seed)
			f, err := newFormula(drawnCase, tensor.Float32, seed == 1)
			if err != nil {
				t.Errorf("%s: %v", op, err)
				continue
			}
			in := values(drawnCase, tensor.Float32)
			want := evaluate(t, f.compile(t, native.New(), true), in)
			p, err := ort.Compile(f.program(t, true), runtime.Options{Threads: 1})
			if err != nil {
				t.Errorf("%s: %v", op, err)
				continue
			}
			got := evaluate(t, p, in)
			p.Close()
			for i := range want {
				checkNear(t, i, got[i], want[i])
			}
		}
	}
}
