package models

import (
	"context"
	"fmt"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/profile"
	"github.com/elbo-ml/elbo/tensor"
)

// kind is one of the programs that a model runs.
type kind int

const (
	// encode: x -> posterior mean, logvar [batch, latent].
	encode kind = iota
	// decode: z -> E[x|z] [batch, row...], in the data's range. An autoregressive decoder has z, x -> x as pixels do, by the
	// middle of their noise.
	decode
	// likelihood: x, z -> log p(x|z) [batch].
	likelihood
	// describe: x -> what infer needs to know of x.
	describe
	// infer: that and eps [batch, latent] -> z [batch, latent], log p(z) - log q(z|x) [batch], the KL of each stochastic layer
	// [batch, layers], and the KL of each unit [batch, latent] where it is known in closed form.
	infer
	// generate: eps [batch, noise] -> E[x|z] [batch, row...] for a draw z from p(z), or z where the decoder is autoregressive.
	generate
	// logPrior: z -> log p(z) [batch].
	logPrior
	// pixels: z, x and noise -> x, of which each pixel is drawn in the light of those before it; of an autoregressive decoder.
	pixels
	kinds
)

// build makes the graph of a program over the model's own weights.
func (v *VAE) build(k kind) (*graph.Graph, error) {
	g := graph.New(v.manifest.Name)
	write := [kinds]func(*graph.Graph) error{v.writeEncode, v.writeDecode, v.writeLikelihood, v.writeDescribe, v.writeInfer, v.writeGenerate, v.writeLogPrior, v.writePixels}[k]
	err := write(g)
	if err == nil {
		err = g.Err()
	}
	return g, err
}

func (v *VAE) writeEncode(g *graph.Graph) error {
	features, err := v.latents.encode(g, v.preprocess(g, v.inputX(g)))
	if err != nil {
		return err
	}
	mean, logvar, err := v.latents.center(g, features)
	if err != nil {
		return err
	}
	g.Output("posterior_mean", mean)
	g.Output("posterior_logvar", logvar)
	return nil
}

func (v *VAE) writeDecode(g *graph.Graph) error {
	z := v.inputZ(g)
	if v.autoregressive() {
		return v.writeDrawn(g, z, v.middle(g))
	}
	return v.writeMean(g, z)
}

func (v *VAE) writeMean(g *graph.Graph, z *graph.Value) error {
	mean, err := v.meanOn(g, z)
	if err == nil {
		g.Output("expectation", mean)
	}
	return err
}

func (v *VAE) writeLikelihood(g *graph.Graph) error {
	x := v.preprocess(g, v.inputX(g))
	logProb, err := v.logProbOn(g, x, v.inputZ(g))
	if err == nil {
		g.Output("log_likelihood", logProb)
	}
	return err
}

func (v *VAE) writeDescribe(g *graph.Graph) error {
	features, err := v.latents.encode(g, v.preprocess(g, v.inputX(g)))
	for i, f := range features {
		g.Output(fmt.Sprintf("feature%d", i+1), f)
	}
	return err
}

func (v *VAE) writeInfer(g *graph.Graph) error {
	d, err := v.build(describe)
	if err != nil {
		return err
	}
	features := make([]*graph.Value, len(d.Outputs))
	for i, f := range d.Outputs {
		features[i] = g.InputOf(f.DType, f.Name, withBatch(f.Shape))
	}
	draw, err := v.latents.infer(g, features, g.Input("eps", "batch", v.manifest.Latent))
	if err != nil {
		return err
	}
	g.Output("z", draw.z)
	g.Output("log_ratio", g.Sub(draw.logp, draw.logq))
	groups := make([]*graph.Value, len(draw.groups))
	for i, kl := range draw.groups {
		groups[i] = g.Unsqueeze(kl, 1)
	}
	g.Output("kl", g.Concat(1, groups...))
	if draw.unitKL != nil {
		g.Output("unit_kl", draw.unitKL)
	}
	return nil
}

func (v *VAE) writeGenerate(g *graph.Graph) error {
	z, err := v.latents.generate(g, g.Input("eps", "batch", v.latents.noise()))
	if err != nil {
		return err
	}
	if v.autoregressive() {
		g.Output("z", z)
		return nil
	}
	return v.writeMean(g, z)
}

func (v *VAE) writeLogPrior(g *graph.Graph) error {
	p, err := v.latents.logPrior(g, v.inputZ(g))
	if err == nil {
		g.Output("log_prior", p)
	}
	return err
}

func (v *VAE) inputZ(g *graph.Graph) *graph.Value { return g.Input("z", "batch", v.manifest.Latent) }

func (v *VAE) inputX(g *graph.Graph) *graph.Value { return g.Input("x", batched(v.xRow)...) }

// preprocess takes data in [0,1] to the x that the encoder reads and the likelihood scores.
func (v *VAE) preprocess(g *graph.Graph, x *graph.Value) *graph.Value {
	if p := v.manifest.Preprocessing; p.Scale != 1 || p.Shift != 0 {
		x = g.Add(g.Mul(x, g.Scalar(p.Scale, x)), g.Scalar(p.Shift, x))
	}
	return x
}

// decode appends the decoder, applied to what it reads of z, and to x where it is autoregressive.
func (v *VAE) decode(g *graph.Graph, x, z *graph.Value, wanted ...*graph.Value) ([]*graph.Value, error) {
	state, err := v.latents.state(g, z)
	if err != nil {
		return nil, err
	}
	in := feeds{"z": asRows(g, state, v.zRow)}
	if v.autoregressive() {
		in["x"] = asRows(g, x, v.pastRow)
	}
	return v.decoder.appendTo(g, in, wanted...)
}

// logProbOn appends the decoder, applied to z, and log p(x|z) of each row.
func (v *VAE) logProbOn(g *graph.Graph, x, z *graph.Value) (*graph.Value, error) {
	params, err := v.paramsOn(g, x, z)
	if err != nil {
		return nil, err
	}
	x = asRows(g, x, []int{rowSize(v.manifest.Shape)})
	if v.prob != nil {
		return BernoulliProbLogProb(g, x, params[0]), nil
	}
	return likelihoods[v.manifest.Likelihood].logProb(g, x, params), nil
}

// paramsOn appends the decoder, applied to z and perhaps x, and gives the parameters of p(x|z), [batch, size] each or [batch, K, size] of a
// mixture; or the probabilities, where the decoder has them alone.
func (v *VAE) paramsOn(g *graph.Graph, x, z *graph.Value) ([]*graph.Value, error) {
	params := v.params
	if v.prob != nil {
		params = []*graph.Value{v.prob}
	}
	out, err := v.decode(g, x, z, params...)
	if err != nil {
		return nil, err
	}
	row := []int{rowSize(v.manifest.Shape)}
	if likelihoods[v.manifest.Likelihood].mixed {
		if row, err = components(out[0], row[0]); err != nil {
			return nil, err
		}
	}
	for i, p := range out {
		if len(p.Shape) < 2 || !p.Shape[1:].Size().Is(rowSize(row)) {
			return nil, fmt.Errorf("the decoder's output %s %v does not hold rows of shape %v: encoder and decoder are not a pair", params[i].Name, p.Shape, tensor.Shape(v.manifest.Shape))
		}
		out[i] = asRows(g, p, row)
	}
	return out, nil
}

// components is the shape [K, size] of a row of a mixture's parameter p, for rows of x of the given size.
func components(p *graph.Value, size int) ([]int, error) {
	if len(p.Shape) >= 2 {
		if n, known := p.Shape[1:].Size().Known(); known && n > 0 && n%size == 0 {
			return []int{n / size, size}, nil
		}
	}
	return nil, fmt.Errorf("the decoder's output %s %v does not hold a whole number of components for each of %d elements", p.Name, p.Shape, size)
}

// meanOn appends the decoder, applied to z, and E[x|z] in the data's range; of a decoder that is not autoregressive.
func (v *VAE) meanOn(g *graph.Graph, z *graph.Value) (*graph.Value, error) {
	from := v.decoder.out["mean"]
	if from == nil {
		from = v.params[0] // logits
	}
	out, err := v.decode(g, nil, z, from)
	if err != nil {
		return nil, err
	}
	mean := out[0]
	if v.decoder.out["mean"] == nil {
		mean = g.Sigmoid(mean)
	}
	return asRows(g, v.postprocess(g, mean), v.manifest.Shape), nil
}

// postprocess undoes preprocess.
func (v *VAE) postprocess(g *graph.Graph, x *graph.Value) *graph.Value {
	if p := v.manifest.Preprocessing; p.Scale != 1 || p.Shift != 0 {
		x = g.Mul(g.Sub(x, g.Scalar(p.Shift, x)), g.Scalar(1/p.Scale, x))
		x = g.Min(g.Max(x, g.Scalar(0, x)), g.Scalar(1, x))
	}
	return x
}

var compileWork = profile.Work{Name: "compile", Family: "compile", Category: "models"}

// program compiles on first use. The caller holds the model's read lock.
func (v *VAE) program(ctx context.Context, k kind) (runtime.Program, error) {
	v.compile.Lock()
	defer v.compile.Unlock()
	if v.programs[k] != nil {
		return v.programs[k], nil
	}
	defer profile.From(ctx).Begin(profile.Main, &compileWork).End()
	g, err := v.build(k)
	if err != nil {
		return nil, err
	}
	v.programs[k], err = v.engine.Compile(g, v.settings.run)
	return v.programs[k], err
}

// run runs a program once, on tensors that fit it.
func (v *VAE) run(ctx context.Context, k kind, in, out []*tensor.Tensor) error {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if v.closed {
		return ErrClosed
	}
	p, err := v.program(ctx, k)
	if err != nil {
		return err
	}
	return p.Run(ctx, in, out)
}
