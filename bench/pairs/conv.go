package pairs

import (
	"strings"

	"github.com/elbo-ml/elbo/bench/report"
	"github.com/elbo-ml/elbo/bench/side"
)

// conv races the whole Adam step of a convolutional VAE.
func conv(b *Bench) error {
	r, err := b.fit("conv", "1-32-64 maps, 4x4 kernels of stride 2, 20 latent units, and back, batch 100: one Adam step", 100,
		func(task []string) []side.Side { return b.Peers.Torch(task...) })
	if err != nil {
		return err
	}
	b.compare("convolutional VAE, batch 100, Adam step", r, torchGoal(0.6))
	b.section("Training step of a convolutional VAE", "", nil, r)
	return nil
}

// torchGoal wants a share of the time of the fastest PyTorch.
func torchGoal(target float64) func(peer string) goal {
	return func(peer string) goal {
		if strings.HasPrefix(peer, "PyTorch") {
			return goal{group: "PyTorch", target: target}
		}
		return goal{target: report.Nothing}
	}
}
