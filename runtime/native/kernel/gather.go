package kernel

import (
	"fmt"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

func init() {
	register(
		&Kernel{Op: "Gather", Types: anyType(bindGather[uint8], bindGather[uint16], bindGather[uint32], bindGather[uint64])},
		&Kernel{Op: "GatherElements", Types: anyType(bindGatherElements[uint8], bindGatherElements[uint16], bindGatherElements[uint32], bindGatherElements[uint64])},
	)
}

// indexAt is element i of an int64 or int32 buffer, counted from the end when negative, in an axis of extent n.
func indexAt(b *Buf, i, n int) int {
	var k int
	if b.DType == tensor.Int64 {
		k = int(Data[int64](b)[i])
	} else {
		k = int(Data[int32](b)[i])
	}
	if k < 0 {
		k += n
	}
	return k
}

// checkIndices fails on the first index outside of an axis of extent n.
func checkIndices(b *Buf, n int) error {
	for i := range b.Len() {
		if k := indexAt(b, i, n); k < 0 || k >= n {
			return fmt.Errorf("index %d is outside of an axis of extent %d", k, n)
		}
	}
	return nil
}

// bindGather is y[outer, i, inner] = x[outer, index[i], inner].
func bindGather[T word](c *Call) (Task, error) {
	x, index, y := c.In[0], c.In[1], c.Out[0]
	axis, err := c.Axis("axis", 0, len(x.Shape))
	if err != nil {
		return nil, err
	}
	_, n, inner := split(x.Shape, axis)
	count := index.Len()
	body := func(lo, hi int) {
		xv, yv := Data[T](x), Data[T](y)
		for i := lo; i < hi; i++ {
			from := (i/count*n + indexAt(index, i%count, n)) * inner
			copy(yv[i*inner:(i+1)*inner], xv[from:from+inner])
		}
	}
	rows := x.Shape[:axis].Size() * count
	return func() error {
		if err := checkIndices(index, n); err != nil {
			return err
		}
		c.Cores.For(rows, rowGrain(inner), body)
		return nil
	}, nil
}

// lines walks two tensors that differ in extent, along one axis: line i of the smaller starts at small, and the place
// of the same coordinates in the larger at large.
type lines struct {
	count, n              int // lines, and elements in each
	step, largeStep       int
	extent                int // of the axis in the larger tensor
	others                tensor.Shape
	strides, largeStrides []int
}

// newLines fails when the smaller tensor reaches out of the larger along another axis.
func newLines(small, large tensor.Shape, axis int) (lines, error) {
	l := lines{count: 1, n: small[axis], extent: large[axis]}
	s, t := small.Strides(), large.Strides()
	l.step, l.largeStep = s[axis], t[axis]
	for i, d := range small {
		if i != axis {
			if d > large[i] {
				return lines{}, fmt.Errorf("indices %v reach out of %v along axis %d", small, large, i)
			}
			l.count *= d
			l.others = append(l.others, d)
			l.strides, l.largeStrides = append(l.strides, s[i]), append(l.largeStrides, t[i])
		}
	}
	return l, nil
}

func (l *lines) start(i int) (small, large int) {
	return offsetOf(l.others, l.strides, i), offsetOf(l.others, l.largeStrides, i)
}

// bindGatherElements is y[i][j] = x[index[i][j]][j] for axis 0, and so on.
func bindGatherElements[T word](c *Call) (Task, error) {
	x, index, y := c.In[0], c.In[1], c.Out[0]
	axis, err := c.Axis("axis", 0, len(x.Shape))
	if err != nil {
		return nil, err
	}
	l, err := newLines(index.Shape, x.Shape, axis)
	if err != nil {
		return nil, err
	}
	body := func(lo, hi int) {
		xv, yv := Data[T](x), Data[T](y)
		for i := lo; i < hi; i++ {
			small, large := l.start(i)
			for range l.n {
				yv[small] = xv[large+indexAt(index, small, l.extent)*l.largeStep]
				small += l.step
			}
		}
	}
	return func() error {
		if err := checkIndices(index, l.extent); err != nil {
			return err
		}
		c.Cores.For(l.count, rowGrain(l.n), body)
		return nil
	}, nil
}

// indexReader reads indices that may also be floats, as OneHot's may.
func indexReader(b *Buf) (func(i int) int, error) {
	switch b.DType {
	case tensor.Int64, tensor.Int32:
		return func(i int) int { return indexAt(b, i, 0) }, nil
	case tensor.Float32:
		return func(i int) int { return int(Data[float32](b)[i]) }, nil
	case tensor.Float64:
		return func(i int) int { return int(Data[float64](b)[i]) }, nil
	}
	return nil, fmt.Errorf("indices of %v: %w", b.DType, graph.ErrUnsupported)
}
