package models

import (
	"context"
	"fmt"
	"math"

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

// Decode computes E[x|z] of each row of z: [n, latent] to [n, row...].
func (v *VAE) Decode(ctx context.Context, z *tensor.Tensor) (*tensor.Tensor, error) {
	z, err := v.latents(z)
	if err != nil {
		return nil, err
	}
	x := v.newRows(z.Shape()[0])
	err = v.eachBatch(ctx, z.Shape()[0], func(lo, hi int) error {
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

// Sample draws n rows: z from the prior, and E[x|z] of it. Row i of seed s is always the same, at any n and on either
// engine: z is runtime.Noise{Seed: s}.Normal(FirstRow+i).
func (v *VAE) Sample(ctx context.Context, n int, opts ...SampleOption) (*tensor.Tensor, error) {
	if size := max(rowSize(v.manifest.Shape), v.manifest.Latent); n < 1 || n > math.MaxInt32/size {
		return nil, fmt.Errorf("models: sample: n is %d; it must be from 1 to %d: %w", n, math.MaxInt32/size, ErrInput)
	}
	o := gatherSampling(opts)
	z := tensor.New(tensor.Float32, n, v.manifest.Latent)
	noise := runtime.Noise{Seed: o.seed, Stream: streamPrior}
	for i := range n {
		row := tensor.Data[float32](z.Rows(i, i+1))
		noise.Normal(o.firstRow+uint64(i), row)
		for j := range row {
			row[j] *= o.temperature
		}
	}
	return v.Decode(ctx, z)
}

// Reconstruct decodes the posterior mean of each row of x, or, with Seed, a draw from the posterior: [n, row...].
func (v *VAE) Reconstruct(ctx context.Context, x *tensor.Tensor, opts ...SampleOption) (*tensor.Tensor, error) {
	q, err := v.Encode(ctx, x)
	if err != nil {
		return nil, err
	}
	if o := gatherSampling(opts); o.seeded {
		q.draw(q.Mean, o.seed, 0, o.firstRow, o.temperature)
	}
	return v.Decode(ctx, q.Mean)
}

// draw sets z to the k-th draw from q: mean + exp(logvar/2) * eps, row i with the noise of firstRow+i. z may be q.Mean.
func (q *Posterior) draw(z *tensor.Tensor, seed uint64, k int, firstRow uint64, temperature float32) {
	latent := z.Shape()[1]
	mean, logvar, out := tensor.Data[float32](q.Mean), tensor.Data[float32](q.LogVar), tensor.Data[float32](z)
	eps := make([]float32, latent)
	noise := runtime.Noise{Seed: seed, Stream: streamPosterior + uint64(k)}
	for i := range z.Shape()[0] {
		noise.Normal(firstRow+uint64(i), eps)
		for j, e := range eps {
			at := i*latent + j
			out[at] = mean[at] + float32(math.Exp(float64(logvar[at])/2))*e*temperature
		}
	}
}
