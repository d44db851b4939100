package importer

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// rule converts one node of an older or newer opset to the canonical one. It changes c.n, or makes other nodes in its
// place, the last of which writes c.n's outputs. Rules look at c.opset themselves, since one operator changed often.
type rule func(c *conversion) error

// rules are the operators whose form changed between MinOpset and MaxOpset, or that the canonical opset lacks.
// An operator with no rule means the same in all of them.
var rules = map[string]rule{
	"Add":                       alignedBroadcast,
	"AffineGrid":                affineGrid,
	"And":                       alignedBroadcast,
	"Attention":                 attention,
	"AveragePool":               averagePool,
	"BatchNormalization":        batchNormalization,
	"BlackmanWindow":            window(0.42, 0.5, 0.08),
	"Cast":                      cast,
	"CastLike":                  castLike,
	"CausalConvWithState":       causalConv,
	"CenterCropPad":             centerCropPad,
	"Clip":                      clip,
	"Col2Im":                    col2Im,
	"Compress":                  compress,
	"Constant":                  constant,
	"ConvInteger":               convInteger,
	"ConvTranspose":             convTranspose,
	"DFT":                       dft,
	"DeformConv":                deformConv,
	"DequantizeLinear":          dequantizeLinear,
	"Div":                       alignedBroadcast,
	"Dropout":                   dropout,
	"DynamicQuantizeLinear":     dynamicQuantizeLinear,
	"Einsum":                    einsum,
	"Equal":                     alignedBroadcast,
	"GRU":                       recurrent,
	"GatherND":                  gatherND,
	"Gelu":                      gelu,
	"Gemm":                      gemm,
	"GlobalLpPool":              globalLpPool,
	"Greater":                   alignedBroadcast,
	"GroupNormalization":        groupNormalization,
	"HammingWindow":             window(25.0/46, 21.0/46),
	"HannWindow":                window(0.5, 0.5),
	"Hardmax":                   hardmax,
	"LRN":                       lrn,
	"LSTM":                      recurrent,
	"Less":                      alignedBroadcast,
	"LinearAttention":           linearAttention,
	"LogSoftmax":                softmax,
	"LpNormalization":           lpNormalization,
	"LpPool":                    lpPool,
	"MatMulInteger":             matMulInteger,
	"MaxUnpool":                 maxUnpool,
	"Mean":                      variadicMean,
	"MeanVarianceNormalization": meanVarianceNormalization,
	"MelWeightMatrix":           melWeights,
	"Mish":                      mish,
	"Mul":                       alignedBroadcast,
	"NegativeLogLikelihoodLoss": negativeLogLikelihood,
	"OptionalGetElement":        optionalGetElement,
	"OptionalHasElement":        optionalHasElement,
	"Or":                        alignedBroadcast,
	"PRelu":                     prelu,
	"Pad":                       pad,
	"Pow":                       alignedBroadcast,
	"QLinearConv":               qLinearConv,
	"QLinearMatMul":             qLinearMatMul,
	"QuantizeLinear":            quantizeLinear,
	"RMSNormalization":          rmsNormalization,
	"RNN":                       recurrent,
	"Range":                     rangeOf,
	"ReduceL1":                  reduce,
	"ReduceL2":                  reduce,
	"ReduceLogSum":              reduce,
	"ReduceLogSumExp":           reduce,
	"ReduceMax":                 reduce,
	"ReduceMean":                reduce,
	"ReduceMin":                 reduce,
	"ReduceProd":                reduce,
	"ReduceSum":                 reduceSum,
	"ReduceSumSquare":           reduce,
	"Resize":                    resize,
	"ReverseSequence":           reverseSequence,
	"RoiAlign":                  roiAlign,
	"RotaryEmbedding":           rotaryEmbedding,
	"STFT":                      stft,
	"Scatter":                   scatter,
	"ScatterND":                 scatterND,
	"SequenceAt":                sequenceAt,
	"Shrink":                    shrink,
	"Slice":                     slice,
	"Softmax":                   softmax,
	"SoftmaxCrossEntropyLoss":   softmaxCrossEntropy,
	"Split":                     split,
	"Squeeze":                   axesToInput,
	"Sub":                       alignedBroadcast,
	"Sum":                       variadicSum,
	"Swish":                     swish,
	"TensorScatter":             tensorScatter,
	"Unsqueeze":                 axesToInput,
	"Upsample":                  upsample,
	"Xor":                       alignedBroadcast,
}

// made are the operators that rules turn into others, so that package graph need not know them.
var made = []string{
	"AffineGrid", "Attention", "BlackmanWindow", "CastLike", "CausalConvWithState", "CenterCropPad", "Col2Im", "Compress", "Constant",
	"ConvInteger", "DFT", "DeformConv", "DequantizeLinear", "DynamicQuantizeLinear", "Einsum", "GRU", "GatherND", "Gelu",
	"GlobalLpPool", "GroupNormalization", "HammingWindow", "HannWindow", "Hardmax", "LRN", "LSTM",
	"LinearAttention", "LpNormalization", "LpPool", "MatMulInteger", "MaxUnpool", "Mean", "MeanVarianceNormalization", "MelWeightMatrix", "Mish",
	"NegativeLogLikelihoodLoss", "QLinearConv", "QLinearMatMul", "QuantizeLinear", "RMSNormalization", "RNN",
	"ReverseSequence", "RotaryEmbedding", "STFT", "Scatter", "ScatterND", "Shrink", "SoftmaxCrossEntropyLoss", "Sum",
	"Swish", "TensorScatter", "Upsample",
}

// SpelledOut are the operators that the importer writes out in others, by name.
func SpelledOut() []string { return slices.Sorted(slices.Values(made)) }

// supported reports whether nodes of an operator can be brought into a graph.
func supported(domain, op string) bool {
	return graph.Lookup(domain, op) != nil || domain == "" && slices.Contains(made, op)
}

// conversion is one node on its way into the graph.
type conversion struct {
	builder *builder
	g       *graph.Graph
	n       *graph.Node
	opset   int
	done    bool // the rule has placed the outputs itself
	bodies  map[string]*body
}

func (c *conversion) convert() error {
	if r := rules[c.n.Op]; r != nil && c.n.Domain == "" {
		if err := r(c); err != nil {
			return err
		}
	}
	if c.done {
		return nil
	}
	c.done = true
	return c.emit(c.n)
}

// emit appends a node whose outputs are there already. A node on narrow floats that no opset has it for is no
// node of ONNX; on other elements it may still mean something, as Celu on float64 does.
func (c *conversion) emit(n *graph.Node) error {
	if s := schemaAt(n.Op, MaxOpset); s != nil && n.Domain == "" {
		if why := s.inputs.wrongType("inputs", lowPrecision(n.Own())); why != "" {
			return fmt.Errorf("%s, which %s takes in no opset: %w", why, n.Op, graph.ErrUnsupported)
		}
	}
	c.g.Nodes = append(c.g.Nodes, n)
	for _, v := range n.Outputs {
		if v != nil {
			v.Producer = n
		}
	}
	return graph.InferNode(n)
}

// finish appends the last node of a decomposition: it writes the output of the node that is converted.
func (c *conversion) finish(op string, attrs graph.Attrs, inputs ...*graph.Value) error {
	c.done = true
	if len(c.n.Outputs) != 1 {
		return fmt.Errorf("%d outputs where there is one: %w", len(c.n.Outputs), ErrMalformed)
	}
	return c.emit(&graph.Node{Name: c.n.Name, Op: op, Attrs: attrs, Inputs: inputs, Outputs: c.n.Outputs, Doc: c.n.Doc})
}

// give makes values the node's outputs, in their order; those that are not wanted are dropped.
func (c *conversion) give(values ...*graph.Value) error {
	c.done = true
	if len(c.n.Outputs) > len(values) {
		return fmt.Errorf("%d outputs where there are %d: %w", len(c.n.Outputs), len(values), ErrMalformed)
	}
	for i, v := range c.n.Outputs {
		if v == nil {
			continue
		}
		name := c.n.Name
		if i > 0 && name != "" {
			name += "." + strconv.Itoa(i) // ONNX Runtime wants names of nodes to differ
		}
		if err := c.emit(&graph.Node{Name: name, Op: "Identity", Inputs: values[i : i+1 : i+1], Outputs: []*graph.Value{v}, Doc: c.n.Doc}); err != nil {
			return err
		}
	}
	return nil
}

// keep appends the node as it stands, with outputs of unknown shape.
func (c *conversion) keep() {
	for _, v := range c.n.Outputs {
		if v != nil {
			v.Producer, v.DType, v.Shape, v.Ints = c.n, 0, nil, nil
		}
	}
	if k := len(c.g.Nodes); k == 0 || c.g.Nodes[k-1] != c.n {
		c.g.Nodes = append(c.g.Nodes, c.n)
	}
}

// blind reports whether the shape of an input is unknown because an unsupported node makes it.
func (c *conversion) blind() bool {
	return slices.ContainsFunc(c.n.Inputs, func(v *graph.Value) bool { return v != nil && !v.DType.Valid() }) &&
		(c.builder.partial || len(c.builder.unsupported) > 0)
}

// input is input i; a rule that needs it says so.
func (c *conversion) input(i int) (*graph.Value, error) {
	if v := c.n.Input(i); v != nil {
		return v, nil
	}
	return nil, fmt.Errorf("input %d is required: %w", i, ErrMalformed)
}

// two are the first two inputs, of a rule that needs both.
func (c *conversion) two() (a, b *graph.Value, err error) {
	if a, err = c.input(0); err != nil {
		return nil, nil, err
	}
	b, err = c.input(1)
	return a, b, err
}

// setInput puts a value in place of input i, which may lie past the last one.
func (c *conversion) setInput(i int, v *graph.Value) {
	for len(c.n.Inputs) <= i {
		c.n.Inputs = append(c.n.Inputs, nil)
	}
	c.n.Inputs[i] = v
}

// attrToInput moves a list of ints from an attribute to input i. A missing attribute moves nothing.
func (c *conversion) attrToInput(name string, i int) {
	if v, ok := c.n.Attrs[name].([]int64); ok {
		c.setInput(i, c.g.Const(tensor.Vector(v...)))
	}
	delete(c.n.Attrs, name)
}

// setAttr sets an attribute of the node.
func (c *conversion) setAttr(name string, value any) {
	if c.n.Attrs == nil {
		c.n.Attrs = graph.Attrs{}
	}
	c.n.Attrs[name] = value
}

// constInts is the content of input i, which has to be known when the model is read.
func (c *conversion) constInts(i int, what string) ([]int64, error) {
	v := c.n.Inputs[i]
	if ints, ok := graph.Shape(v.Ints).Known(); ok && v.Data == nil {
		out := make([]int64, len(ints))
		for k, n := range ints {
			out[k] = int64(n)
		}
		return out, nil
	}
	if v.Data == nil || v.DType != tensor.Int64 {
		return nil, fmt.Errorf("%s that are computed: %w", what, graph.ErrUnsupported)
	}
	return tensor.Data[int64](v.Data), nil
}

// constInt is input i, one number.
func (c *conversion) constInt(i int, what string) (int, error) {
	list, err := c.constInts(i, what)
	if err == nil && len(list) != 1 {
		err = fmt.Errorf("%d numbers for one %s: %w", len(list), what, ErrMalformed)
	}
	if err != nil {
		return 0, err
	}
	return int(list[0]), nil
}

// axis is an axis attribute, counted from the front.
func axis(value, rank int) (int, error) {
	a := value
	if a < 0 {
		a += rank
	}
	if a < 0 || a > rank {
		return 0, fmt.Errorf("axis %d of a tensor of rank %d: %w", value, rank, ErrMalformed)
	}
	return a, nil
}

// lowPrecision are the values of floats of eight bits or fewer, in their places, and nil for the others.
func lowPrecision(values []*graph.Value) []*graph.Value {
	only := make([]*graph.Value, len(values))
	for i, v := range values {
		if v != nil && tensor.Small(v.DType) != nil {
			only[i] = v
		}
	}
	return only
}
