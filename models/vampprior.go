package models

import (
	"math"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// vampPrior is the variational mixture of posteriors (Tomczak and Welling, 2018, eq. 9) over K pseudo-inputs u_k, which are
// weights and lie in [0,1] as data does:
//
//	p(z) = 1/K sum_k N(z; mean(u_k), exp(logvar(u_k)))
//
// Where a flow follows the encoder's Gaussian, the mixture is of the Gaussians before it.
type vampPrior struct {
	v       *VAE
	encoder *single
	pseudo  *part
}

// components are the means and log-variances of the mixture: [K, latent] each.
func (p *vampPrior) components(g *graph.Graph) (mean, logvar *graph.Value, err error) {
	out, err := p.pseudo.appendTo(g, nil, p.pseudo.out["pseudo"])
	if err != nil {
		return nil, nil, err
	}
	features, err := p.encoder.encode(g, p.v.preprocess(g, asRows(g, out[0], p.v.xRow)))
	if err != nil {
		return nil, nil, err
	}
	return features[0], features[1], nil
}

func (p *vampPrior) logProb(g *graph.Graph, z *graph.Value) (*graph.Value, error) {
	mean, logvar, err := p.components(g)
	if err != nil {
		return nil, err
	}
	// [batch, 1, latent] beside [K, latent].
	distance := g.Mul(g.Square(g.Sub(g.Unsqueeze(z, 1), mean)), g.Exp(g.Neg(logvar)))
	each := g.ReduceSum(normalTerms(g, g.Add(distance, logvar)), false, 2)
	k := g.Cast(g.Size(g.ReduceSum(mean, false, 1)), z.DType)
	return g.Sub(g.ReduceLogSumExp(each, false, 1), g.Log(k)), nil
}

// noise is one number more than there are units: it picks the component.
func (p *vampPrior) noise(latent int) int { return latent + 1 }

// draw takes the component floor(K Phi(e)), where Phi is the normal distribution function and e the last number of the
// noise, and z = mean + exp(logvar/2) eps in it.
func (p *vampPrior) draw(g *graph.Graph, eps *graph.Value) (*graph.Value, error) {
	mean, logvar, err := p.components(g)
	if err != nil {
		return nil, err
	}
	n, _ := eps.Shape[1].Known()
	parts := g.Split(eps, 1, n-1, 1)
	e := g.Squeeze(parts[1], 1)
	uniform := g.Half(g.Add(g.Scalar(1, e), g.Erf(g.Mul(e, g.Scalar(1/math.Sqrt2, e)))))
	k := g.Cast(g.Size(g.ReduceSum(mean, false, 1)), e.DType)
	last := g.Sub(k, g.Scalar(1, k))
	index := g.Cast(g.Min(g.Floor(g.Mul(uniform, k)), last), tensor.Int64)
	return Reparameterize(g, g.Gather(mean, index, 0), g.Gather(logvar, index, 0), parts[0]), nil
}
