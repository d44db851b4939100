package pairs

import (
	"strings"

	"github.com/elbo-ml/elbo/bench/report"
	"github.com/elbo-ml/elbo/bench/side"
)

// vaeGFLOP is the arithmetic of the matrix products of one step of the 784-500-20 VAE at batch 100: each layer forward,
// the gradient of its weights, and that of its input but for the first layer's.
const vaeGFLOP = 2e-9 * 100 * (2*784*500 + 3*(500*40+20*500+500*784))

const ortName = "elbo, ONNX Runtime"

// vae races the whole Adam step of the VAE of arXiv 1312.6114.
func vae(b *Bench) error {
	const title = "784-500-20, tanh, Bernoulli, batch 100: one Adam step"
	r, err := b.fit("vae", title, 100, func(task []string) []side.Side {
		sides := append(fitSides(ortName, "ort", "vae"), b.Peers.Torch(task...)...)
		return append(append(sides, b.Peers.JAX(task...)...), b.Peers.Steps(task...)...)
	})
	if err != nil {
		return err
	}
	b.compare("VAE 784-500-20, batch 100, Adam step", r, vaeGoal)
	var leftOut []string
	for _, threads := range []int{1, 2} {
		us, ok := side.Best(r.Results, "elbo", threads)
		peak := b.peak[threads]
		if !ok || peak.gflops == 0 {
			leftOut = append(leftOut, "the step as a share of the machine's peak: no matrix product was timed in this run")
			break
		}
		b.Report.Rows = append(b.Report.Rows, report.Row{Name: "the same step, matrix products over its whole time", Unit: "GFLOP/s", Ours: vaeGFLOP / us.Median,
			Peer: peak.gflops, PeerName: "best sgemm: " + peak.name, Target: 0.75, AtLeast: true, Threads: threads})
	}
	one, ok1 := side.Best(r.Results, "elbo", 1)
	two, ok2 := exactly(r.Results, "elbo", 2)
	if ok1 && ok2 {
		b.Report.Rows = append(b.Report.Rows, report.Row{Name: "the same step, speed-up from 1 to 2 threads", Unit: "steps/s", Ours: 1 / two.Median,
			Peer: 1 / one.Median, PeerName: "1 thread", Target: 1.7, AtLeast: true, Threads: 2})
	}
	b.section("Training step of a dense VAE", `elbo's step is train.Fit itself: data loader, noise, guard against NaN, and Adam included. PyTorch and JAX draw their
noise and see the same minibatch each time; GoMLX is given the noise too. "elbo, ONNX Runtime" is the same train.Fit with loss and gradients
run by ONNX Runtime.`, leftOut, r)
	return nil
}

func vaeGoal(peer string) goal {
	switch {
	case strings.HasPrefix(peer, "PyTorch"):
		return goal{group: "PyTorch", target: 0.45}
	case peer == "GoMLX, simd":
		return goal{target: 0.10}
	case peer == ortName:
		return goal{target: 0.75}
	}
	return goal{target: report.Nothing}
}

// exactly is the side of a name on just this number of threads.
func exactly(results []side.Result, name string, threads int) (side.Result, bool) {
	for _, r := range results {
		if r.Name == name && r.Threads == threads && r.Skipped == nil {
			return r, true
		}
	}
	return side.Result{}, false
}
