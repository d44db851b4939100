package models

import (
	"math"
	"strings"

	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
)

// Streams keep apart the uses of one seed; see runtime.Noise. The k-th posterior sample of a row is stream
// streamPosterior+k.
const (
	streamPrior     = 0
	streamWeights   = 1 << 40
	streamPosterior = 2 << 40
	streamPixels    = 3 << 40
)

// biasDeviation is the standard deviation of fresh biases in the author's code of Kingma et al., 2014.
const biasDeviation = 1e-3

// logScaleBias starts a decoder's logscale near -2: scales of an eighth of the data's range.
const logScaleBias = -2

// initializer draws the weights of a new model: N(0, 1/fan_in) for weights, N(0, 1e-6) for biases, and 0 for the
// weights and biases of what predicts a logarithm (logvar, logscale), so that every scale starts the same for all x.
// Weight i draws from stream streamWeights+i, row by row: the numbers depend on the seed and the order of the layers.
func initializer(seed uint64) func(name string, fanIn int, shape ...int) *tensor.Tensor {
	next := uint64(streamWeights)
	return func(name string, fanIn int, shape ...int) *tensor.Tensor {
		t := tensor.New(tensor.Float32, shape...)
		w := tensor.Data[float32](t)
		noise := runtime.Noise{Seed: seed, Stream: next}
		next++
		switch layer, kind := splitWeight(name); {
		case layer == "logscale" && kind == "bias":
			for i := range w {
				w[i] = logScaleBias
			}
		case layer == "logvar" || layer == "logscale":
		case kind == "bias":
			fillNormal(noise, w, len(w), biasDeviation)
		default:
			fillNormal(noise, w, len(w)/shape[0], 1/math.Sqrt(float64(fanIn)))
		}
		return t
	}
}

// splitWeight splits "encoder/fc1.weight" into "fc1" and "weight".
func splitWeight(name string) (layer, kind string) {
	name = name[strings.LastIndexByte(name, '/')+1:]
	layer, kind, _ = strings.Cut(name, ".")
	return layer, kind
}

func fillNormal(noise runtime.Noise, w []float32, row int, deviation float64) {
	for i := 0; i*row < len(w); i++ {
		part := w[i*row : (i+1)*row]
		noise.Normal(uint64(i), part)
		for j := range part {
			part[j] *= float32(deviation)
		}
	}
}
