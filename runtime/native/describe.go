package native

import (
	"fmt"
	"slices"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
)

// Plan describes what the engine does for a graph on inputs of one set of shapes: a list of steps, run in order.
type Plan struct {
	Steps []Step `json:"steps"`

	// Nodes are those of the graph as it was given and Kept those of them that the plan has. Kept less Views run; views
	// only show memory under another shape.
	Nodes int `json:"nodes"`
	Kept  int `json:"nodes_kept"`
	Views int `json:"views"`
	// Folded are the values that the steps read and that were computed while planning.
	Folded      int `json:"constants_folded"`
	FoldedBytes int `json:"constants_folded_bytes"`

	// Weights, Inputs and Outputs are bytes that the arena does not hold: of weights and constants that the steps read, and
	// of the caller's tensors.
	Weights int `json:"weight_bytes"`
	Inputs  int `json:"input_bytes"`
	Outputs int `json:"output_bytes"`
	// Arena is the bytes of the one piece of memory that holds everything else, and Live what is alive in it at once at
	// most: no arena can be smaller.
	Arena int `json:"arena_bytes"`
	Live  int `json:"live_bytes"`

	Cost graph.Cost `json:"cost"`
}

// Step is one thing that a plan does: a node by its kernel, a chain of element-wise nodes and reductions that go through
// the first-level cache together, or a product that a chain goes on with.
type Step struct {
	// Name is the name of the node that the step ends with.
	Name string `json:"name"`
	// Kernel is the operator that runs by its own kernel, or "".
	Kernel string `json:"kernel,omitempty"`
	// Chain are the operators that run together, after the kernel if there is one.
	Chain []string   `json:"chain,omitempty"`
	In    []Operand  `json:"in"`
	Out   []Operand  `json:"out"`
	Cost  graph.Cost `json:"cost"`
}

// Operand is a value that a step reads from memory or writes to it.
type Operand struct {
	Name  string `json:"name"`
	DType string `json:"dtype"`
	Shape []int  `json:"shape"`
	Bytes int    `json:"bytes"`
	// Place is where it lives: arena, weight (or constant), input or output. In the arena it starts at Offset.
	Place  string `json:"place"`
	Offset int    `json:"offset,omitempty"`
	// Transposed tells that a product reads it with its last two axes swapped; FoldedTranspose that the graph has a
	// Transpose node for that, which the plan does without.
	Transposed      bool `json:"transposed,omitempty"`
	FoldedTranspose bool `json:"folded_transpose,omitempty"`
	// Over is the operand whose memory a result takes, or "".
	Over string `json:"over,omitempty"`
}

// Operators are the kernel's and the chain's in order, with a + between them where there are both.
func (s Step) Operators() []string {
	switch {
	case s.Kernel == "":
		return s.Chain
	case len(s.Chain) == 0:
		return []string{s.Kernel}
	}
	return append([]string{s.Kernel, "+"}, s.Chain...)
}

// String is the operand's shape, and its type unless that is float32, after where it is unless that is the arena: w of a
// weight or constant, in and out of the caller's tensors. A ' follows what is read transposed, and ” where the graph has
// a Transpose for it.
func (o Operand) String() string {
	text := map[string]string{"weight": "w", "input": "in", "output": "out"}[o.Place]
	text += tensor.Shape(o.Shape).String()
	if o.DType != tensor.Float32.String() {
		text += o.DType
	}
	switch {
	case o.FoldedTranspose:
		text += "''"
	case o.Transposed:
		text += "'"
	}
	return text
}

// Describe is the plan that the native engine makes of g for the given input shapes, by input name. Inputs that are left
// out, and other dimensions of the same symbol, follow from those given. It fails as Compile and the first run do, and
// when a dimension of an input stays open.
func Describe(g *graph.Graph, shapes map[string][]int) (*Plan, error) {
	s, err := graph.Specialize(g, shapes)
	if err != nil {
		return nil, fmt.Errorf("native: describe: %w", err)
	}
	in := make([]tensor.Shape, len(s.Inputs))
	for i, v := range s.Inputs {
		dims, ok := v.Shape.Known()
		if !ok {
			return nil, fmt.Errorf("native: describe: input %v leaves a dimension open: %w", v, runtime.ErrInput)
		}
		in[i] = dims
	}
	p, err := engine{}.compile(s, runtime.Options{})
	if err != nil {
		return nil, err
	}
	defer p.Close()
	pl, err := newPlan(p.graph, in, p.cores, &p.weights, p.plain)
	if err != nil {
		return nil, err
	}
	return pl.describe(g), nil
}

// describe describes p, which was made of g.
func (p *plan) describe(g *graph.Graph) *Plan {
	d := &Plan{Nodes: len(g.Nodes), Kept: len(p.graph.Nodes), Arena: p.arena}
	for _, n := range p.graph.Nodes {
		if isView(n) {
			d.Views++
		}
	}
	for _, v := range p.graph.Inputs {
		d.Inputs += bytes(v)
	}
	for _, v := range p.graph.Outputs {
		d.Outputs += bytes(v)
	}
	for i, s := range p.steps {
		step := p.describeStep(s, g)
		d.Steps = append(d.Steps, step)
		d.Cost.Add(step.Cost)
		d.Live = max(d.Live, p.alive(i))
	}
	p.countConstants(g, d)
	return d
}

// alive is how many bytes of the arena are in use during step i.
func (p *plan) alive(i int) int {
	total := 0
	for st := range p.storages() {
		if st.kind == inArena && st.span.first <= i && i <= st.span.last {
			total += st.span.size
		}
	}
	return total
}

// storages are the pieces of memory that values live in, each once.
func (p *plan) storages() map[*storage]bool {
	all := map[*storage]bool{}
	for _, st := range p.places {
		all[st] = true
	}
	return all
}

// countConstants tells the weights and constants of g from those that planning has computed.
func (p *plan) countConstants(g *graph.Graph, d *Plan) {
	given, seen := map[*tensor.Tensor]bool{}, map[*graph.Value]bool{}
	for _, v := range g.Weights {
		given[v.Data] = true
	}
	for _, n := range g.Nodes {
		for _, v := range n.Inputs {
			if v != nil && v.Data != nil {
				given[v.Data] = true
			}
		}
	}
	for _, s := range p.steps {
		for _, v := range s.reads() {
			if v = base(v); v.Data == nil || seen[v] {
				continue
			}
			seen[v] = true
			if given[v.Data] {
				d.Weights += bytes(v)
			} else {
				d.Folded++
				d.FoldedBytes += bytes(v)
			}
		}
	}
}

// reads are the values from outside of the step that it reads, each once.
func (s *step) reads() []*graph.Value {
	var out []*graph.Value
	add := func(values []*graph.Value) {
		for _, v := range values {
			if v == nil || slices.Contains(s.nodes, base(v).Producer) || slices.ContainsFunc(out, func(w *graph.Value) bool { return base(w) == base(v) }) {
				continue
			}
			out = append(out, v)
		}
	}
	if s.kernel != nil {
		add(s.kernel.Inputs)
	}
	add(s.operands)
	return out
}

// writes are the values that are in memory when the step is done. A product over whose result the chain has written is
// not among them.
func (p *plan) writes(s *step) []*graph.Value {
	var out []*graph.Value
	if s.kernel != nil {
		for _, v := range s.kernel.Outputs {
			if v != nil && !slices.ContainsFunc(s.results, func(w *graph.Value) bool { return p.places[w] == p.places[v] }) {
				out = append(out, v)
			}
		}
	}
	return append(out, s.results...)
}

func (p *plan) describeStep(s *step, g *graph.Graph) Step {
	d := Step{Name: s.nodes[len(s.nodes)-1].Name, In: []Operand{}, Out: []Operand{}}
	if s.kernel != nil {
		d.Kernel = s.kernel.Op
	}
	for _, n := range s.nodes {
		c, _ := graph.CostOf(n)
		d.Cost.Add(c)
		if n != s.kernel {
			d.Chain = append(d.Chain, n.Op)
		}
	}
	reads, writes := s.reads(), p.writes(s)
	for _, v := range reads {
		o := p.operand(v)
		if v.Data != nil && slices.Contains(s.operands, v) && uniform(v.Data) { // the chain takes it as a number
			o.Shape, o.Bytes = []int{}, v.DType.Size()
		}
		d.In = append(d.In, o)
	}
	for _, v := range writes {
		o := p.operand(v)
		if i := slices.IndexFunc(reads, func(w *graph.Value) bool { return p.places[base(w)] == p.places[v] }); i >= 0 {
			o.Over = reads[i].Name
		}
		d.Out = append(d.Out, o)
	}
	if s.chain != nil { // what stays in the chain goes through no memory
		d.Cost.Read, d.Cost.Written = sum(d.In), sum(d.Out)
	}
	if s.kernel != nil {
		markTransposes(d.In, reads, s.kernel, g)
	}
	return d
}

func sum(list []Operand) int {
	total := 0
	for _, o := range list {
		total += o.Bytes
	}
	return total
}

func (p *plan) operand(v *graph.Value) Operand {
	o := Operand{Name: v.Name, DType: v.DType.String(), Shape: dims(v), Bytes: bytes(v)}
	if o.Shape == nil {
		o.Shape = []int{}
	}
	switch st := p.places[base(v)]; st.kind {
	case inArena:
		o.Place, o.Offset = "arena", st.span.offset
	case inConstant:
		o.Place = "weight"
	case inInput:
		o.Place = "input"
	case inOutput:
		o.Place = "output"
	}
	return o
}

// markTransposes marks the operands of the product n that it reads transposed, and those of them for which g, where n
// comes from, has a Transpose.
func markTransposes(in []Operand, reads []*graph.Value, n *graph.Node, g *graph.Graph) {
	if n.Op != "MatMul" && n.Op != "Gemm" {
		return
	}
	var given *graph.Node
	if v := g.Value(n.Outputs[0].Name); v != nil {
		given = v.Producer
	}
	for i, flag := range []string{"transA", "transB"} {
		k := slices.IndexFunc(reads, func(v *graph.Value) bool { return v == n.Inputs[i] })
		if k >= 0 {
			in[k].Transposed = n.Int(flag, 0) != 0
			in[k].FoldedTranspose = given != nil && given.Int(flag, 0) != n.Int(flag, 0)
		}
	}
}
