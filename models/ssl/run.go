package ssl

import (
	"context"
	"fmt"
	"math"

	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
)

// Classify is q(y|x) of each row: [n, classes]. An M1+M2 takes the means of the features.
func (m *M2) Classify(ctx context.Context, x *tensor.Tensor) (*tensor.Tensor, error) {
	x, err := m.rows(x)
	if err != nil {
		return nil, fmt.Errorf("ssl: classify: %w", err)
	}
	q := tensor.New(tensor.Float32, x.Shape()[0], m.classes)
	if err := m.run(ctx, "classify", []*tensor.Tensor{x}, []*tensor.Tensor{q}); err != nil {
		return nil, fmt.Errorf("ssl: classify: %w", err)
	}
	for i, v := range tensor.Data[float32](q) {
		tensor.Data[float32](q)[i] = float32(math.Exp(float64(v)))
	}
	return q, nil
}

// Posterior estimates p(y|x) of each row by Bayes' rule, [n, classes]: p(x|y) by importance sampling with k draws from
// q(z|x,y) for each class, p(y) uniform. Row i draws its noise from (seed, firstRow+i).
func (m *M2) Posterior(ctx context.Context, x *tensor.Tensor, k int, seed, firstRow uint64) (*tensor.Tensor, error) {
	if k < 1 {
		return nil, fmt.Errorf("ssl: posterior: %d draws, want at least 1: %w", k, models.ErrInput)
	}
	x, err := m.rows(x)
	if err != nil {
		return nil, fmt.Errorf("ssl: posterior: %w", err)
	}
	n := x.Shape()[0]
	eps := tensor.New(tensor.Float32, n, m.classes*m.manifest.Latent)
	weights := tensor.New(tensor.Float32, n, m.classes)
	sums := make([]float64, n*m.classes) // log sum exp so far
	for i := range sums {
		sums[i] = math.Inf(-1)
	}
	for draw := range k {
		noise := runtime.Noise{Seed: seed, Stream: uint64(draw)}
		for i := range n {
			noise.Normal(firstRow+uint64(i), tensor.Data[float32](eps.Rows(i, i+1)))
		}
		if err := m.run(ctx, "weigh", []*tensor.Tensor{x, eps}, []*tensor.Tensor{weights}); err != nil {
			return nil, fmt.Errorf("ssl: posterior: %w", err)
		}
		for i, w := range tensor.Data[float32](weights) {
			sums[i] = logAddExp(sums[i], float64(w))
		}
	}
	for i := range n {
		row := sums[i*m.classes : (i+1)*m.classes]
		total := math.Inf(-1)
		for _, w := range row {
			total = logAddExp(total, w)
		}
		for j, w := range row {
			tensor.Data[float32](weights)[i*m.classes+j] = float32(math.Exp(w - total))
		}
	}
	return weights, nil
}

func logAddExp(a, b float64) float64 {
	if a < b {
		a, b = b, a
	}
	if math.IsInf(b, -1) {
		return a
	}
	return a + math.Log1p(math.Exp(b-a))
}

// Encode is q(z|x,y) of each row for the class given.
func (m *M2) Encode(ctx context.Context, x *tensor.Tensor, y []int) (*models.Posterior, error) {
	x, err := m.rows(x)
	if err != nil {
		return nil, fmt.Errorf("ssl: encode: %w", err)
	}
	n, latent := x.Shape()[0], m.manifest.Latent
	classes, err := m.oneHot(y, n)
	if err != nil {
		return nil, fmt.Errorf("ssl: encode: %w", err)
	}
	both := tensor.New(tensor.Float32, n, 2*latent)
	if err := m.run(ctx, "encode", []*tensor.Tensor{x, classes}, []*tensor.Tensor{both}); err != nil {
		return nil, fmt.Errorf("ssl: encode: %w", err)
	}
	q := &models.Posterior{Mean: tensor.New(tensor.Float32, n, latent), LogVar: tensor.New(tensor.Float32, n, latent)}
	for i := range n {
		row := tensor.Data[float32](both)[2*i*latent:]
		copy(tensor.Data[float32](q.Mean)[i*latent:(i+1)*latent], row)
		copy(tensor.Data[float32](q.LogVar)[i*latent:(i+1)*latent], row[latent:])
	}
	return q, nil
}

// Generate is E[x|y,z] of each row of z [n, latent] for the class given: [n, row...].
func (m *M2) Generate(ctx context.Context, z *tensor.Tensor, y []int) (*tensor.Tensor, error) {
	z, err := checkRows("z", z, tensor.Shape{m.manifest.Latent})
	if err != nil {
		return nil, fmt.Errorf("ssl: generate: %w", err)
	}
	classes, err := m.oneHot(y, z.Shape()[0])
	if err != nil {
		return nil, fmt.Errorf("ssl: generate: %w", err)
	}
	row := m.manifest.Shape
	if !m.Stacked() {
		row = []int{m.size}
	}
	x := tensor.New(tensor.Float32, append([]int{z.Shape()[0]}, row...)...)
	if err := m.run(ctx, "decode", []*tensor.Tensor{z, classes}, []*tensor.Tensor{x}); err != nil {
		return nil, fmt.Errorf("ssl: generate: %w", err)
	}
	return x.Reshape(append([]int{z.Shape()[0]}, m.manifest.Shape...)...)
}

// Analogies takes the style of each row, the mean of q(z|x,y) for the class that q(y|x) holds most likely, and gives it every
// class: [n*classes, row...], the classes of a row one after the other (Kingma et al., 2014, figure 1).
func (m *M2) Analogies(ctx context.Context, x *tensor.Tensor) (*tensor.Tensor, error) {
	probabilities, err := m.Classify(ctx, x)
	if err != nil {
		return nil, err
	}
	q, err := m.Encode(ctx, x, Predictions(probabilities))
	if err != nil {
		return nil, err
	}
	n, latent := x.Shape()[0], m.manifest.Latent
	z, y := tensor.New(tensor.Float32, n*m.classes, latent), make([]int, n*m.classes)
	for i := range y {
		y[i] = i % m.classes
		of := i / m.classes
		copy(tensor.Data[float32](z)[i*latent:(i+1)*latent], tensor.Data[float32](q.Mean)[of*latent:(of+1)*latent])
	}
	return m.Generate(ctx, z, y)
}
