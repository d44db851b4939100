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
	// encode: x -> mean, logvar [batch, latent].
	encode kind = iota
	// decode: z -> E[x|z] [batch, row...], in the data's range.
	decode
	// likelihood: x, z -> log p(x|z) [batch].
	likelihood
	kinds
)

// build makes the graph of a program over the model's own weights.
func (v *VAE) build(k kind) (*graph.Graph, error) {
	g := graph.New(v.manifest.Name)
	var err error
	switch k {
	case encode:
		var mean, logvar *graph.Value
		if mean, logvar, err = v.encodeOn(g, v.preprocess(g, v.inputX(g))); err == nil {
			g.Output("posterior_mean", mean)
			g.Output("posterior_logvar", logvar)
		}
	case decode:
		var mean *graph.Value
		if mean, err = v.meanOn(g, g.Input("z", "batch", v.manifest.Latent)); err == nil {
			g.Output("expectation", mean)
		}
	case likelihood:
		x := v.preprocess(g, v.inputX(g))
		var logProb *graph.Value
		if logProb, err = v.logProbOn(g, x, g.Input("z", "batch", v.manifest.Latent)); err == nil {
			g.Output("log_likelihood", logProb)
		}
	}
	if err == nil {
		err = g.Err()
	}
	return g, err
}

func (v *VAE) inputX(g *graph.Graph) *graph.Value { return g.Input("x", batched(v.xRow)...) }

// preprocess takes data in [0,1] to the x that the encoder reads and the likelihood scores.
func (v *VAE) preprocess(g *graph.Graph, x *graph.Value) *graph.Value {
	if p := v.manifest.Preprocessing; p.Scale != 1 || p.Shift != 0 {
		x = g.Add(g.Mul(x, g.Scalar(p.Scale, x)), g.Scalar(p.Shift, x))
	}
	return x
}

// encodeOn appends the encoder, applied to x: mean and logvar [batch, latent].
func (v *VAE) encodeOn(g *graph.Graph, x *graph.Value) (mean, logvar *graph.Value, err error) {
	spread, isStd := v.encoder.out["logvar"], false
	if spread == nil {
		spread, isStd = v.encoder.out["std"], true
	}
	out, err := v.encoder.appendTo(g, x, v.encoder.out["mean"], spread)
	if err != nil {
		return nil, nil, err
	}
	mean, logvar = out[0], out[1]
	if isStd {
		logvar = g.Mul(g.Log(logvar), g.Scalar(2, logvar))
	}
	for i, name := range []string{v.encoder.out["mean"].Name, spread.Name} {
		if !sizedRow(out[i].Shape, v.manifest.Latent) {
			return nil, nil, fmt.Errorf("the encoder's output %s %v does not hold the %d latent units that the decoder takes: they are not a pair", name, out[i].Shape, v.manifest.Latent)
		}
	}
	latent := []int{v.manifest.Latent}
	return asRows(g, mean, latent), asRows(g, logvar, latent), nil
}

// logProbOn appends the decoder, applied to z, and log p(x|z) of each row.
func (v *VAE) logProbOn(g *graph.Graph, x, z *graph.Value) (*graph.Value, error) {
	params, score := v.params, likelihoods[v.manifest.Likelihood].logProb
	if v.prob != nil {
		params = []*graph.Value{v.prob}
		score = func(g *graph.Graph, x *graph.Value, p []*graph.Value) *graph.Value {
			return BernoulliProbLogProb(g, x, p[0])
		}
	}
	out, err := v.decoder.appendTo(g, asRows(g, z, v.zRow), params...)
	if err != nil {
		return nil, err
	}
	size := rowSize(v.manifest.Shape)
	x = asRows(g, x, []int{size})
	for i, p := range out {
		if len(p.Shape) < 2 || !p.Shape[1:].Size().Is(size) {
			return nil, fmt.Errorf("the decoder's output %s %v does not hold rows of shape %v: encoder and decoder are not a pair", params[i].Name, p.Shape, tensor.Shape(v.manifest.Shape))
		}
		out[i] = asRows(g, p, []int{size})
	}
	return score(g, x, out), nil
}

// meanOn appends the decoder, applied to z, and E[x|z] in the data's range.
func (v *VAE) meanOn(g *graph.Graph, z *graph.Value) (*graph.Value, error) {
	from := v.decoder.out["mean"]
	if from == nil {
		from = v.params[0] // logits
	}
	out, err := v.decoder.appendTo(g, asRows(g, z, v.zRow), from)
	if err != nil {
		return nil, err
	}
	mean := out[0]
	if v.decoder.out["mean"] == nil {
		mean = g.Sigmoid(mean)
	}
	if p := v.manifest.Preprocessing; p.Scale != 1 || p.Shift != 0 {
		mean = g.Mul(g.Sub(mean, g.Scalar(p.Shift, mean)), g.Scalar(1/p.Scale, mean))
		mean = g.Min(g.Max(mean, g.Scalar(0, mean)), g.Scalar(1, mean))
	}
	return asRows(g, mean, v.manifest.Shape), nil
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
