package localreparam

import (
	"context"
	"fmt"
	"slices"
	"time"

	"gonum.org/v1/gonum/stat"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/reproduce"
	"github.com/elbo-ml/elbo/reproduce/network"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train"
	"github.com/elbo-ml/elbo/train/data"
)

// model is the network under variational dropout of type B, an alpha for each layer.
func model(s scale, images int) (*train.Classifier, *train.VariationalModel, error) {
	g, err := network.MLP(1, s.sizes...)
	if err != nil {
		return nil, nil, err
	}
	c, err := train.NewClassifier(g)
	if err != nil {
		return nil, nil, err
	}
	m, err := train.WithDropout(c, dropout(train.Local, images))
	return c, m, err
}

func dropout(s train.Sampling, images int) train.VariationalOptions {
	return train.VariationalOptions{Dropout: train.VariationalDropoutB, Rate: dropoutRate, InputRate: inputRate, Examples: images, Sampling: s}
}

// gradient computes the gradient of the bound by the weights of the top and the bottom layer.
type gradient struct {
	program runtime.Program
	x       *tensor.Tensor
	in, out []*tensor.Tensor
	noise   []*tensor.Tensor
	drawn   uint64 // rows of noise
}

// newGradient builds the estimator for minibatches of rows datapoints, at the weights and rates of a model as they are.
func newGradient(l *reproduce.Lab, e estimator, layers, images, rows int, c *train.Classifier, m *train.VariationalModel) (*gradient, error) {
	o, err := c.Objective()
	if err != nil {
		return nil, err
	}
	g, loss := o.Graph, o.Loss
	var noise []*graph.Value
	if e.noise {
		v, err := train.Variational(g, dropout(e.sampling, images))
		if err != nil {
			return nil, err
		}
		rates := m.Params()
		for _, p := range v.Params {
			copy(p.Data.Bytes(), rates[p.Name].Bytes())
		}
		g, noise = v.Graph, v.Noise
		loss = g.Value(o.Loss.Name)
	}
	// The KL is the same for all: it has no variance. The objective is a mean over datapoints, the bound a sum.
	loss = g.Mul(loss, g.Scalar(float64(images), loss))
	grads, err := train.Gradients(g, loss, []*graph.Value{g.Value(fmt.Sprintf("fc%d.weight", layers)), g.Value("fc1.weight")})
	if err != nil {
		return nil, err
	}
	g.Outputs = nil
	g.Output("top", grads[0])
	g.Output("bottom", grads[1])
	graph.Prune(g)
	d := &gradient{out: make([]*tensor.Tensor, 2)}
	for _, v := range g.Inputs {
		shape := make([]int, len(v.Shape))
		for i, extent := range v.Shape {
			n, known := extent.Known()
			if shape[i] = n; !known {
				shape[i] = rows
			}
		}
		d.in = append(d.in, tensor.New(tensor.Float32, shape...))
	}
	d.x, d.noise = d.in[0], d.in[len(d.in)-len(noise):]
	d.program, err = l.Engine.Compile(g, runtime.Options{Threads: l.Threads})
	return d, err
}

// draw takes in the given rows of the data, draws the noise and computes the gradients.
func (d *gradient) draw(ctx context.Context, src data.Source, rows []int) error {
	if err := src.Read(ctx, rows, tensor.Data[float32](d.x)); err != nil {
		return err
	}
	for i, t := range d.noise {
		n := runtime.Noise{Seed: 1, Stream: uint64(i + 1)}
		for k := range t.Shape()[0] {
			n.Normal(d.drawn+uint64(k), tensor.Data[float32](t.Rows(k, k+1)))
		}
	}
	if len(d.noise) > 0 {
		d.drawn += uint64(max(d.x.Shape()[0], d.noise[0].Shape()[0]))
	}
	return d.program.Run(ctx, d.in, d.out)
}

// variances are those of the gradient by one weight of the top and of the bottom layer, the mean over the layer's weights,
// for minibatches of 1000 datapoints; and the seconds that a gradient takes for each datapoint, by the median minibatch.
type variances struct {
	Top, Bottom float64
	Seconds     float64
}

// measure estimates the variance over random minibatches. Where each datapoint has weights of its own, the minibatch is the
// mean of independent gradients, one for each: its variance is estimated from minibatches of few datapoints, by their number.
func measure(ctx context.Context, l *reproduce.Lab, s scale, e estimator, c *train.Classifier, m *train.VariationalModel, src data.Source) (variances, error) {
	rows, draws, factor := batch, s.draws, 1.0
	if e.sampling == train.Separate {
		rows, draws, factor = few, s.separate, float64(few)/batch
	}
	d, err := newGradient(l, e, len(s.sizes)-1, src.Len(), rows, c, m)
	if err != nil {
		return variances{}, err
	}
	defer d.program.Close()
	var all [2]spread
	var took []float64 // by draw; the first one plans
	for i := range draws {
		index := make([]int, rows)
		order := data.NewPermutation(src.Len(), 7, uint64(i))
		for k := range index {
			index[k] = order.At(k)
		}
		start := time.Now()
		if err := d.draw(ctx, src, index); err != nil {
			return variances{}, err
		}
		if i > 0 {
			took = append(took, time.Since(start).Seconds())
		}
		for k := range all {
			all[k].add(d.out[k])
		}
	}
	slices.Sort(took)
	return variances{factor * all[0].variance(), factor * all[1].variance(), stat.Quantile(0.5, stat.Empirical, took, nil) / float64(rows)}, nil
}

// spread follows the sum of squared deviations of each element of a gradient (Welford, 1962).
type spread struct {
	n        float64
	mean, m2 []float64
}

func (s *spread) add(t *tensor.Tensor) {
	if s.mean == nil {
		s.mean, s.m2 = make([]float64, t.Len()), make([]float64, t.Len())
	}
	s.n++
	for i, x := range tensor.Data[float32](t) {
		d := float64(x) - s.mean[i]
		s.mean[i] += d / s.n
		s.m2[i] += d * (float64(x) - s.mean[i])
	}
}

// variance is the mean of the elements' unbiased variances.
func (s *spread) variance() float64 {
	sum := 0.0
	for _, v := range s.m2 {
		sum += v
	}
	return sum / (s.n - 1) / float64(len(s.m2))
}
