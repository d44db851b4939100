package kernel

import (
	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// Loop is what an element-wise operator does to runs of elements, all operands of one length: the form in which the
// planner chains several operators over a piece of memory that stays in the first-level cache. Exactly one field is set.
// A result has the same bits whatever the length of the run that it is in, and may be written over an operand.
type Loop struct {
	Unary   func(y, x []float32)
	Binary  *Binary[float32, float32]
	Compare *Binary[float32, bool]
	Logic   *Binary[bool, bool]
	Not     func(y, x []bool)
	// Widen is 1 where x is true and 0 elsewhere.
	Widen func(y []float32, x []bool)
	// Select is a where c is true and b elsewhere, with operands of one element that stand for a run of it where the
	// step is 0.
	Select func(y []float32, c []bool, a, b []float32, aStep, bStep int)
	// Copy is the operand itself, repeated as broadcasting has it.
	Copy bool
}

// Binary is an operator of two elements. y may be the same memory as a or b.
type Binary[A, Y any] struct {
	VV func(y []Y, a, b []A)   // y[i] = a[i] . b[i]
	VS func(y []Y, a []A, b A) // y[i] = a[i] . b
	SV func(y []Y, a A, b []A) // y[i] = a . b[i]
}

func (op binaryOp[A, Y]) loop() *Binary[A, Y] { return &Binary[A, Y]{op.vv, op.vs, op.sv} }

// LoopOf is the loop of a node of float32 and bool operands, whose shapes are final, and nil where it has none.
func LoopOf(n *graph.Node) *Loop {
	k := table[n.Op]
	if k == nil || k.Loop == nil || len(n.Outputs) > 1 && n.Outputs[1] != nil {
		return nil
	}
	l := k.Loop(n)
	if l == nil || !l.takes(n) {
		return nil
	}
	return l
}

// Arity is how many of a node's inputs the loop reads; further ones, such as Clip's bounds, are part of it.
func (l *Loop) Arity() int {
	switch {
	case l.Select != nil:
		return 3
	case l.Binary != nil, l.Compare != nil, l.Logic != nil:
		return 2
	}
	return 1
}

// takes reports whether n's operands have the types that the loop works on.
func (l *Loop) takes(n *graph.Node) bool {
	all := func(dtype tensor.DType, values ...*graph.Value) bool {
		for _, v := range values {
			if v == nil || v.DType != dtype {
				return false
			}
		}
		return true
	}
	x, y := n.Inputs, n.Outputs[0]
	switch {
	case l.Unary != nil:
		return all(tensor.Float32, x[0], y)
	case l.Binary != nil:
		return len(x) == 2 && all(tensor.Float32, x[0], x[1], y)
	case l.Compare != nil:
		return all(tensor.Float32, x[0], x[1]) && all(tensor.Bool, y)
	case l.Logic != nil:
		return all(tensor.Bool, x[0], x[1], y)
	case l.Not != nil:
		return all(tensor.Bool, x[0], y)
	case l.Widen != nil:
		return all(tensor.Bool, x[0]) && all(tensor.Float32, y)
	case l.Select != nil:
		return all(tensor.Bool, x[0]) && all(tensor.Float32, x[1], x[2], y)
	}
	return all(tensor.Float32, x[0], y)
}

// always is the Loop of a row whose loop does not depend on the node.
func always(l Loop) func(*graph.Node) *Loop { return func(*graph.Node) *Loop { return &l } }

// Fold is a reduction that accumulates in float64, piece after piece of a run.
type Fold struct {
	Start float64
	Run   func(acc float64, x []float32) float64
	Done  func(acc float64, n int) float32 // of n elements
}

// fold is r as a Fold, where it accumulates in float64.
func (r reducer[T, A]) fold() *Fold {
	s, ok := any(r).(reducer[float32, float64])
	if !ok {
		return nil
	}
	return &Fold{Start: s.start, Run: s.run, Done: s.done}
}

// FoldOf is the fold of a reduction of float32 over whole runs of n neighbours, and nil where the node is none or
// reduces other axes than the last ones. Its input's shape is final and not empty.
func FoldOf(n *graph.Node) (f *Fold, run int) {
	k := table[n.Op]
	if k == nil || k.Fold == nil || n.Inputs[0].DType != tensor.Float32 {
		return nil, 0
	}
	x := NewBuf(tensor.Float32, dimsOf(n.Inputs[0]))
	reduced, err := reducedAxes(&Call{Node: n, In: []*Buf{x}}, len(x.Shape))
	if err != nil || x.Len() == 0 {
		return nil, 0
	}
	l := newLayout(x.Shape, reduced)
	if !l.innerFolded || len(l.folded) > 0 {
		return nil, 0
	}
	return k.Fold, l.inner
}

func dimsOf(v *graph.Value) tensor.Shape {
	dims, _ := v.Shape.Known()
	return dims
}

// Finishes reports whether the kernel of n, whose shapes are final, calls an epilogue for its output.
func Finishes(n *graph.Node) bool {
	k := table[n.Op]
	return k != nil && k.Finishes != nil && n.Outputs[0].DType == tensor.Float32 && k.Finishes(n)
}
