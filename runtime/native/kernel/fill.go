package kernel

import (
	"github.com/elbo-ml/elbo/tensor"
)

func init() {
	register(
		&Kernel{Op: "ConstantOfShape", Types: every(bindConstantOfShape)},
		&Kernel{Op: "Shape", Types: every(bindShape)},
		&Kernel{Op: "Size", Types: every(bindSize)},
		&Kernel{Op: "EyeLike", Types: every(bindEyeLike)},
		&Kernel{Op: "Trilu", Types: anyType(bindTrilu[uint8], bindTrilu[uint16], bindTrilu[uint32], bindTrilu[uint64])},
	)
}

// bindConstantOfShape fills y with the one element of attribute value, or with float32 zeros.
func bindConstantOfShape(c *Call) (Task, error) {
	y, value := c.Out[0], c.Node.Tensor("value")
	if value == nil {
		value = tensor.New(y.DType, 1)
	}
	x := NewBuf(value.DType(), tensor.Shape{})
	x.Use(value.Clone().Bytes())
	call := *c
	call.In = []*Buf{x}
	return table["Expand"].Bind(&call)
}

// bindShape writes the shape of input 0, or the part of it that attributes start and end name.
func bindShape(c *Call) (Task, error) {
	shape := c.In[0].Shape
	n := len(shape)
	bound := func(k int) int {
		if k < 0 {
			k += n
		}
		return min(max(k, 0), n)
	}
	from := bound(c.Node.Int("start", 0))
	return func() error {
		for i, y := 0, Data[int64](c.Out[0]); i < len(y); i++ {
			y[i] = int64(shape[from+i])
		}
		return nil
	}, nil
}

func bindSize(c *Call) (Task, error) {
	return func() error {
		Data[int64](c.Out[0])[0] = int64(c.In[0].Len())
		return nil
	}, nil
}

// bindEyeLike puts ones on diagonal k and zeros elsewhere.
func bindEyeLike(c *Call) (Task, error) {
	y, k := c.Out[0], c.Node.Int("k", 0)
	eye := tensor.New(tensor.Int64, y.Shape...)
	ones := tensor.Data[int64](eye)
	for i := range y.Shape[0] {
		if j := i + k; j >= 0 && j < y.Shape[1] {
			ones[i*y.Shape[1]+j] = 1
		}
	}
	x := NewBuf(tensor.Int64, y.Shape)
	x.Use(eye.Bytes())
	call := *c
	call.In = []*Buf{x}
	return table["Cast"].Bind(&call)
}

// bindTrilu keeps the upper (or lower) triangle of the last two axes, from diagonal k on, and puts zeros elsewhere.
func bindTrilu[T word](c *Call) (Task, error) {
	x, y, upper, k := c.In[0], c.Out[0], c.Node.Int("upper", 1) != 0, 0
	if ks, err := c.Ints(1); err != nil {
		return nil, err
	} else if len(ks) > 0 {
		k = ks[0]
	}
	rows, cols := x.Shape[len(x.Shape)-2], x.Shape[len(x.Shape)-1]
	body := func(lo, hi int) {
		xv, yv := Data[T](x), Data[T](y)
		for i := lo; i < hi; i++ {
			cut := min(max(i%rows+k, 0), cols) // the first column on the upper side
			row, out := xv[i*cols:(i+1)*cols], yv[i*cols:(i+1)*cols]
			if upper {
				clear(out[:cut])
				copy(out[cut:], row[cut:])
				continue
			}
			cut = min(max(i%rows+k+1, 0), cols)
			copy(out[:cut], row[:cut])
			clear(out[cut:])
		}
	}
	return func() error {
		c.Cores.For(y.Len()/max(cols, 1), rowGrain(cols), body)
		return nil
	}, nil
}
