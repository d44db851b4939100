package train

import (
	"math"
	"time"
)

// seen are the numbers of one step, in nats per datapoint.
type seen struct{ loss, elbo, reconstruction, kl float64 }

func observe(s *step) seen {
	return seen{number(s.loss), number(s.elbo), number(s.reconstruction), number(s.kl)}
}

func (s seen) finite() bool {
	return finite(s.loss) && finite(s.elbo) && finite(s.reconstruction) && finite(s.kl)
}

// means averages the numbers of steps.
type means struct {
	sum seen
	n   float64
}

func (m *means) add(s seen) {
	m.sum.loss += s.loss
	m.sum.elbo += s.elbo
	m.sum.reconstruction += s.reconstruction
	m.sum.kl += s.kl
	m.n++
}

// mean is the average, and NaN of nothing.
func (m *means) mean() seen {
	if m.n == 0 {
		nan := math.NaN()
		return seen{nan, nan, nan, nan}
	}
	return seen{m.sum.loss / m.n, m.sum.elbo / m.n, m.sum.reconstruction / m.n, m.sum.kl / m.n}
}

// named and restore carry the sums through a checkpoint.
func (m *means) named() map[string]float64 {
	return map[string]float64{"steps": m.n, "loss": m.sum.loss, "elbo": m.sum.elbo, "reconstruction": m.sum.reconstruction, "kl": m.sum.kl}
}

func (m *means) restore(s map[string]float64) {
	m.n, m.sum = s["steps"], seen{s["loss"], s["elbo"], s["reconstruction"], s["kl"]}
}

// progressDue reports whether the step just made is one to tell of.
func (t *trainer) progressDue() bool {
	switch {
	case t.Progress == nil:
		return false
	case t.done == t.steps:
		return true
	case t.LogEvery > 0:
		return t.done%t.LogEvery == 0
	}
	return time.Since(t.told) >= time.Second
}

func (t *trainer) progress(klWeight, rate float64) Progress {
	m, elapsed := t.window.mean(), time.Since(t.started)
	p := Progress{
		Step: t.done, Steps: t.steps, Epoch: (t.done-1)/t.perEpoch + 1, Epochs: (t.steps-1)/t.perEpoch + 1,
		Loss: m.loss, ELBO: m.elbo, Reconstruction: m.reconstruction, KL: m.kl, KLWeight: klWeight,
		LearningRate: rate, GradientNorm: t.norm, Elapsed: elapsed, Checkpoint: t.report.Checkpoint,
	}
	if elapsed > 0 {
		p.ImagesPerSecond = float64(t.report.Images) / elapsed.Seconds()
	}
	if made := t.done - t.report.Resumed; made > 0 {
		p.Remaining = time.Duration(float64(elapsed) / float64(made) * float64(t.steps-t.done))
	}
	return p
}

// result is the report on the run so far.
func (t *trainer) result() *Report {
	r, m := t.report, t.epoch.mean()
	r.Steps, r.Epochs = t.done, t.done/t.perEpoch
	r.ELBO, r.Reconstruction, r.KL = m.elbo, m.reconstruction, m.kl
	r.Elapsed = time.Since(t.started)
	if r.Elapsed > 0 {
		r.ImagesPerSecond = float64(r.Images) / r.Elapsed.Seconds()
	}
	return &r
}
