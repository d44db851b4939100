package models

import (
	"math"

	"github.com/elbo-ml/elbo/graph"
)

const (
	// logisticBin is the width of a bin: 256 of them cover [-0.5, 0.5].
	logisticBin = 1.0 / 256
	// minLogScale bounds the scale from below at a quarter of a bin (Salimans et al., 2017), so that a decoder that is sure and
	// wrong costs a finite number of nats.
	minLogScale = -7
)

// DiscretizedLogisticLogProb is log p(x) of each row when every element is a logistic variable rounded down to a
// multiple of 1/256, in nats: [batch, ...] three times to [batch]. x holds k/256 - 0.5 for a level k of 0..255; the
// lowest bin reaches down to minus infinity and the highest up to infinity, so that the 256 bins sum to 1.
//
//	p(x) = sigmoid((x + 1/256 - mean)/s) - sigmoid((x - mean)/s), s = exp(max(logscale, -7))
//
// Kingma et al., 2016, eq. 27. With b and a the two arguments and d = b - a it is computed without cancellation:
//
//	log p = -softplus(-b) - softplus(a) + log(1 - exp(-d))
func DiscretizedLogisticLogProb(g *graph.Graph, x, mean, logscale *graph.Value) *graph.Value {
	return sumRows(g, discretizedLogisticTerms(g, x, mean, logscale))
}

// discretizedLogisticTerms is DiscretizedLogisticLogProb before the sum over elements.
func discretizedLogisticTerms(g *graph.Graph, x, mean, logscale *graph.Value) *graph.Value {
	logscale = g.Max(logscale, g.Scalar(minLogScale, logscale))
	inverse := g.Exp(g.Neg(logscale))
	d := g.Mul(inverse, g.Scalar(logisticBin, inverse))
	a := g.Mul(g.Sub(x, mean), inverse)
	b := g.Add(a, d)
	below := g.Neg(g.Softplus(g.Neg(b))) // log of the mass below the bin's upper edge
	above := g.Neg(g.Softplus(a))        // log of the mass above its lower edge
	inner := g.Add(g.Add(below, above), log1mExp(g, d, logscale))

	lowest := g.Less(x, g.Scalar(-0.5+logisticBin/2, x))
	highest := g.Greater(x, g.Scalar(0.5-logisticBin*1.5, x))
	return g.Where(lowest, below, g.Where(highest, above, inner))
}

// DiscretizedLogisticSample draws x of u, uniform in [0, 1): the logistic variable rounded down to a multiple of 1/256, and
// from -0.5 to 255/256 - 0.5. All are of one shape.
//
//	x = floor(256 (mean + s log(u / (1 - u)))) / 256
func DiscretizedLogisticSample(g *graph.Graph, mean, logscale, u *graph.Value) *graph.Value {
	logscale = g.Max(logscale, g.Scalar(minLogScale, logscale))
	u = positive(g, u)
	odds := g.Sub(g.Log(u), g.Log(g.Sub(g.Scalar(1, u), u)))
	x := g.Add(mean, g.Mul(g.Exp(logscale), odds))
	x = g.Mul(g.Floor(g.Mul(x, g.Scalar(256, x))), g.Scalar(logisticBin, x))
	return g.Min(g.Max(x, g.Scalar(-0.5, x)), g.Scalar(0.5-logisticBin, x))
}

// log1mExp is log(1 - exp(-d)) for d = exp(-logscale)/256 > 0. Below d = 1 it is
//
//	log d - d/2 + log(sinh(h)/h), h = d/2, log d = -logscale - log 256
//
// whose last term is a short series, since 1 - exp(-d) would lose most of its digits. Each branch sees d on its own
// side only: a gradient of Where multiplies the other by zero, which must not be infinite.
func log1mExp(g *graph.Graph, d, logscale *graph.Value) *graph.Value {
	one := g.Scalar(1, d)
	h2 := g.Square(g.Half(g.Min(d, one)))
	// sinh(h)/h = 1 + h^2/6 (1 + h^2/20 (1 + h^2/42 (1 + h^2/72)))
	series := one
	for _, c := range []float64{72, 42, 20, 6} {
		series = g.Add(one, g.Mul(series, g.Mul(h2, g.Scalar(1/c, d))))
	}
	logD := g.Neg(g.Add(logscale, g.Scalar(math.Log(256), logscale)))
	small := g.Add(g.Sub(logD, g.Half(d)), g.Log(series))
	large := g.Log(g.Sub(one, g.Exp(g.Neg(g.Max(d, one)))))
	return g.Where(g.Less(d, one), small, large)
}
