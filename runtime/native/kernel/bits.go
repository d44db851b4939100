package kernel

import (
	"fmt"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

func init() {
	register(
		&Kernel{Op: "BitShift", Types: integers(bindShift[uint8], bindShift[uint16], bindShift[uint32], bindShift[uint64])},
		onBits("BitwiseAnd", and[uint8], and[uint16], and[uint32], and[uint64]),
		onBits("BitwiseOr", or[uint8], or[uint16], or[uint32], or[uint64]),
		onBits("BitwiseXor", xor[uint8], xor[uint16], xor[uint32], xor[uint64]),
		&Kernel{Op: "BitwiseNot", Types: integers(mapped(invert[uint8]), mapped(invert[uint16]), mapped(invert[uint32]), mapped(invert[uint64]))},
		&Kernel{Op: "BitCast", Types: every(bindCopy)},
	)
}

func onBits(op string, w8 func(a, b uint8) uint8, w16 func(a, b uint16) uint16, w32 func(a, b uint32) uint32, w64 func(a, b uint64) uint64) *Kernel {
	return &Kernel{Op: op, InPlace: []int{0, 1}, Types: integers(broadcast(byElement(w8)), broadcast(byElement(w16)), broadcast(byElement(w32)), broadcast(byElement(w64)))}
}

// integers is the table of a kernel that sees integers as their bits.
func integers(w8, w16, w32, w64 Bind) map[tensor.DType]Bind {
	return map[tensor.DType]Bind{
		tensor.Uint8: w8, tensor.Int8: w8, tensor.Uint16: w16, tensor.Int16: w16,
		tensor.Uint32: w32, tensor.Int32: w32, tensor.Uint64: w64, tensor.Int64: w64,
	}
}

func and[T word](a, b T) T { return a & b }

func or[T word](a, b T) T { return a | b }

func xor[T word](a, b T) T { return a ^ b }

func invert[T word](x T) T { return ^x }

// bindShift is x << n or x >> n, as attribute direction says; bits that leave the type are lost.
func bindShift[T word](c *Call) (Task, error) {
	switch d := c.Node.Str("direction", ""); {
	case d == "LEFT":
		return broadcast(byElement(func(x, n T) T { return x << n }))(c)
	case d == "RIGHT" && (c.In[0].DType == tensor.Uint8 || c.In[0].DType == tensor.Uint16 || c.In[0].DType == tensor.Uint32 || c.In[0].DType == tensor.Uint64):
		return broadcast(byElement(func(x, n T) T { return x >> n }))(c)
	default:
		return nil, fmt.Errorf("direction %q of %v: %w", d, c.In[0].DType, graph.ErrUnsupported)
	}
}
