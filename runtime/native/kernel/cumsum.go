package kernel

func init() {
	register(&Kernel{Op: "CumSum", Types: numbers(bindCumSum[float32], bindCumSum[float64], bindCumSum[int32], bindCumSum[int64])})
}

// bindCumSum is y[i] = x[0] + ... + x[i] along an axis; exclusive leaves x[i] out, reverse sums from the end.
func bindCumSum[T Number](c *Call) (Task, error) {
	x, y := c.In[0], c.Out[0]
	exclusive, reverse := c.Node.Int("exclusive", 0) != 0, c.Node.Int("reverse", 0) != 0
	axes, err := c.Ints(1)
	if err != nil {
		return nil, err
	}
	axis, err := axisOf(axes[0], len(x.Shape))
	if err != nil {
		return nil, err
	}
	_, n, inner := split(x.Shape, axis)
	body := func(lo, hi int) {
		xv, yv := Data[T](x), Data[T](y)
		for i := lo; i < hi; i++ {
			k, step := i/inner*n*inner+i%inner, inner
			if reverse {
				k, step = k+(n-1)*inner, -inner
			}
			cumulate(yv, xv, k, n, step, exclusive)
		}
	}
	return func() error {
		c.Cores.For(x.Len()/max(n, 1), rowGrain(n), body)
		return nil
	}, nil
}

func cumulate[T Number](y, x []T, k, n, step int, exclusive bool) {
	var sum T
	for range n {
		v := x[k]
		if exclusive {
			y[k] = sum
			sum += v
		} else {
			sum += v
			y[k] = sum
		}
		k += step
	}
}
