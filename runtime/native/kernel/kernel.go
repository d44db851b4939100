// Package kernel holds the native engine's operators: one file for each operator or family, all registered in one table.
//
// A kernel is bound once for each workspace and run many times. Binding looks at shapes, attributes and constant inputs
// and may allocate; running may not.
package kernel

import (
	"fmt"
	"slices"
	"unsafe"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// Task runs a bound kernel. It fails only on what the data alone can show, such as an index out of range.
type Task func() error

// Bind makes the task of one node. The buffers' shapes are final; their memory is bound to the task's run, not before.
type Bind func(c *Call) (Task, error)

// Kernel is one row of the table.
type Kernel struct {
	// Op is the operator's name in the graph's table.
	Op string
	// Key is the input whose element type chooses the Bind; Types holds one for each that the kernel computes in.
	Key   int
	Types map[tensor.DType]Bind
	// InPlace are the inputs over which output 0 may be written, when type and shape are the same.
	InPlace []int
	// View tells that output 0 is input 0's memory under another shape: nothing is to be run.
	View bool
	// Loop is the row as a loop that the planner chains with others, or nil; see LoopOf.
	Loop func(n *graph.Node) *Loop
	// Fold is the row as a reduction that the planner joins to a chain, or nil; see FoldOf.
	Fold *Fold
	// Finishes tells for which nodes the row calls Call.Epilogue; nil for none.
	Finishes func(n *graph.Node) bool
	// Dynamic computes outputs whose shape depends on the data, and what is done with strings: of constants, and in graphs
	// that run node by node.
	Dynamic func(n *graph.Node, in []*tensor.Tensor) ([]*tensor.Tensor, error)
}

// Buf is one value of a plan in one workspace.
type Buf struct {
	DType tensor.DType
	Shape tensor.Shape

	data unsafe.Pointer
	n    int
}

// NewBuf describes a value; its memory comes later.
func NewBuf(dtype tensor.DType, shape tensor.Shape) *Buf {
	return &Buf{DType: dtype, Shape: shape, n: shape.Size()}
}

// Use makes p the buffer's memory. p holds at least the buffer's elements.
func (b *Buf) Use(p []byte) { b.data = unsafe.Pointer(unsafe.SliceData(p)) }

// Len is the number of elements.
func (b *Buf) Len() int { return b.n }

// Data is the buffer's memory as elements of type T, which must be as wide as the buffer's own type.
func Data[T tensor.Element](b *Buf) []T { return unsafe.Slice((*T)(b.data), b.n) }

// Call is a node about to be bound.
type Call struct {
	Node    *graph.Node
	In, Out []*Buf // nil where an optional input is left out or an output is unwanted
	Cores   Cores
	// Epilogue, where it is not nil, is called for the parts of output 0; only kernels that Finishes tells of call it.
	Epilogue Epilogue
	// Weights keeps what kernels make of constants; nil where nobody would use it again.
	Weights *Weights
}

// Epilogue goes on with parts of a product's result as they are finished, on the goroutine that finished them: with rows of
// cols elements of output 0, the first from element lo on, each step after the last. The parts cover the output once.
type Epilogue interface {
	Block(lo, rows, cols, step int)
}

// Input is buffer i, or nil where the node has none.
func (c *Call) Input(i int) *Buf {
	if i < len(c.In) {
		return c.In[i]
	}
	return nil
}

// Output is buffer i, or nil where nobody wants it.
func (c *Call) Output(i int) *Buf {
	if i < len(c.Out) {
		return c.Out[i]
	}
	return nil
}

// Ints is the content of integer input i, which must be a constant by the time shapes are known.
func (c *Call) Ints(i int) ([]int, error) {
	v := c.Node.Input(i)
	if v == nil {
		return nil, nil
	}
	if v.Data == nil {
		return nil, fmt.Errorf("input %d (%s) must be a constant: %w", i, v.Name, graph.ErrUnsupported)
	}
	out := make([]int, v.Data.Len())
	for k, x := range v.Data.Floats() {
		out[k] = int(x)
	}
	if v.DType == tensor.Int64 {
		for k, x := range tensor.Data[int64](v.Data) {
			out[k] = int(x)
		}
	}
	return out, nil
}

// Axis is the attribute called name as an axis of a tensor of the given rank.
func (c *Call) Axis(name string, def, rank int) (int, error) {
	return axisOf(c.Node.Int(name, def), rank)
}

func axisOf(axis, rank int) (int, error) {
	if axis < -rank || axis >= max(rank, 1) {
		return 0, fmt.Errorf("axis %d of a tensor of rank %d", axis, rank)
	}
	if axis < 0 {
		axis += rank
	}
	return axis, nil
}

var table = map[string]*Kernel{}

func register(kernels ...*Kernel) {
	for _, k := range kernels {
		if table[k.Op] != nil {
			panic("kernel: operator " + k.Op + " registered twice")
		}
		table[k.Op] = k
	}
}

// Lookup is the kernel of ONNX's operator op, or nil.
func Lookup(op string) *Kernel { return table[op] }

// Ops are the operators that have a kernel, by name.
func Ops() []string {
	out := make([]string, 0, len(table))
	for op := range table {
		out = append(out, op)
	}
	slices.Sort(out)
	return out
}

// Bind makes the call's task with the variant for its element type.
func (k *Kernel) Bind(c *Call) (Task, error) {
	key := c.Input(k.Key)
	if key == nil {
		key = c.Out[0]
	}
	bind := k.variant(key.DType)
	if bind == nil {
		return nil, fmt.Errorf("%s of %v: %w", k.Op, key.DType, graph.ErrUnsupported)
	}
	return bind(c)
}

// Float is the constraint of kernels that compute in floating point.
type Float interface{ float32 | float64 }

// Number is the constraint of arithmetic kernels.
type Number interface {
	float32 | float64 | int32 | int64 | uint64
}

// word is an element seen only as bits to be moved.
type word interface {
	uint8 | uint16 | uint32 | uint64
}

func floats(f32, f64 Bind) map[tensor.DType]Bind {
	return map[tensor.DType]Bind{tensor.Float32: f32, tensor.Float64: f64}
}

func numbers(f32, f64, i32, i64 Bind) map[tensor.DType]Bind {
	return map[tensor.DType]Bind{tensor.Float32: f32, tensor.Float64: f64, tensor.Int32: i32, tensor.Int64: i64}
}

// anyType is the table of a kernel that only moves elements.
func anyType(w8, w16, w32, w64 Bind) map[tensor.DType]Bind {
	types := map[tensor.DType]Bind{
		tensor.Bool: w8, tensor.Uint8: w8, tensor.Int8: w8,
		tensor.Float16: w16, tensor.BFloat16: w16, tensor.Uint16: w16, tensor.Int16: w16,
		tensor.Float32: w32, tensor.Int32: w32, tensor.Uint32: w32,
		tensor.Float64: w64, tensor.Int64: w64, tensor.Uint64: w64,
	}
	for _, d := range narrow {
		types[d] = w8
	}
	return types
}

// every is the same Bind for every type.
func every(bind Bind) map[tensor.DType]Bind { return anyType(bind, bind, bind, bind) }

func bytesOf(b *Buf, width int) []byte { return unsafe.Slice((*byte)(b.data), b.n*width) }
