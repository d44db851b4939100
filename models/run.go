package models

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
)

// batchRows is the number of rows of one run: enough to fill the cores, few enough that activations stay small.
func (v *VAE) batchRows() int { return min(256, max(1, 1<<22/rowSize(v.xRow))) }

// eachBatch calls f with the bounds of successive minibatches of n rows.
func (v *VAE) eachBatch(ctx context.Context, n int, f func(lo, hi int) error) error {
	size := v.batchRows()
	for lo := 0; lo < n; lo += size {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := f(lo, min(n, lo+size)); err != nil {
			return err
		}
	}
	return nil
}

// Encode computes q(z|x) of each row of x: [n, row...], numbers in [0,1].
func (v *VAE) Encode(ctx context.Context, x *tensor.Tensor) (*Posterior, error) {
	x, err := v.images(x)
	if err != nil {
		return nil, err
	}
	q := v.newPosterior(x.Shape()[0])
	err = v.eachBatch(ctx, x.Shape()[0], func(lo, hi int) error { return v.encodeInto(ctx, x.Rows(lo, hi), q.rows(lo, hi)) })
	if err != nil {
		return nil, fmt.Errorf("models: encode: %w", err)
	}
	return q, nil
}

func (v *VAE) newPosterior(n int) *Posterior {
	return &Posterior{tensor.New(tensor.Float32, n, v.manifest.Latent), tensor.New(tensor.Float32, n, v.manifest.Latent)}
}

func (q *Posterior) rows(lo, hi int) *Posterior {
	return &Posterior{q.Mean.Rows(lo, hi), q.LogVar.Rows(lo, hi)}
}

func (v *VAE) encodeInto(ctx context.Context, x *tensor.Tensor, q *Posterior) error {
	return v.run(ctx, encode, []*tensor.Tensor{x}, []*tensor.Tensor{q.Mean, q.LogVar})
}

// Decode computes E[x|z] of each row of z: [n, latent] to [n, row...]. An autoregressive decoder has no such mean in closed
// form: pixel by pixel it gives what is most likely after those before, or the median of what is not one of two.
func (v *VAE) Decode(ctx context.Context, z *tensor.Tensor) (*tensor.Tensor, error) {
	z, err := v.checkLatents(z)
	if err != nil {
		return nil, err
	}
	x := v.newRows(z.Shape()[0])
	err = v.eachBatch(ctx, z.Shape()[0], func(lo, hi int) error {
		if v.autoregressive() {
			return v.unroll(ctx, decode, z.Rows(lo, hi), nil, x.Rows(lo, hi))
		}
		return v.run(ctx, decode, []*tensor.Tensor{z.Rows(lo, hi)}, []*tensor.Tensor{x.Rows(lo, hi)})
	})
	if err != nil {
		return nil, fmt.Errorf("models: decode: %w", err)
	}
	return x, nil
}

func (v *VAE) newRows(n int) *tensor.Tensor {
	return tensor.New(tensor.Float32, append([]int{n}, v.manifest.Shape...)...)
}

// Sample draws n rows: z from the prior, and E[x|z] of it, or, where the decoder is autoregressive, x from p(x|z). Row i of
// seed s is always the same, at any n and on either engine: under a standard prior z is
// runtime.Noise{Seed: s}.Normal(FirstRow+i).
func (v *VAE) Sample(ctx context.Context, n int, opts ...SampleOption) (*tensor.Tensor, error) {
	width := v.latents.noise()
	if size := max(rowSize(v.manifest.Shape), width); n < 1 || n > math.MaxInt32/size {
		return nil, fmt.Errorf("models: sample: n is %d; it must be from 1 to %d: %w", n, math.MaxInt32/size, ErrInput)
	}
	o := gatherSampling(opts)
	eps := tensor.New(tensor.Float32, n, width)
	draw(eps, runtime.Noise{Seed: o.seed, Stream: streamPrior}, o.firstRow, 1)
	for i := range n {
		row := tensor.Data[float32](eps.Rows(i, i+1))[:v.manifest.Latent] // what is behind picks a component of the prior
		for j := range row {
			row[j] *= o.temperature
		}
	}
	x := v.newRows(n)
	err := v.eachBatch(ctx, n, func(lo, hi int) error {
		if v.autoregressive() {
			return v.sampleByPixel(ctx, eps.Rows(lo, hi), x.Rows(lo, hi), o.seed, o.firstRow+uint64(lo))
		}
		return v.run(ctx, generate, []*tensor.Tensor{eps.Rows(lo, hi)}, []*tensor.Tensor{x.Rows(lo, hi)})
	})
	if err != nil {
		return nil, fmt.Errorf("models: sample: %w", err)
	}
	return x, nil
}

// draw fills row i of eps with the noise of firstRow+i, scaled.
func draw(eps *tensor.Tensor, noise runtime.Noise, firstRow uint64, scale float32) {
	for i := range eps.Shape()[0] {
		row := tensor.Data[float32](eps.Rows(i, i+1))
		noise.Normal(firstRow+uint64(i), row)
		for j := range row {
			row[j] *= scale
		}
	}
}

// Reconstruct decodes the posterior mean of each row of x, or, with Seed, a draw from the posterior: [n, row...].
func (v *VAE) Reconstruct(ctx context.Context, x *tensor.Tensor, opts ...SampleOption) (*tensor.Tensor, error) {
	o := gatherSampling(opts)
	if !o.seeded {
		q, err := v.Encode(ctx, x)
		if err != nil {
			return nil, err
		}
		return v.Decode(ctx, q.Mean)
	}
	z, err := v.SamplePosterior(ctx, x, opts...)
	if err != nil {
		return nil, err
	}
	return v.Decode(ctx, z)
}

// SamplePosterior draws from q(z|x) for each row of x: [n, row...] to [n, latent].
func (v *VAE) SamplePosterior(ctx context.Context, x *tensor.Tensor, opts ...SampleOption) (*tensor.Tensor, error) {
	x, err := v.images(x)
	if err != nil {
		return nil, err
	}
	o := gatherSampling(opts)
	z := tensor.New(tensor.Float32, x.Shape()[0], v.manifest.Latent)
	err = v.eachBatch(ctx, x.Shape()[0], func(lo, hi int) error {
		q, err := v.describe(ctx, x.Rows(lo, hi))
		if err != nil {
			return err
		}
		draw(q.eps, runtime.Noise{Seed: o.seed, Stream: streamPosterior}, o.firstRow+uint64(lo), o.temperature)
		err = v.infer(ctx, q)
		copy(tensor.Data[float32](z.Rows(lo, hi)), tensor.Data[float32](q.z))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("models: sample the posterior: %w", err)
	}
	return z, nil
}

// draws is q(z|x) of a minibatch and a draw from it.
type draws struct {
	features []*tensor.Tensor
	eps      *tensor.Tensor
	// logRatio is log p(z) - log q(z|x), and unitKL nil where a unit's KL has no closed form.
	z, logRatio, kl, unitKL *tensor.Tensor
}

// describe computes what a draw from q(z|x) needs to know of x [n, row...].
func (v *VAE) describe(ctx context.Context, x *tensor.Tensor) (*draws, error) {
	n, latent := x.Shape()[0], v.manifest.Latent
	q := &draws{features: make([]*tensor.Tensor, v.shape.features), eps: tensor.New(tensor.Float32, n, latent),
		z: tensor.New(tensor.Float32, n, latent), logRatio: tensor.New(tensor.Float32, n), kl: tensor.New(tensor.Float32, n, v.shape.layers)}
	if v.shape.unitKL {
		q.unitKL = tensor.New(tensor.Float32, n, latent)
	}
	return q, v.run(ctx, describe, []*tensor.Tensor{x}, q.features)
}

// infer makes the draw of the noise q.eps.
func (v *VAE) infer(ctx context.Context, q *draws) error {
	out := []*tensor.Tensor{q.z, q.logRatio, q.kl}
	if q.unitKL != nil {
		out = append(out, q.unitKL)
	}
	return v.run(ctx, infer, append(slices.Clone(q.features), q.eps), out)
}
