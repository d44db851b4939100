package train

import "time"

// seen are the numbers of one step, in nats per datapoint: loss, ELBO, reconstruction, KL, and then the terms.
type seen []float64

// observe reads them into the step's own room.
func observe(s *step) seen {
	for i, t := range s.scalars {
		s.seen[i] = number(t)
	}
	return s.seen
}

func (s seen) finite() bool {
	for _, v := range s {
		if !finite(v) {
			return false
		}
	}
	return true
}

// means averages the numbers of steps.
type means struct {
	sum seen
	n   float64
}

func (m *means) add(s seen) {
	for i, v := range s {
		m.sum[i] += v
	}
	m.n++
}

func (m *means) reset() {
	clear(m.sum)
	m.n = 0
}

// mean is the average, and NaN of nothing.
func (m *means) mean() seen {
	mean := make(seen, len(m.sum))
	for i, v := range m.sum {
		mean[i] = v / m.n
	}
	return mean
}

// named and restore carry the sums through a checkpoint.
func (m *means) named(names []string) map[string]float64 {
	sums := map[string]float64{"steps": m.n}
	for i, name := range names {
		sums[name] = m.sum[i]
	}
	return sums
}

func (m *means) restore(names []string, sums map[string]float64) {
	m.n = sums["steps"]
	for i, name := range names {
		m.sum[i] = sums[name]
	}
}

// terms are the further numbers of a mean under their names.
func (s *step) terms(mean seen) []Term {
	var terms []Term
	for i, name := range s.names[4:] {
		terms = append(terms, Term{name, mean[4+i]})
	}
	return terms
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
		Loss: m[0], ELBO: m[1], Reconstruction: m[2], KL: m[3], Terms: t.step.terms(m), KLWeight: klWeight,
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
	r.ELBO, r.Reconstruction, r.KL, r.Terms = m[1], m[2], m[3], t.step.terms(m)
	r.Elapsed = time.Since(t.started)
	if r.Elapsed > 0 {
		r.ImagesPerSecond = float64(r.Images) / r.Elapsed.Seconds()
	}
	return &r
}
