package fused

// Average is a step of an exponential moving average, mean[i] = decay*mean[i] + one*p[i], for slices of one length.
func Average[T float32 | float64](mean, p []T, decay, one T) {
	n := averageFast(mean, p, decay, one)
	averageGo(mean[n:], p[n:], decay, one)
}

func averageGo[T float32 | float64](mean, p []T, decay, one T) {
	p = p[:len(mean)]
	for i, v := range p {
		mean[i] = T(decay*mean[i]) + T(one*v)
	}
}

// Scale is g[i] *= scale.
func Scale[T float32 | float64](g []T, scale T) {
	n := scaleFast(g, scale)
	scaleGo(g[n:], scale)
}

func scaleGo[T float32 | float64](g []T, scale T) {
	for i := range g {
		g[i] *= scale
	}
}
