// Command step times one Adam step of the VAE of arXiv 1312.6114 (784-500-20, tanh, Bernoulli, batch 100) in elbo and
// its peers, side by side, and prints the medians as Markdown.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/elbo-ml/elbo/bench/side"
	"github.com/elbo-ml/elbo/bench/torch"
)

const batch = 100

func main() {
	rounds := flag.Int("rounds", 40, "`rounds`: bursts of each side")
	n := flag.Int("n", 5, "steps of a burst")
	flag.Parse()
	var sides []side.Side
	for _, make := range []func(threads int) side.Side{
		func(t int) side.Side { return elbo("native", t) },
		func(t int) side.Side { return elbo("ort", t) },
		func(t int) side.Side { return torch.Side(t, "step") },
		gomlx,
	} {
		sides = append(sides, make(1), make(2))
	}
	fmt.Printf("## One Adam step, 784-500-20, batch %d\n\n", batch)
	side.Machine(os.Stdout)
	results, err := side.Race(os.Stderr, sides, *rounds, *n)
	if err != nil {
		fmt.Fprintln(os.Stderr, "step:", err)
		os.Exit(1)
	}
	side.Table(os.Stdout, results, batch, "images/s")
}
