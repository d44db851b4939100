package kernel

import (
	"fmt"
	"slices"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// narrow are the types whose elements have fewer than 8 bits or are floats of 8: the engine only stores them.
var narrow = []tensor.DType{
	tensor.Float8E4M3FN, tensor.Float8E4M3FNUZ, tensor.Float8E5M2, tensor.Float8E5M2FNUZ, tensor.Float8E8M0, tensor.Float4E2M1,
	tensor.Uint4, tensor.Int4, tensor.Uint2, tensor.Int2,
}

// wider are the types in which elements of a type are computed by kernels that have no loop of their own for it, the
// best one first. Each holds all values of the other, and a result that the other cannot hold is cut as its own
// arithmetic would cut it.
func wider(dtype tensor.DType) []tensor.DType {
	switch dtype {
	case tensor.Float16, tensor.BFloat16:
		return []tensor.DType{tensor.Float32}
	case tensor.Int8, tensor.Uint8, tensor.Int16, tensor.Uint16:
		return []tensor.DType{tensor.Int32, tensor.Int64, tensor.Float32}
	case tensor.Uint4, tensor.Int4, tensor.Uint2, tensor.Int2:
		return []tensor.DType{tensor.Int32}
	case tensor.Int32, tensor.Uint32:
		return []tensor.DType{tensor.Int64, tensor.Float64}
	}
	if tensor.Small(dtype) != nil {
		return []tensor.DType{tensor.Float32}
	}
	return nil
}

// unsigned are the operators on uint64, the one type that no other holds.
var unsigned map[string]Bind

func init() {
	unsigned = map[string]Bind{
		"Add": broadcast(addOp[uint64]()), "Sub": broadcast(subOp[uint64]()), "Mul": broadcast(mulOp[uint64]()), "Div": broadcast(byElement(quotient[uint64])),
		"Less": broadcast(byElement(less[uint64])), "LessOrEqual": broadcast(byElement(lessOrEqual[uint64])),
		"Greater": broadcast(byElement(swapped(less[uint64]))), "GreaterOrEqual": broadcast(byElement(swapped(lessOrEqual[uint64]))),
		"Equal": broadcast(byElement(same[uint64])), "Min": variadic(byElement(minimum[uint64])), "Max": variadic(byElement(maximum[uint64])),
		"Clip": bindClip(clip[uint64]), "CumSum": bindCumSum[uint64], "Pow": bindPow[uint64], "Sign": elementwise(each(func(x uint64) uint64 { return min(x, 1) })), "Abs": bindCopy,
		"ArgMax": argument(above[uint64]), "ArgMin": argument(below[uint64]), "TopK": bindTopK[uint64],
	}
}

// Takes reports whether the kernel runs on elements of the type that decides.
func (k *Kernel) Takes(dtype tensor.DType) bool { return k.variant(dtype) != nil }

// variant is the Bind for an element type: the type's own, or that of a wider type between conversions.
func (k *Kernel) variant(dtype tensor.DType) Bind {
	if bind := k.Types[dtype]; bind != nil {
		return bind
	}
	if dtype == tensor.Uint64 {
		return unsigned[k.Op]
	}
	for _, to := range wider(dtype) {
		if bind := k.Types[to]; bind != nil {
			return widened(bind, dtype, to)
		}
	}
	return nil
}

// widened binds a kernel on elements of one type by a Bind for another: operands of the first are converted before and
// results after.
func widened(bind Bind, from, to tensor.DType) Bind {
	return func(c *Call) (Task, error) {
		call := *c
		call.In, call.Out = slices.Clone(c.In), slices.Clone(c.Out)
		var tasks, after []Task
		for i, b := range c.In {
			if b != nil && b.DType == from {
				call.In[i] = scratch(to, b.Shape)
				t, err := converting(c, b, call.In[i])
				if err != nil {
					return nil, err
				}
				tasks = append(tasks, t)
			}
		}
		for i, b := range c.Out {
			if b != nil && b.DType == from {
				call.Out[i] = scratch(to, b.Shape)
				t, err := converting(c, call.Out[i], b)
				if err != nil {
					return nil, err
				}
				after = append(after, t)
			}
		}
		t, err := bind(&call)
		if err != nil {
			return nil, err
		}
		return sequence(append(append(tasks, t), after...)...), nil
	}
}

// scratch is a buffer with memory of its own.
func scratch(dtype tensor.DType, shape tensor.Shape) *Buf {
	b := NewBuf(dtype, shape)
	b.Use(tensor.New(dtype, shape...).Bytes())
	return b
}

// converting is the task that casts x to y.
func converting(c *Call, x, y *Buf) (Task, error) {
	call := *c
	call.In, call.Out = []*Buf{x}, []*Buf{y}
	return table["Cast"].Types[x.DType](&call)
}

// castVia casts between two types one of which is only stored, by way of the type that it is computed in.
func castVia(c *Call) (Task, error) {
	x, y := c.In[0], c.Out[0]
	for _, d := range wider(x.DType) {
		if decode := decoder(x.DType); decode != nil {
			if y.DType == d {
				return decode(c)
			}
			return castThrough(c, decode, table["Cast"].Types[d], d)
		}
	}
	for _, d := range wider(y.DType) {
		if encode := encoder(c.Node, y.DType); encode != nil {
			if x.DType == d {
				return encode(c)
			}
			return castThrough(c, table["Cast"].Types[x.DType], encode, d)
		}
	}
	return nil, fmt.Errorf("from %v to %v: %w", x.DType, y.DType, graph.ErrUnsupported)
}

func castThrough(c *Call, first, second Bind, middle tensor.DType) (Task, error) {
	m := scratch(middle, c.In[0].Shape)
	a, b := *c, *c
	a.Out, b.In = []*Buf{m}, []*Buf{m}
	before, err := first(&a)
	if err != nil {
		return nil, err
	}
	after, err := second(&b)
	if err != nil {
		return nil, err
	}
	return sequence(before, after), nil
}

// decoder makes numbers of elements that are only stored; nil for types that are numbers themselves.
func decoder(dtype tensor.DType) Bind {
	if f := tensor.Small(dtype); f != nil {
		return mapped(f.Decode)
	}
	switch dtype {
	case tensor.Float16:
		return mapped(tensor.FromFloat16)
	case tensor.BFloat16:
		return mapped(tensor.FromBFloat16)
	case tensor.Uint4, tensor.Uint2:
		return mapped(func(x uint8) int32 { return int32(x) })
	case tensor.Int4, tensor.Int2:
		return mapped(func(x int8) int32 { return int32(x) })
	}
	return nil
}

// encoder is the way back of decoder. Integers lose their high bits; how floats are rounded, attributes saturate and
// round_mode say.
func encoder(n *graph.Node, dtype tensor.DType) Bind {
	if f := tensor.Small(dtype); f != nil {
		saturate, round := n.Int("saturate", 1) != 0, tensor.Nearest
		if dtype == tensor.Float8E8M0 {
			round = map[string]tensor.Rounding{"up": tensor.Up, "down": tensor.Down}[n.Str("round_mode", "up")]
		}
		return mapped(func(x float32) uint8 { return f.Encode(x, round, saturate) })
	}
	switch bits := dtype.Bits(); dtype {
	case tensor.Uint4, tensor.Uint2:
		return mapped(func(x int32) uint8 { return uint8(x) & (1<<bits - 1) })
	case tensor.Int4, tensor.Int2:
		return mapped(func(x int32) int8 { return int8(x<<(8-bits)) >> (8 - bits) })
	}
	return nil
}
