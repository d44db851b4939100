package kernel

import (
	"math"

	"github.com/elbo-ml/elbo/runtime/native/vec"
)

func init() {
	register(
		&Kernel{Op: "BatchNormalization", Types: floats(bindBatchNorm[float32], bindBatchNorm[float64])},
		&Kernel{Op: "InstanceNormalization", Types: floats(bindInstanceNorm[float32], bindInstanceNorm[float64])},
		&Kernel{Op: "LayerNormalization", Types: floats(bindLayerNorm[float32], bindLayerNorm[float64])},
	)
}

// moments are the mean and the variance of the runs of x that at yields, in two passes.
func moments[T Float](x []T, runs, stride, n int) (mean, variance float64) {
	for r := range runs {
		mean += sumOf(x[r*stride : r*stride+n])
	}
	mean /= float64(runs * n)
	for r := range runs {
		variance += deviations(x[r*stride:r*stride+n], mean)
	}
	return mean, variance / float64(runs*n)
}

func sumOf[T Float](x []T) (sum float64) {
	if x, ok := any(x).([]float32); ok {
		return vec.Sum(x)
	}
	for _, v := range x {
		sum += float64(v)
	}
	return sum
}

// deviations is the sum of (x - m)^2.
func deviations[T Float](x []T, m float64) (sum float64) {
	if x, ok := any(x).([]float32); ok {
		return vec.SumDeviations(x, m)
	}
	for _, v := range x {
		d := float64(v) - m
		sum += d * d
	}
	return sum
}

// bindBatchNorm is y = (x - mean) / sqrt(var + epsilon) * scale + b for each channel. In training mode mean and
// variance are the batch's, and outputs 1 and 2 are running = input*momentum + batch*(1-momentum).
func bindBatchNorm[T Float](c *Call) (Task, error) {
	x, scale, bias, mean, variance, y := c.In[0], c.In[1], c.In[2], c.In[3], c.In[4], c.Out[0]
	epsilon, momentum := float64(c.Node.Float("epsilon", 1e-5)), float64(c.Node.Float("momentum", 0.9))
	training := c.Node.Int("training_mode", 0) != 0
	batch, channels, inner := x.Shape[0], x.Shape[1], x.Shape[2:].Size()
	if x.Len() == 0 {
		return nothing, nil
	}
	body := func(lo, hi int) {
		xv, yv := Data[T](x), Data[T](y)
		for ch := lo; ch < hi; ch++ {
			m, v := float64(Data[T](mean)[ch]), float64(Data[T](variance)[ch])
			if training {
				bm, bv := moments(xv[ch*inner:], batch, channels*inner, inner)
				if out := c.Output(1); out != nil {
					Data[T](out)[ch] = T(m*momentum + bm*(1-momentum))
				}
				if out := c.Output(2); out != nil {
					Data[T](out)[ch] = T(v*momentum + bv*(1-momentum))
				}
				m, v = bm, bv
			}
			a := float64(Data[T](scale)[ch]) / math.Sqrt(v+epsilon)
			b := float64(Data[T](bias)[ch])
			for n := range batch {
				at := (n*channels + ch) * inner
				affine(yv[at:at+inner], xv[at:at+inner], m, a, b)
			}
		}
	}
	return func() error {
		c.Cores.For(channels, rowGrain(batch*inner), body)
		return nil
	}, nil
}

// affine is y = (x - m)*a + b.
func affine[T Float](y, x []T, m, a, b float64) {
	if x, ok := any(x).([]float32); ok {
		vec.Affine(any(y).([]float32), x, m, a, b)
		return
	}
	for i, v := range x {
		y[i] = T((float64(v)-m)*a + b)
	}
}

// bindInstanceNorm is y = (x - mean) / sqrt(var + epsilon) * scale + b, mean and variance of each image's channel.
func bindInstanceNorm[T Float](c *Call) (Task, error) {
	x, scale, bias, y := c.In[0], c.In[1], c.In[2], c.Out[0]
	epsilon := float64(c.Node.Float("epsilon", 1e-5))
	channels, inner := x.Shape[1], x.Shape[2:].Size()
	body := func(lo, hi int) {
		for i := lo; i < hi; i++ {
			xv, yv := Data[T](x)[i*inner:(i+1)*inner], Data[T](y)[i*inner:(i+1)*inner]
			m, v := moments(xv, 1, inner, inner)
			affine(yv, xv, m, float64(Data[T](scale)[i%channels])/math.Sqrt(v+epsilon), float64(Data[T](bias)[i%channels]))
		}
	}
	return func() error {
		c.Cores.For(x.Shape[0]*channels, rowGrain(inner), body)
		return nil
	}, nil
}

// bindLayerNorm is y = (x - mean) / sqrt(var + epsilon) * scale + b over the axes from attribute axis on; outputs 1 and
// 2 are mean and 1/sqrt(var + epsilon).
func bindLayerNorm[T Float](c *Call) (Task, error) {
	x, scale, bias, y := c.In[0], c.In[1], c.Input(2), c.Out[0]
	epsilon := float64(c.Node.Float("epsilon", 1e-5))
	axis, err := c.Axis("axis", -1, len(x.Shape))
	if err != nil {
		return nil, err
	}
	n := x.Shape[axis:].Size()
	if x.Len() == 0 {
		return nothing, nil
	}
	normalised := func(lo, hi int) {
		for i := lo; i < hi; i++ {
			xv, yv := Data[T](x)[i*n:(i+1)*n], Data[T](y)[i*n:(i+1)*n]
			m, v := moments(xv, 1, n, n)
			inv := 1 / math.Sqrt(v+epsilon)
			affine(yv, xv, m, inv, 0)
			if out := c.Output(1); out != nil {
				Data[T](out)[i] = T(m)
			}
			if out := c.Output(2); out != nil {
				Data[T](out)[i] = T(inv)
			}
		}
	}
	tasks := []Task{
		func() error {
			c.Cores.For(x.Len()/n, rowGrain(n), normalised)
			return nil
		},
		bindBinary(c.Cores, mulOp[T](), y, scale, y),
	}
	if bias != nil {
		tasks = append(tasks, bindBinary(c.Cores, addOp[T](), y, bias, y))
	}
	return sequence(tasks...), nil
}
