package graph

import "slices"

// Cost is what one run of a node amounts to: the same on every engine, and what a measured time is held against.
type Cost struct {
	// FLOPs are arithmetic operations. A multiplication and an addition count one each, and so does any function of
	// one element, exp as much as a sign; integers and bools count like floats. Moving an element counts nothing.
	FLOPs int `json:"flops"`
	// Read and Written are the bytes of the operands and of the results, each once: what has to go through memory when
	// nothing of it is in a cache.
	Read    int `json:"bytes_read"`
	Written int `json:"bytes_written"`
}

// Add adds the cost of another node.
func (c *Cost) Add(d Cost) {
	c.FLOPs += d.FLOPs
	c.Read += d.Read
	c.Written += d.Written
}

// Bytes are those read and those written.
func (c Cost) Bytes() int { return c.Read + c.Written }

// CostOf is the cost of n. It is known when the node's shapes are numbers and its operator is in the table.
func CostOf(n *Node) (c Cost, known bool) {
	count := flops[opKey(n.Domain, n.Op)]
	if count == nil {
		return Cost{}, false
	}
	for _, v := range n.Outputs {
		if v == nil {
			continue
		}
		if _, ok := v.Shape.Known(); !ok {
			return Cost{}, false
		}
		c.Written += bytesOf(v)
	}
	for i, v := range n.Inputs {
		if v == nil || slices.Contains(n.Inputs[:i], v) {
			continue
		}
		if _, ok := v.Shape.Known(); !ok {
			return Cost{}, false
		}
		switch {
		case i == 0 && readsShapeOnly[n.Op]:
		case i == 0 && picks[n.Op]:
			c.Read += min(c.Written, bytesOf(v))
		default:
			c.Read += bytesOf(v)
		}
	}
	c.FLOPs = count(n)
	return c, true
}

var (
	// readsShapeOnly are the operators to which the elements of input 0 are nothing.
	readsShapeOnly = map[string]bool{"Shape": true, "Size": true, "EyeLike": true, "RandomNormalLike": true, "RandomUniformLike": true}
	// picks are the operators that read of input 0 only what they give.
	picks = map[string]bool{"Slice": true, "Gather": true, "GatherElements": true}
)

// size is the number of v's elements, whose shape is all numbers, and 0 where there is no v.
func size(v *Value) int {
	if v == nil {
		return 0
	}
	n, _ := v.Shape.Size().Known()
	return n
}

func bytesOf(v *Value) int { return size(v) * v.DType.Size() }
