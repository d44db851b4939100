package localreparam

import (
	"context"
	"fmt"

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
	if err := d.read(ctx, src, rows); err != nil {
		return err
	}
	d.renew()
	return d.run(ctx)
}

// read takes in the given rows of the data.
func (d *gradient) read(ctx context.Context, src data.Source, rows []int) error {
	return src.Read(ctx, rows, tensor.Data[float32](d.x))
}

// weigh lets a row that was read count so many times: its log-likelihood is the sum over classes of label times log p.
func (d *gradient) weigh(row, classes int, weight float64) {
	x := tensor.Data[float32](d.x.Rows(row, row+1))
	for i := len(x) - classes; i < len(x); i++ {
		x[i] *= float32(weight)
	}
}

// renew draws all noise anew.
func (d *gradient) renew() {
	for i, t := range d.noise {
		n := runtime.Noise{Seed: 1, Stream: uint64(i + 1)}
		for k := range t.Shape()[0] {
			n.Normal(d.drawn+uint64(k), tensor.Data[float32](t.Rows(k, k+1)))
		}
	}
	if len(d.noise) > 0 {
		d.drawn += uint64(max(d.x.Shape()[0], d.noise[0].Shape()[0]))
	}
}

// run computes the gradients of what was read under the noise as it is.
func (d *gradient) run(ctx context.Context) error { return d.program.Run(ctx, d.in, d.out) }
