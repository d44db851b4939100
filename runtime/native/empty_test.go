package native

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
)

// An extent of 0 anywhere gives an empty result or an error, never a panic.
func TestEmptyTensors(t *testing.T) {
	ran := 0
	for _, cases := range allCases {
		for _, c := range cases {
			for i, x := range c.in {
				if x == nil {
					continue
				}
				for axis := range x.Shape() {
					for _, all := range []bool{false, true} {
						if runEmptied(t, c, i, axis, all) == nil {
							ran++
						}
					}
				}
			}
		}
	}
	if ran < 50 {
		t.Errorf("only %d empty forms ran", ran)
	}
}

// runEmptied runs the case with an extent of 0 along one axis of input i, or of all inputs that have the axis.
func runEmptied(t *testing.T, c kernelCase, i, axis int, all bool) (err error) {
	in := slices.Clone(c.in)
	for k, x := range in {
		if x != nil && (k == i || all && x.DType() == c.in[i].DType() && axis < len(x.Shape())) {
			shape := slices.Clone(x.Shape())
			shape[axis] = 0
			in[k] = tensor.New(x.DType(), shape...)
		}
	}
	defer func() {
		if r := recover(); r != nil {
			t.Errorf("%s, %s, axis %d of input %d is 0: %v", c.op, c.name, axis, i, r)
			err = fmt.Errorf("%v", r)
		}
	}()
	g, fed := single(c.op, len(c.want), c.attrs, tensor.Float32, false, in...)
	p, err := New().Compile(g, runtime.Options{Threads: 1})
	if err != nil {
		return err
	}
	defer p.Close()
	return p.Run(context.Background(), fed, make([]*tensor.Tensor, len(g.Outputs)))
}
