package pairs

import (
	"strconv"

	"github.com/elbo-ml/elbo/bench/report"
	"github.com/elbo-ml/elbo/bench/side"
)

// iaf races a chain of inverse autoregressive flow on the two engines, and then what the chain is for: a posterior as rich
// as an autoregressive model's that leaves the decoder free to give all pixels at once.
func iaf(b *Bench) error {
	encode, err := b.infer("iaf", "784-450-32, 4 steps of IAF, each a MADE of 2x320: x to z and log q", 100)
	if err != nil {
		return err
	}
	b.compare("IAF chain (4 steps, MADE 2x320), encode, batch 100", encode, func(string) goal { return goal{target: report.Nothing, listed: true} })

	const batch, made = 10, "MADE decoder, pixel by pixel"
	var sides []side.Side
	for _, d := range []struct{ name, network string }{{"elbo, VAE with an IAF posterior", "iaf-decoder"}, {made, "made"}} {
		for _, threads := range []int{1, 2} {
			sides = append(sides, elbo(d.name, threads, "sample", d.network, strconv.Itoa(threads), strconv.Itoa(batch)))
		}
	}
	sample, err := b.race("sampling, decoders 32-450-784, batch 10", batch, "images", sides, 0)
	if err != nil {
		return err
	}
	b.compare("sampling from an IAF-posterior VAE, batch 10", sample, func(string) goal { return goal{target: 0.01} })
	b.section("Inverse autoregressive flow", `A MADE decoder sees the pixels drawn so far besides z, in a hidden layer of the same width, and is run once for
each of the 784. Both samplers are elbo's native engine.`, nil, encode, sample)
	return nil
}
