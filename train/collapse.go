package train

import (
	"fmt"
	"slices"
)

// collapsed is the KL, in nats per datapoint, below which a layer of latent variables tells nothing of the data.
const collapsed = 0.01

// findLatents finds the objective's LatentKL among the numbers of a step.
func (t *trainer) findLatents(obj *Objective) {
	values, _ := obj.scalars()
	for _, v := range obj.LatentKL {
		if i := slices.Index(values, v); i >= 0 {
			t.latents = append(t.latents, i)
		}
	}
}

// warnOfCollapse notes, when an epoch ends after the KL weight has risen, each layer whose KL has come to nothing over it:
// once for each layer.
func (t *trainer) warnOfCollapse() {
	if t.done%t.perEpoch != 0 || t.done <= t.warmup {
		return
	}
	t.latents = slices.DeleteFunc(t.latents, func(i int) bool {
		kl := t.epoch.sum[i] / t.epoch.n
		if !(kl < collapsed) {
			return false
		}
		t.report.Notes = append(t.report.Notes, fmt.Sprintf("in epoch %d the KL %q is %.2g nats: its latent variables have collapsed to the prior and tell nothing of the data; let the KL weight rise slowly, leave free bits, or use a weaker decoder",
			t.done/t.perEpoch, t.step.names[i], kl))
		return true
	})
}
