package importer

import (
	"fmt"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/importer/internal/onnxpb"
	"github.com/elbo-ml/elbo/tensor"
)

// Softmax and LogSoftmax normalised over all axes from axis on, as one, before opset 13 (and axis was 1 by default).
func softmax(c *conversion) error {
	if c.opset >= 13 {
		return nil
	}
	x, err := c.input(0)
	if err != nil {
		return err
	}
	a, err := axis(c.n.Int("axis", 1), x.Rank())
	if err != nil {
		return err
	}
	if a == x.Rank()-1 {
		c.setAttr("axis", int64(-1))
		return nil
	}
	flat := c.g.Node("Flatten", graph.Attrs{"axis": int64(a)}, x)
	y := c.g.Node(c.n.Op, graph.Attrs{"axis": int64(-1)}, flat)
	return c.finish("Reshape", nil, y, c.g.Node("Shape", nil, x))
}

// BatchNormalization names its training mode since opset 14; before, more than one output told it.
func batchNormalization(c *conversion) error {
	if c.opset >= 14 {
		return nil
	}
	if c.opset < 9 && c.n.Int("spatial", 1) == 0 {
		return fmt.Errorf("spatial = 0: %w", graph.ErrUnsupported)
	}
	delete(c.n.Attrs, "spatial")
	delete(c.n.Attrs, "is_test")       // of opset 6: what the outputs say, too
	delete(c.n.Attrs, "training_mode") // written by some exporters before there was such an attribute
	if len(c.n.Outputs) > 3 {          // saved_mean and saved_var serve a backward pass, which elbo derives itself
		for _, v := range c.n.Outputs[3:] {
			if v != nil && c.builder.read[v.Name] {
				return fmt.Errorf("its output %q, of a form older than opset 14: %w", v.Name, graph.ErrUnsupported)
			}
		}
		c.n.Outputs = c.n.Outputs[:3]
	}
	if len(c.n.Outputs) > 1 {
		c.setAttr("training_mode", int64(1))
	}
	return nil
}

// GroupNormalization normalises each group of channels as InstanceNormalization does one channel. Scale and bias are
// one per group in opset 18 and one per channel since opset 21.
func groupNormalization(c *conversion) error {
	x, err := c.input(0)
	if err != nil {
		return err
	}
	scale, bias := c.n.Input(1), c.n.Input(2)
	groups := c.n.Int("num_groups", 0)
	if scale == nil || bias == nil || x.Rank() < 2 || groups <= 0 {
		return fmt.Errorf("input of rank %d, num_groups %d: %w", x.Rank(), groups, ErrMalformed)
	}
	if groups > 1<<20 {
		return onnxpb.Over("groups", groups, 1<<20)
	}
	g := c.g
	grouped := g.Node("Reshape", nil, x, g.Int64s(0, groups, -1))
	shape := g.Node("Shape", nil, x)
	eps := graph.Attrs{"epsilon": c.n.Float("epsilon", 1e-5)}
	if c.opset < 21 {
		return c.finish("Reshape", nil, g.Node("InstanceNormalization", eps, grouped, scale, bias), shape)
	}
	one, zero := filled(x.DType, groups, 1), filled(x.DType, groups, 0)
	if one == nil {
		return fmt.Errorf("on %v: %w", x.DType, graph.ErrUnsupported)
	}
	unit := g.Node("InstanceNormalization", eps, grouped, g.Const(one), g.Const(zero))
	y := g.Node("Reshape", nil, unit, shape)
	perChannel := []int{-1}
	for range x.Rank() - 2 {
		perChannel = append(perChannel, 1)
	}
	to := g.Int64s(perChannel...)
	return c.finish("Add", nil, g.Node("Mul", nil, y, g.Node("Reshape", nil, scale, to)), g.Node("Reshape", nil, bias, to))
}

// filled is the vector of n times v, or nil for a type that nothing is computed in.
func filled(dtype tensor.DType, n int, v float64) *tensor.Tensor {
	t := tensor.New(dtype, n)
	switch dtype {
	case tensor.Float32:
		fill(t, float32(v))
	case tensor.Float64:
		fill(t, v)
	case tensor.Float16:
		fill(t, tensor.ToFloat16(float32(v)))
	case tensor.BFloat16:
		fill(t, tensor.ToBFloat16(float32(v)))
	default:
		return nil
	}
	return t
}

func fill[T tensor.Element](t *tensor.Tensor, v T) {
	for i := range tensor.Data[T](t) {
		tensor.Data[T](t)[i] = v
	}
}

// Dropout takes its ratio as an input since opset 12, and a flag that tells it to draw random numbers (see
// graph.LiftNoise); before that it is an identity in every file.
func dropout(c *conversion) error {
	delete(c.n.Attrs, "is_test") // of opset 6
	if c.opset < 12 {
		if len(c.n.Inputs) > 1 {
			return fmt.Errorf("%d inputs in opset %d: %w", len(c.n.Inputs), c.opset, ErrMalformed)
		}
		if ratio, ok := c.n.Attrs["ratio"].(float32); ok {
			c.setInput(1, c.g.Const(tensor.Scalar(ratio)))
		}
		delete(c.n.Attrs, "ratio")
		return nil
	}
	if c.n.Input(2) != nil && !graph.Draws(c.n) {
		c.n.Inputs[2] = nil
		for len(c.n.Inputs) > 0 && c.n.Inputs[len(c.n.Inputs)-1] == nil {
			c.n.Inputs = c.n.Inputs[:len(c.n.Inputs)-1]
		}
	}
	return nil
}
