package models

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/models/flow"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
)

// A decoder that takes x besides z is autoregressive: its parameters of pixel i depend on z and on the pixels before i, so
// that log p(x|z) = sum_i log p(x_i|x_1..x_{i-1}, z) is exact and one pass, while a draw of x is many.

// autoregressive reports whether the decoder reads x.
func (v *VAE) autoregressive() bool { return v.decoder.in["x"] != nil }

// autoregress makes the decoder autoregressive: it gets an input x, and a MADE of x with the context z adds to each of the
// parameters, which the decoder has of z.
func (c Config) autoregress(g *graph.Graph, z *graph.Value, params []*graph.Value) {
	x := g.Reshape(g.Input("x", batched(c.Shape)...), g.Int64s(-1, rowSize(c.Shape)))
	copies := c.copies()
	names := make([]string, copies*len(params))
	for i := range names {
		names[i] = fmt.Sprintf("out%d", i+1)
	}
	out := flow.MADE{Hidden: c.Autoregressive, Layers: c.Layers}.Predict(g, "made", x, z, names...)
	for i, p := range params {
		row, _ := p.Shape[1:].Known()
		past := g.Concat(1, out[i*copies:(i+1)*copies]...)
		params[i] = g.Add(p, g.Reshape(past, g.Int64s(append([]int{-1}, row...)...)))
	}
}

// checkAutoregressive bounds the MADE's parameters, as checkSize those of a body.
func (c Config) checkAutoregressive(row float64) error {
	if len(c.Autoregressive) == 0 {
		return nil
	}
	if row < 2 {
		return fmt.Errorf("rows of shape %v hold one number, which has none before it to depend on", c.Shape)
	}
	total, in := 0.0, row
	for _, units := range append(slices.Clone(c.Autoregressive), int(row)*len(likelihoods[c.Likelihood].params)*c.copies()) {
		total += in * float64(units)
		in = float64(units)
	}
	if total > maxParameters {
		return fmt.Errorf("an autoregressive decoder of %.3g parameters is more than the %d that fit an ONNX file; use fewer units", total, maxParameters)
	}
	return nil
}

// checkOrder holds a decoder that came from elsewhere to the order of a row: the parameters of an element may depend on what
// is before it alone, or log p(x|z) would be of no distribution. It changes x from some elements on, and looks.
func (v *VAE) checkOrder() error {
	if !v.autoregressive() {
		return nil
	}
	g := graph.New("order")
	params, err := v.paramsOn(g, v.inputX(g), v.inputZ(g))
	if err != nil {
		return err
	}
	for i, p := range params {
		g.Output(fmt.Sprintf("param%d", i+1), p)
	}
	size := rowSize(v.xRow)
	changed := []int{0, size / 2, size - 1} // from where on, in each row but the first
	z := tensor.New(tensor.Float32, len(changed)+1, v.manifest.Latent)
	x := tensor.New(tensor.Float32, append([]int{len(changed) + 1}, v.xRow...)...)
	for row := range len(changed) + 1 {
		to := tensor.Data[float32](x.Rows(row, row+1))
		runtime.Noise{Stream: streamPixels}.Uniform(0, to)
		if row > 0 {
			other := make([]float32, size)
			runtime.Noise{Stream: streamPixels}.Uniform(uint64(row), other)
			copy(to[changed[row-1]:], other[changed[row-1]:])
		}
	}
	out, err := runOnce(context.Background(), v.engine, g, v.settings.run, []*tensor.Tensor{x, z})
	if err != nil {
		return fmt.Errorf("the decoder's order: %w", err)
	}
	for _, p := range out {
		values := p.Floats()
		row := len(values) / (len(changed) + 1)
		for i, from := range changed {
			for j := range row {
				at, was := values[(i+1)*row+j], values[j]
				if j%size <= from && !(math.Abs(at-was) <= 1e-4*max(1, math.Abs(was))) {
					return fmt.Errorf("the decoder's parameters of element %d of x depend on elements from %d on: it is not autoregressive in the order of a row", j%size, from)
				}
			}
		}
	}
	return nil
}

// writePixels is the program pixels.
func (v *VAE) writePixels(g *graph.Graph) error {
	n := 0
	return v.writeDrawn(g, v.inputZ(g), func(like *graph.Value) *graph.Value {
		n++
		return g.InputOf(like.DType, fmt.Sprintf("noise%d", n), withBatch(like.Shape))
	})
}

// middle is the noise in the middle of what it may be.
func (v *VAE) middle(g *graph.Graph) noises {
	at := 0.5
	if likelihoods[v.manifest.Likelihood].normal {
		at = 0
	}
	return func(like *graph.Value) *graph.Value { return g.Scalar(at, like) }
}

// writeDrawn is a pass over all pixels: x [batch, row...] to x, of which pixel i is drawn from p(x_i|x_1..x_{i-1}, z).
func (v *VAE) writeDrawn(g *graph.Graph, z *graph.Value, noise noises) error {
	x, err := v.drawOn(g, v.preprocess(g, v.inputX(g)), z, noise)
	if err != nil {
		return err
	}
	g.Output("pixels", v.postprocess(g, x))
	return nil
}

// unroll draws x [n, row...] of z [n, latent] by a program that draws each pixel of those before it, which it takes as z, x
// and the noise. After pass i the first i pixels are right, whatever x was at first; and where a pass leaves x as it is, all
// are (Song et al., 2021), often long before there was a pass for each pixel.
func (v *VAE) unroll(ctx context.Context, k kind, z *tensor.Tensor, noise []*tensor.Tensor, x *tensor.Tensor) error {
	row := append([]int{z.Shape()[0]}, v.xRow...)
	now, next := tensor.New(tensor.Float32, row...), tensor.New(tensor.Float32, row...)
	for range rowSize(v.xRow) {
		if err := v.run(ctx, k, append([]*tensor.Tensor{z, now}, noise...), []*tensor.Tensor{next}); err != nil {
			return err
		}
		if now, next = next, now; slices.Equal(tensor.Data[float32](now), tensor.Data[float32](next)) {
			break
		}
	}
	for i, p := range tensor.Data[float32](now) {
		tensor.Data[float32](x)[i] = min(max(p, 0), 1) // where data lies; a Gaussian's draws may not
	}
	return nil
}

// sampleByPixel draws z from the prior by eps [n, noise], and x [n, row...] from p(x|z) by the noise of the rows from first on.
func (v *VAE) sampleByPixel(ctx context.Context, eps, x *tensor.Tensor, seed, first uint64) error {
	n := eps.Shape()[0]
	z := tensor.New(tensor.Float32, n, v.manifest.Latent)
	if err := v.run(ctx, generate, []*tensor.Tensor{eps}, []*tensor.Tensor{z}); err != nil {
		return err
	}
	noise := make([]*tensor.Tensor, len(v.pixelNoise))
	for k, row := range v.pixelNoise {
		noise[k] = tensor.New(tensor.Float32, append([]int{n}, row...)...)
		from := runtime.Noise{Seed: seed, Stream: streamPixels + uint64(k)}
		fill := from.Uniform
		if likelihoods[v.manifest.Likelihood].normal {
			fill = from.Normal
		}
		for i := range n {
			fill(first+uint64(i), tensor.Data[float32](noise[k].Rows(i, i+1)))
		}
	}
	return v.unroll(ctx, pixels, z, noise, x)
}
