package ssl

import (
	"context"
	"fmt"
	"math"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train/data"
)

// The author's code keeps the latent units whose mean has a standard deviation above 0.1 over 1000 rows.
const (
	activeDeviation = 0.1
	activeRows      = 1000
)

// Active are the latent units of an M1 whose posterior mean varies over the data, with a standard deviation above 0.1 over
// the first 1000 rows: the others say nothing of x.
func Active(ctx context.Context, m1 *models.VAE, src data.Source) ([]int, error) {
	n := min(activeRows, src.Len())
	q, err := encodeAll(ctx, m1, data.Slice(src, 0, n))
	if err != nil {
		return nil, err
	}
	latent := m1.Manifest().Latent
	mean := tensor.Data[float32](q.Mean)
	var keep []int
	for j := range latent {
		sum, squares := 0.0, 0.0
		for i := range n {
			v := float64(mean[i*latent+j])
			sum, squares = sum+v, squares+v*v
		}
		sum /= float64(n)
		if math.Sqrt(max(squares/float64(n)-sum*sum, 0)) > activeDeviation {
			keep = append(keep, j)
		}
	}
	if len(keep) == 0 {
		return nil, fmt.Errorf("ssl: none of the %d latent units of %s varies over %s: train it longer", latent, m1.Manifest().Name, src.Name())
	}
	return keep, nil
}

// encodeAll is the posterior of every row.
func encodeAll(ctx context.Context, m1 *models.VAE, src data.Source) (*models.Posterior, error) {
	latent := m1.Manifest().Latent
	all := &models.Posterior{Mean: tensor.New(tensor.Float32, src.Len(), latent), LogVar: tensor.New(tensor.Float32, src.Len(), latent)}
	err := eachBatch(ctx, src, func(lo int, x *tensor.Tensor) error {
		q, err := m1.Encode(ctx, x)
		if err == nil {
			copy(tensor.Data[float32](all.Mean)[lo*latent:], tensor.Data[float32](q.Mean))
			copy(tensor.Data[float32](all.LogVar)[lo*latent:], tensor.Data[float32](q.LogVar))
		}
		return err
	})
	return all, err
}

// Stack builds an M1+M2: a fresh M2 of the features of m1, which are the latent units to keep. Of c, Shape, Likelihood and
// Features are decided by m1. The weights of m1 are shared, and not trained any further.
func Stack(m1 *models.VAE, keep []int, c Config) (*M2, error) {
	latent := m1.Manifest().Latent
	for _, j := range keep {
		if j < 0 || j >= latent {
			return nil, fmt.Errorf("ssl: stack: %s has %d latent units, and no unit %d to keep", m1.Manifest().Name, latent, j)
		}
	}
	if c.Name == "" {
		c.Name = "m1m2"
	}
	c.Shape, c.Features = []int{len(keep)}, true
	m, err := New(c)
	if err != nil {
		return nil, err
	}
	graphs, err := m1.Graphs()
	if err != nil {
		return nil, fmt.Errorf("ssl: stack: %w", err)
	}
	for _, part := range graphs {
		switch part.Part {
		case "encode":
			m.graphs["features"], err = features(part.Graph, keep)
		case "decode":
			m.graphs["pixels"], err = pixels(part.Graph, keep, latent)
		}
		if err != nil {
			return nil, fmt.Errorf("ssl: stack: %w", err)
		}
	}
	m.manifest.Shape = m1.Manifest().Shape
	return assemble(m.manifest, m.graphs)
}

// features is an M1's encoder with the units to keep as outputs: x [batch, row...] to mean and logvar [batch, kept].
func features(encode *graph.Graph, keep []int) (*graph.Graph, error) {
	g := graph.New("features")
	g.Producer = "elbo"
	x := g.InputOf(tensor.Float32, "x", encode.Inputs[0].Shape)
	placed, err := graph.Append(g, encode, map[*graph.Value]*graph.Value{encode.Inputs[0]: x}, "")
	if err != nil {
		return nil, err
	}
	for i, name := range []string{"mean", "logvar"} {
		g.Output(name, g.Gather(placed[encode.Outputs[i]], g.Int64s(keep...), 1))
	}
	return g, g.Err()
}

// pixels is an M1's decoder from the features that were kept: x [batch, kept] to E[pixels]. The other units are 0, their
// prior's mean.
func pixels(decode *graph.Graph, keep []int, latent int) (*graph.Graph, error) {
	g := graph.New("pixels")
	g.Producer = "elbo"
	place := tensor.New(tensor.Float32, len(keep), latent)
	for i, j := range keep {
		tensor.Data[float32](place)[i*latent+j] = 1
	}
	z := g.MatMul(g.Input("x", "batch", len(keep)), g.Const(place))
	placed, err := graph.Append(g, decode, map[*graph.Value]*graph.Value{decode.Inputs[0]: z}, "")
	if err != nil {
		return nil, err
	}
	g.Output("mean", placed[decode.Outputs[0]])
	return g, g.Err()
}

// Features are the features of rows of data: their means and behind them their log-variances, [2*size] a row. The model
// must be stacked.
func (m *M2) Features(ctx context.Context, src data.Source) (data.Source, error) {
	if !m.Stacked() {
		return nil, fmt.Errorf("ssl: features: the model has no M1")
	}
	all := tensor.New(tensor.Float32, src.Len(), 2*m.size)
	err := eachBatch(ctx, src, func(lo int, x *tensor.Tensor) error {
		x, err := m.rows(x)
		if err != nil {
			return err
		}
		return m.run(ctx, "features", []*tensor.Tensor{x}, []*tensor.Tensor{all.Rows(lo, lo+x.Shape()[0])})
	})
	if err != nil {
		return nil, fmt.Errorf("ssl: features: %w", err)
	}
	return data.FromTensor("features by "+m.manifest.Name+" of "+src.Name(), all)
}

// eachBatch calls f with successive minibatches of the rows of src.
func eachBatch(ctx context.Context, src data.Source, f func(lo int, x *tensor.Tensor) error) error {
	const batch = 500
	x := tensor.New(tensor.Float32, append([]int{min(batch, src.Len())}, src.Shape()...)...)
	index := make([]int, batch)
	for lo := 0; lo < src.Len(); lo += batch {
		n := min(batch, src.Len()-lo)
		for i := range n {
			index[i] = lo + i
		}
		part := x.Rows(0, n)
		if err := src.Read(ctx, index[:n], tensor.Data[float32](part)); err != nil {
			return err
		}
		if err := f(lo, part); err != nil {
			return err
		}
	}
	return nil
}
