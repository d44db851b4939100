package ssl

import (
	"fmt"
	"math"

	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/tensor"
)

// reference computes an M2's objective by the formulas of the paper, one datapoint and one class at a time, in float64.
type reference struct {
	Config
	weights map[string][]float64 // "encoder/fc1.x.weight"
}

func newReference(m *M2, c Config) reference {
	r := reference{c.withDefaults(), map[string][]float64{}}
	for part, g := range m.graphs {
		for _, w := range g.Weights {
			r.weights[part+"/"+w.Name] = w.Data.Floats()
		}
	}
	return r
}

func softplus(v float64) float64 { return math.Max(v, 0) + math.Log1p(math.Exp(-math.Abs(v))) }

// layer is the sum of x W over the inputs, and the bias.
func (r reference) layer(name string, suffixes []string, inputs ...[]float64) []float64 {
	out := append([]float64{}, r.weights[name+".bias"]...)
	for k, x := range inputs {
		w := r.weights[name+suffixes[k]+".weight"]
		for j := range out {
			for i, v := range x {
				out[j] += v * w[i*len(out)+j]
			}
		}
	}
	return out
}

func (r reference) hidden(part string, letters []string, inputs ...[]float64) []float64 {
	var h []float64
	for i := range r.Hidden {
		suffixes := letters
		if i > 0 || len(inputs) == 1 {
			suffixes = []string{""}
		}
		if i > 0 {
			inputs = [][]float64{h}
		}
		h = r.layer(fmt.Sprintf("%s/fc%d", part, i+1), suffixes, inputs...)
		for j := range h {
			h[j] = softplus(h[j])
		}
	}
	return h
}

// classify is log q(y|x).
func (r reference) classify(x []float64) []float64 {
	logits := r.layer("classifier/logits", []string{""}, r.hidden("classifier", nil, x))
	sum := 0.0
	for _, l := range logits {
		sum += math.Exp(l)
	}
	for i := range logits {
		logits[i] -= math.Log(sum)
	}
	return logits
}

// joint are log p(x|y,z) and KL(q(z|x,y) || p(z)) for a draw by eps, and log p(z) - log q(z|x,y).
func (r reference) joint(x []float64, class int, eps []float64) (reconstruction, kl, ratio float64) {
	y := make([]float64, r.Classes)
	y[class] = 1
	h := r.hidden("encoder", []string{".x", ".y"}, x, y)
	mean, logvar := r.layer("encoder/mean", []string{""}, h), r.layer("encoder/logvar", []string{""}, h)
	z := make([]float64, len(mean))
	for j := range z {
		z[j] = mean[j] + math.Exp(logvar[j]/2)*eps[j]
		kl += (mean[j]*mean[j] + math.Exp(logvar[j]) - 1 - logvar[j]) / 2
		ratio += (logvar[j] + eps[j]*eps[j] - z[j]*z[j]) / 2
	}
	h = r.hidden("decoder", []string{".z", ".y"}, z, y)
	if r.Likelihood == models.Bernoulli {
		for j, l := range r.layer("decoder/logits", []string{""}, h) {
			reconstruction += x[j]*l - softplus(l)
		}
		return reconstruction, kl, ratio
	}
	mu, lv := r.layer("decoder/mean", []string{""}, h), r.layer("decoder/logvar", []string{""}, h)
	for j := range x {
		if !r.Features {
			mu[j] = 1 / (1 + math.Exp(-mu[j]))
		}
		reconstruction -= (math.Log(2*math.Pi) + lv[j] + (x[j]-mu[j])*(x[j]-mu[j])*math.Exp(-lv[j])) / 2
	}
	return reconstruction, kl, ratio
}

// datapoint is a row with its noise: eps for its class, or for each of them in turn; epsX where rows are distributions.
type datapoint struct {
	row, eps, epsX []float64
	class          int
}

func (r reference) x(d datapoint) []float64 {
	if d.epsX == nil {
		return d.row
	}
	x := make([]float64, len(d.epsX))
	for j := range x {
		x[j] = d.row[j] + math.Exp(d.row[len(x)+j]/2)*d.epsX[j]
	}
	return x
}

// loss is the objective per datapoint of nl labelled and nu unlabelled ones, estimated by minibatches.
func (r reference) loss(labelled, unlabelled []datapoint, nl, nu, alpha, deviation float64) float64 {
	bound, classifier := 0.0, 0.0
	for _, d := range labelled {
		x := r.x(d)
		reconstruction, kl, _ := r.joint(x, d.class, d.eps)
		bound += nl / float64(len(labelled)) * (reconstruction - kl - math.Log(float64(r.Classes)))
		classifier -= r.classify(x)[d.class] / float64(len(labelled))
	}
	for _, d := range unlabelled {
		x := r.x(d)
		for class, logq := range r.classify(x) {
			reconstruction, kl, _ := r.joint(x, class, d.eps[class*r.Latent:(class+1)*r.Latent])
			bound += nu / float64(len(unlabelled)) * math.Exp(logq) * (reconstruction - kl - math.Log(float64(r.Classes)) - logq)
		}
	}
	prior := 0.0
	for _, w := range r.weights {
		for _, v := range w {
			prior += v * v / (2 * deviation * deviation)
		}
	}
	return (-bound+prior)/(nl+nu) + alpha*classifier
}

// floats are the numbers of a row of a tensor.
func floats(t *tensor.Tensor, row int) []float64 { return t.Rows(row, row+1).Floats() }
