package pairs

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/elbo-ml/elbo/bench/report"
	"github.com/elbo-ml/elbo/bench/side"
)

// resources measures what a training step takes besides time: heap allocations, and memory.
func resources(b *Bench) error {
	var leftOut []string
	for _, threads := range []int{1, 2} {
		task := func(name string) ([]float32, error) {
			fmt.Fprintf(b.Progress, "%s, %d threads\n", name, threads)
			x, err := side.Once(elbo(name, threads, name, "vae", strconv.Itoa(threads)), b.Dir)
			if errors.Is(err, side.ErrSkip) {
				leftOut = append(leftOut, fmt.Sprintf("%s on %d threads: %v", name, threads, err))
				return nil, nil
			}
			return x, err
		}
		allocations, err := task("allocations")
		if err != nil {
			return err
		}
		if len(allocations) == 1 {
			b.Report.Rows = append(b.Report.Rows, report.Row{Name: "VAE 784-500-20, heap allocations", Unit: "per step",
				Ours: float64(allocations[0]), Peer: report.Nothing, Target: 0, Threads: threads})
		}
		memory, err := task("memory")
		if err != nil {
			return err
		}
		if len(memory) == 2 {
			b.Report.Rows = append(b.Report.Rows, report.Row{Name: "VAE 784-500-20, peak memory of the step", Unit: "MB",
				Ours: 1e-6 * float64(memory[0]), Peer: 1e-6 * float64(memory[1]), PeerName: "weights, Adam's state, live activations",
				Target: 1.3, Threads: threads})
		}
	}
	b.section("Allocations and memory of a training step", `Allocations are those of the whole process over 100 steps of train.Fit, divided by 100 and rounded
down. Memory is the peak of the process's anonymous memory (VmHWM less what is mapped from files, the mark set back after 20 steps) beyond what
it held with the data and before the model was made. Live activations are all values of the step, gradients among them, from the node that
computes each to the last that reads it, at the worst place of the graph, each node run by itself.`, leftOut)
	return nil
}
