package pairs

import (
	"github.com/elbo-ml/elbo/bench/report"
	"github.com/elbo-ml/elbo/bench/side"
)

// mlp races the whole Adam step of a classifier: plain, and with variational dropout A and B.
func mlp(b *Bench) error {
	var races []report.Race
	for _, v := range []struct{ model, what string }{
		{"mlp", "plain"}, {"mlp-a", "variational dropout A"}, {"mlp-b", "variational dropout B"},
	} {
		r, err := b.fit(v.model, "784-1000-1000-1000-10, relu, batch 1000, "+v.what+": one Adam step", 1000,
			func(task []string) []side.Side { return b.Peers.Torch(task...) })
		if err != nil {
			return err
		}
		b.compare("MLP 784-3x1000-10, batch 1000, "+v.what+", Adam step", r, torchGoal(0.8))
		races = append(races, r)
	}
	b.section("Training step of a classifier", `Variational dropout after arXiv 1506.02557, its variance learned per layer: A with noise on each
input of a layer (3784 normal numbers a row), B with noise on each weight, drawn as that of the layer's outputs (3010), which takes a second
product. Both sides draw their noise.`, nil, races...)
	return nil
}
