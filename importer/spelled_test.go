package importer_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/importer"
	"github.com/elbo-ml/elbo/importer/internal/onnxpb"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/native"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train"
)

// spelled is one node of an operator that the importer writes out in others: what it is fed and what must come out.
type spelled struct {
	op      string
	opset   int64
	attrs   map[string]any // int, float64, string or []string
	in      []*tensor.Tensor
	open    []bool // inputs whose first extent a run tells
	outputs int
}

func (c spelled) load() (*graph.Graph, error) {
	n := &onnxpb.Node{Op: c.op, Name: "node"}
	for name, v := range c.attrs {
		a := &onnxpb.Attribute{Name: name}
		switch v := v.(type) {
		case int:
			a.Type, a.I = onnxpb.AttrInt, int64(v)
		case float64:
			a.Type, a.F = onnxpb.AttrFloat, float32(v)
		case string:
			a.Type, a.S = onnxpb.AttrString, []byte(v)
		}
		n.Attributes = append(n.Attributes, a)
	}
	p := &onnxpb.Graph{Name: c.op, Nodes: []*onnxpb.Node{n}}
	for i, t := range c.in {
		if t == nil {
			n.Inputs = append(n.Inputs, "")
			continue
		}
		s := &onnxpb.Shape{}
		for axis, d := range t.Shape() {
			dim := &onnxpb.Dim{Known: true, Value: int64(d)}
			if axis == 0 && i < len(c.open) && c.open[i] {
				dim = &onnxpb.Dim{Param: "steps"}
			}
			s.Dims = append(s.Dims, dim)
		}
		name := fmt.Sprintf("x%d", i)
		n.Inputs = append(n.Inputs, name)
		p.Inputs = append(p.Inputs, &onnxpb.ValueInfo{Name: name, Type: &onnxpb.Type{Tensor: &onnxpb.TensorType{Elem: int64(t.DType()), Shape: s}}})
	}
	for i := range c.outputs {
		n.Outputs = append(n.Outputs, fmt.Sprintf("y%d", i))
		p.Outputs = append(p.Outputs, &onnxpb.ValueInfo{Name: n.Outputs[i]})
	}
	m := &onnxpb.Model{IRVersion: 10, Opsets: []*onnxpb.OperatorSet{{Version: c.opset}}, Graph: p}
	return importer.Unmarshal(m.Encode().Bytes(), importer.Options{})
}

// check holds the node's outputs against want, and the gradients of a loss that weighs their elements all differently
// against central differences, with respect to every real input. All is in float64.
func (c spelled) check(t *testing.T, want ...[]float64) {
	t.Helper()
	g, err := c.load()
	if err != nil {
		t.Errorf("%s %v: %v", c.op, c.attrs, err)
		return
	}
	var loss *graph.Value
	for _, y := range g.Outputs {
		flat := g.Reshape(y, g.Int64s(-1))
		weights := g.Cos(g.Cast(g.Range(g.Const(tensor.Scalar(int64(1))), g.Add(g.Size(y), g.Const(tensor.Scalar(int64(1)))), g.Const(tensor.Scalar(int64(1)))), y.DType))
		part := g.ReduceSum(g.Mul(flat, weights), false)
		if loss == nil {
			loss = part
		} else {
			loss = g.Add(loss, part)
		}
	}
	var params []*graph.Value
	for _, v := range g.Inputs {
		if v.DType.IsFloat() {
			params = append(params, v)
		}
	}
	grads, err := train.Gradients(g, loss, params)
	if err != nil {
		t.Errorf("%s %v: %v", c.op, c.attrs, err)
		return
	}
	outputs := len(g.Outputs)
	g.Output("loss", loss)
	for i, d := range grads {
		g.Output(fmt.Sprintf("grad%d", i), d)
	}
	p, err := native.New().Compile(g, runtime.Options{Threads: 1})
	if err != nil {
		t.Fatalf("%s %v: %v", c.op, c.attrs, err)
	}
	defer p.Close()
	var fed, reals []*tensor.Tensor
	for _, x := range c.in {
		if x != nil {
			fed = append(fed, x)
			if x.DType().IsFloat() {
				reals = append(reals, x)
			}
		}
	}
	run := func() []*tensor.Tensor {
		out := make([]*tensor.Tensor, len(g.Outputs))
		if err := p.Run(t.Context(), fed, out); err != nil {
			t.Fatalf("%s %v: %v", c.op, c.attrs, err)
		}
		return out
	}
	got := run()
	for i, w := range want {
		y := got[i].Floats()
		if len(y) != len(w) {
			t.Errorf("%s %v: output %d is %v, want %d elements", c.op, c.attrs, i, got[i], len(w))
			return
		}
		for k := range w {
			if !(math.Abs(y[k]-w[k]) <= 1e-12*(1+math.Abs(w[k]))) {
				t.Errorf("%s %v: element %d of output %d is %v, want %v", c.op, c.attrs, k, i, y[k], w[k])
				return
			}
		}
	}
	for i, x := range reals {
		data, d := tensor.Data[float64](x), got[outputs+1+i].Floats()
		for k := range data {
			const h = 1e-5
			kept := data[k]
			data[k] = kept + h
			up := run()[outputs].Floats()[0]
			data[k] = kept - h
			down := run()[outputs].Floats()[0]
			data[k] = kept
			if difference := (up - down) / (2 * h); !(math.Abs(d[k]-difference) <= 1e-6*(1+math.Abs(difference))) {
				t.Errorf("%s %v: the gradient of input %d at %d is %v, differences give %v", c.op, c.attrs, i, k, d[k], difference)
				return
			}
		}
	}
}

// normal is a tensor of standard normal numbers.
func normal(r *rand.Rand, shape ...int) *tensor.Tensor {
	x := tensor.New(tensor.Float64, shape...)
	for i := range tensor.Data[float64](x) {
		tensor.Data[float64](x)[i] = r.NormFloat64()
	}
	return x
}

func coin(r *rand.Rand) bool { return r.IntN(2) == 0 }

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// cell is one direction of a recurrent node, as ONNX's definition of it reads, for one entry of the batch: x [steps][in]
// gives y [steps][hidden], the last state and the last cell.
type cell struct {
	op            string
	hidden        int
	w, r          []float64 // [gates*hidden, in], [gates*hidden, hidden]
	b             []float64 // [2*gates*hidden] or nil
	p             []float64 // [3*hidden] or nil
	linear, input bool      // linear_before_reset, input_forget
}

func (c cell) run(x [][]float64, h, state []float64) (y [][]float64, last, lastCell []float64) {
	n := c.hidden
	gates := len(c.w) / len(x[0]) / n
	for _, row := range x {
		// part k of W x + Wb, and of R s + Rb.
		fromX := func(k, i int) float64 {
			v := 0.0
			for j, a := range row {
				v += c.w[(k*n+i)*len(row)+j] * a
			}
			if c.b != nil {
				v += c.b[k*n+i]
			}
			return v
		}
		fromH := func(k, i int, s []float64) float64 {
			v := 0.0
			for j, a := range s {
				v += c.r[(k*n+i)*n+j] * a
			}
			if c.b != nil {
				v += c.b[(gates+k)*n+i]
			}
			return v
		}
		peep := func(k, i int, s []float64) float64 {
			if c.p == nil {
				return 0
			}
			return c.p[k*n+i] * s[i]
		}
		next, nextState := make([]float64, n), make([]float64, n)
		reset := make([]float64, n)
		for i := range n {
			if c.op == "GRU" {
				reset[i] = sigmoid(fromX(1, i)+fromH(1, i, h)) * h[i]
			}
		}
		for i := range n {
			switch c.op {
			case "RNN":
				next[i] = math.Tanh(fromX(0, i) + fromH(0, i, h))
			case "GRU":
				z := sigmoid(fromX(0, i) + fromH(0, i, h))
				candidate := math.Tanh(fromX(2, i) + fromH(2, i, reset))
				if c.linear {
					candidate = math.Tanh(fromX(2, i) + sigmoid(fromX(1, i)+fromH(1, i, h))*fromH(2, i, h))
				}
				next[i] = (1-z)*candidate + z*h[i]
			case "LSTM":
				in := sigmoid(fromX(0, i) + fromH(0, i, h) + peep(0, i, state))
				forget := sigmoid(fromX(2, i) + fromH(2, i, h) + peep(2, i, state))
				if c.input {
					forget = 1 - in
				}
				nextState[i] = forget*state[i] + in*math.Tanh(fromX(3, i)+fromH(3, i, h))
				out := sigmoid(fromX(1, i) + fromH(1, i, h) + peep(1, i, nextState))
				next[i] = out * math.Tanh(nextState[i])
			}
		}
		y, h, state = append(y, next), next, nextState
	}
	return y, h, state
}

func TestRecurrentOperators(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 1))
	const batch, in, hidden = 2, 3, 2
	for k := range 36 {
		op := []string{"RNN", "GRU", "LSTM"}[k%3]
		gates := map[string]int{"RNN": 1, "GRU": 3, "LSTM": 4}[op]
		steps := 1 + r.IntN(4)
		direction := []string{"forward", "reverse", "bidirectional"}[r.IntN(3)]
		directions := 1
		if direction == "bidirectional" {
			directions = 2
		}
		x, w, rec := normal(r, steps, batch, in), normal(r, directions, gates*hidden, in), normal(r, directions, gates*hidden, hidden)
		c := spelled{op: op, opset: 22, attrs: map[string]any{"hidden_size": hidden, "direction": direction}, in: []*tensor.Tensor{x, w, rec, nil, nil, nil}, outputs: 2}
		one := cell{op: op, hidden: hidden}
		if coin(r) {
			c.in[3] = normal(r, directions, 2*gates*hidden)
		}
		lens := []int{steps, steps}
		if coin(r) {
			lens = []int{1 + r.IntN(steps), steps}
			c.in[4] = tensor.Vector(int32(lens[0]), int32(lens[1]))
		}
		if coin(r) {
			c.in[5] = normal(r, directions, batch, hidden)
		}
		switch op {
		case "GRU":
			if one.linear = coin(r); one.linear {
				c.attrs["linear_before_reset"] = 1
			}
		case "LSTM":
			c.outputs = 3
			c.in = append(c.in, nil, nil)
			if coin(r) {
				c.in[6] = normal(r, directions, batch, hidden)
			}
			if coin(r) {
				c.in[7] = normal(r, directions, 3*hidden)
			}
			if one.input = coin(r); one.input {
				c.attrs["input_forget"] = 1
			}
		}
		if coin(r) { // the length is open
			c.open = []bool{true}
		}
		y := make([]float64, steps*directions*batch*hidden)
		h, state := make([]float64, directions*batch*hidden), make([]float64, directions*batch*hidden)
		part := func(i, d int) []float64 {
			if i >= len(c.in) || c.in[i] == nil {
				return nil
			}
			n := c.in[i].Len() / directions
			return tensor.Data[float64](c.in[i])[d*n : (d+1)*n]
		}
		for d := range directions {
			one.w, one.r, one.b, one.p = part(1, d), part(2, d), part(3, d), part(7, d)
			for b := range batch {
				start := func(i int) []float64 {
					if s := part(i, d); s != nil {
						return s[b*hidden : (b+1)*hidden]
					}
					return make([]float64, hidden)
				}
				var rows [][]float64
				back := direction == "reverse" || d == 1
				for s := range lens[b] {
					if back {
						s = lens[b] - 1 - s
					}
					rows = append(rows, tensor.Data[float64](x)[(s*batch+b)*in:][:in])
				}
				shown, last, lastCell := one.run(rows, start(5), start(6))
				for s, v := range shown {
					if back {
						s = lens[b] - 1 - s
					}
					copy(y[((s*directions+d)*batch+b)*hidden:], v)
				}
				copy(h[(d*batch+b)*hidden:], last)
				copy(state[(d*batch+b)*hidden:], lastCell)
			}
		}
		c.check(t, [][]float64{y, h, state}[:c.outputs]...)
	}
}

// attend is softmax(scale Q K^T + mask) V for one head, the keys past the row's own left out where causal.
func attend(q, k, v [][]float64, scale float64, mask func(i, j int) float64, causal bool) [][]float64 {
	out := make([][]float64, len(q))
	for i, row := range q {
		weights, total := make([]float64, len(k)), 0.0
		for j, key := range k {
			s := 0.0
			for n := range row {
				s += row[n] * key[n]
			}
			if s = s*scale + mask(i, j); causal && j > i {
				s = math.Inf(-1)
			}
			weights[j] = math.Exp(s)
			total += weights[j]
		}
		out[i] = make([]float64, len(v[0]))
		for j, w := range weights {
			for n, x := range v[j] {
				out[i][n] += w / total * x
			}
		}
	}
	return out
}

func TestAttentionOperator(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 2))
	for range 12 {
		const batch, size, valueSize = 2, 2, 3
		kvHeads := 1 + r.IntN(2)
		heads := kvHeads * (1 + r.IntN(2)) // of which several share keys
		rows, cols := 2+r.IntN(2), 2+r.IntN(3)
		q, k, v := normal(r, batch, heads, rows, size), normal(r, batch, kvHeads, cols, size), normal(r, batch, kvHeads, cols, valueSize)
		c := spelled{op: "Attention", opset: 23, attrs: map[string]any{}, in: []*tensor.Tensor{q, k, v}, outputs: 1}
		scale := 1 / math.Sqrt(size)
		if coin(r) {
			scale = 0.75
			c.attrs["scale"] = scale
		}
		mask := func(i, j int) float64 { return 0 }
		if coin(r) {
			m := normal(r, rows, cols)
			c.in = append(c.in, m)
			mask = func(i, j int) float64 { return tensor.Data[float64](m)[i*cols+j] }
		}
		causal := coin(r)
		if causal {
			c.attrs["is_causal"] = 1
		}
		var want []float64
		matrix := func(x *tensor.Tensor, b, h int) [][]float64 {
			heads, rows, cols := x.Shape()[1], x.Shape()[2], x.Shape()[3]
			var out [][]float64
			for i := range rows {
				out = append(out, tensor.Data[float64](x)[((b*heads+h)*rows+i)*cols:][:cols])
			}
			return out
		}
		for b := range batch {
			for h := range heads {
				shared := h / (heads / kvHeads)
				for _, row := range attend(matrix(q, b, h), matrix(k, b, shared), matrix(v, b, shared), scale, mask, causal) {
					want = append(want, row...)
				}
			}
		}
		c.check(t, want)
	}
}

func TestLossOperators(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 3))
	const n, classes, places = 3, 4, 2
	for k := range 16 {
		op := []string{"NegativeLogLikelihoodLoss", "SoftmaxCrossEntropyLoss"}[k%2]
		reduction := []string{"none", "sum", "mean"}[r.IntN(3)]
		x := normal(r, n, classes, places)
		target := tensor.New(tensor.Int64, n, places)
		for i := range tensor.Data[int64](target) {
			tensor.Data[int64](target)[i] = int64(r.IntN(classes))
		}
		c := spelled{op: op, opset: 13, attrs: map[string]any{"reduction": reduction}, in: []*tensor.Tensor{x, target}, outputs: 1}
		weights := []float64{1, 1, 1, 1}
		if coin(r) {
			weights = []float64{0.5, 2, 1.5, 0.25}
			c.in = append(c.in, tensor.Vector(weights...))
		}
		ignored := -1
		if coin(r) {
			ignored = int(tensor.Data[int64](target)[0])
			c.attrs["ignore_index"] = ignored
		}
		var losses []float64
		total, weight := 0.0, 0.0
		for i := range n {
			for p := range places {
				at := func(class int) float64 { return tensor.Data[float64](x)[(i*classes+class)*places+p] }
				class := int(tensor.Data[int64](target)[i*places+p])
				logs := at(class)
				if op == "SoftmaxCrossEntropyLoss" {
					sum := 0.0
					for j := range classes {
						sum += math.Exp(at(j))
					}
					logs -= math.Log(sum)
				}
				w := weights[class]
				if class == ignored {
					w = 0
				}
				losses = append(losses, -w*logs)
				total, weight = total-w*logs, weight+w
			}
		}
		switch {
		case reduction == "sum":
			losses = []float64{total}
		case reduction == "mean" && weight == 0:
			continue
		case reduction == "mean":
			losses = []float64{total / weight}
		}
		c.check(t, losses)
	}
}
