package train

import (
	"math"

	"github.com/elbo-ml/elbo/tensor"
)

// useAverage puts the bias-corrected moving average after t updates into the weights (arXiv 1412.6980, section 7.2):
//
//	mean_t = decay*mean_{t-1} + (1-decay)*weight_t,   weight = mean_t / (1-decay^t)
func useAverage(params []*param, decay float64, t int) {
	if decay == 0 || t == 0 {
		return
	}
	by := 1 / (1 - math.Pow(decay, float64(t)))
	for _, p := range params {
		if p.weight.DType() == tensor.Float64 {
			correct[float64](p, by)
		} else {
			correct[float32](p, by)
		}
	}
}

func correct[T float](p *param, by float64) {
	weight := tensor.Data[T](p.weight)
	for i, v := range tensor.Data[T](p.mean) {
		weight[i] = T(float64(v) * by)
	}
}
