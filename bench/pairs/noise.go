package pairs

import (
	"github.com/elbo-ml/elbo/bench/report"
	"github.com/elbo-ml/elbo/bench/side"
)

// noise races the noise of a dropout layer of 1000 x 1000 against the layer's product.
func noise(b *Bench) error {
	var sides []side.Side
	for _, s := range []struct{ name, task string }{{"elbo, 1000x1000 normal numbers", "normals"},
		{"elbo, 1000x1000 uniform numbers", "uniforms"}, {"elbo's product 1000x1000x1000", "square"}} {
		for _, threads := range []int{1, 2} {
			sides = append(sides, elbo(s.name, threads, s.task))
		}
	}
	r, err := b.race("1000x1000 normal numbers beside a product of 1000x1000 matrices", 1, "matrices", sides, 0)
	if err != nil {
		return err
	}
	b.compare("noise of a dropout layer of 1000x1000", r, func(string) goal { return goal{target: report.Nothing, listed: true} })
	b.section("Noise", "The normal numbers that a dropout layer of 1000 x 1000 takes, beside the layer's product.", nil, r)
	return nil
}
