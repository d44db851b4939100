package train

import "github.com/elbo-ml/elbo/runtime/profile"

// The phases of a run, as a profile names them: building and compiling the step; then for each step waiting for the
// minibatch, taking it in and drawing its noise, the program, the gradient's norm and the update, and the checkpoint. What
// a step takes besides is its own.
var (
	prepareWork    = phase("prepare", "prepare")
	stepWork       = phase("step", "between the phases")
	batchWork      = phase("batch", "batch")
	noiseWork      = phase("noise", "noise")
	programWork    = phase("program", "program")
	optimiserWork  = phase("optimiser", "optimiser")
	checkpointWork = phase("checkpoint", "checkpoint")
)

func phase(name, family string) profile.Work {
	return profile.Work{Name: name, Family: family, Category: "train"}
}
