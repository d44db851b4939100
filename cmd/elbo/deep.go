package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/models/flow"
	"github.com/elbo-ml/elbo/models/layer"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train"
	"github.com/elbo-ml/elbo/train/data"
)

// deepFlags choose the posterior, the prior and the layers of a new model.
type deepFlags struct {
	flow       string
	flowSteps  int
	flowWidth  int
	context    int
	layers     []int
	inference  string
	prior      string
	priorSize  int
	weightNorm bool
	past       []int
}

func (f *deepFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.flow, "flow", "none", "what the posterior's draw passes: none, "+strings.Join(flow.Kinds, ", "))
	flags.IntVar(&f.flowSteps, "flow-steps", 4, "steps of the flow")
	flags.IntVar(&f.flowWidth, "flow-width", 320, "units of each of the two hidden layers of a step")
	flags.IntVar(&f.context, "context", 32, "numbers that the encoder tells every step of the flow")
	flags.IntSliceVar(&f.layers, "latent-layers", nil, "latent units of several stochastic layers, from the bottom to the top: 32,16")
	flags.StringVar(&f.inference, "inference", "bidirectional", "how several stochastic layers are inferred: bidirectional or bottom-up")
	flags.StringVar(&f.prior, "prior", "standard", "p(z): standard, vampprior or flow")
	flags.IntVar(&f.priorSize, "prior-size", 0, "pseudo-inputs of a VampPrior (default 500), or couplings of a flow prior (default 4)")
	flags.BoolVar(&f.weightNorm, "weight-norm", false, "normalise the weights of each layer, and set their scale by the first minibatch")
	flags.IntSliceVar(&f.past, "autoregressive", nil, "hidden units of a MADE that lets each pixel depend on those before it, besides z: 500 (slow to sample)")
	fixed(cmd, "flow", append([]string{"none"}, flow.Kinds...)...)
	fixed(cmd, "inference", "bidirectional", "bottom-up")
	fixed(cmd, "prior", "standard", "vampprior", "flow")
}

// niches are where the flags have an effect; vae says that the model is one.
func (f *deepFlags) niches(vae bool) []niche {
	return []niche{
		{[]string{"flow", "latent-layers", "prior", "weight-norm", "autoregressive"}, vae, "a VAE, not of a model that learns from labels"},
		{[]string{"flow-steps", "context"}, vae && f.flow != "none", "a VAE with a --flow"},
		{[]string{"flow-width"}, vae && (f.flow == "iaf" || f.flow == "maf" || f.flow == "realnvp"), "--flow iaf, maf or realnvp"},
		{[]string{"inference"}, vae && len(f.layers) > 0, "several stochastic layers, --latent-layers"},
		{[]string{"prior-size"}, vae && f.prior != "standard", "--prior vampprior or flow"},
	}
}

// set puts the choices into c.
func (f *deepFlags) set(c *models.Config) (err error) {
	for _, units := range f.past {
		if units < 1 {
			return usagef("--autoregressive must be at least 1 in each layer, but is %d", units)
		}
	}
	if f.flowSteps < 1 || f.flowWidth < 1 || f.context < 1 || f.priorSize < 0 {
		return usagef("--flow-steps, --flow-width and --context must be at least 1 and --prior-size not negative; they are %d, %d, %d and %d",
			f.flowSteps, f.flowWidth, f.context, f.priorSize)
	}
	c.Autoregressive = f.past
	c.Prior, c.PriorSize, c.Context = f.prior, f.priorSize, f.context
	if len(f.layers) > 0 {
		c.LatentLayers, c.Inference = f.layers, f.inference
	}
	if f.weightNorm {
		c.Layers = &layer.Builder{Normalise: true}
	}
	if f.flow != "none" {
		c.Flow, err = flow.Chain(f.flow, f.flowSteps, f.flowWidth, c.Layers)
	}
	return err
}

// initialise sets the layers of v by the first rows of the data, where it has any that are set so.
func initialise(ctx context.Context, v *models.VAE, src data.Source, how data.Binarize, rows int, seed uint64) error {
	src, err := data.NewBinarized(open{src}, how, seed)
	if err != nil {
		return err
	}
	index := make([]int, min(rows, src.Len()))
	for i := range index {
		index[i] = i
	}
	x := tensor.New(tensor.Float32, append([]int{len(index)}, src.Shape()...)...)
	if err := src.Read(ctx, index, tensor.Data[float32](x)); err != nil {
		return err
	}
	return v.Initialise(ctx, x, seed)
}

// open is a source that is closed elsewhere.
type open struct{ data.Source }

func (open) Close() error { return nil }

// boundFlags choose what training maximises.
type boundFlags struct {
	objective string
	draws     int
	freeBits  float64
	prior     float64
}

func (f *boundFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.objective, "objective", "elbo", "elbo (KL in closed form where there is one), sgvb-a (all by Monte Carlo), iwae (importance-weighted), dreg (iwae, with the doubly reparameterised gradient), or wake-sleep in place of a bound")
	flags.IntVar(&f.draws, "k", 1, "draws of z for each row")
	flags.Float64Var(&f.freeBits, "free-bits", 0, "nats of KL of each latent unit below which nothing is gained")
	flags.Float64Var(&f.prior, "weight-prior", 0, "precision of a normal prior on the weights, for a MAP estimate; 0 means none")
	fixed(cmd, "objective", "elbo", "sgvb-a", "iwae", "dreg", "wake-sleep")
}

// niche is where the flags have an effect.
func (f *boundFlags) niche(vae bool) niche {
	return niche{[]string{"objective", "k", "free-bits", "weight-prior"}, vae, "a VAE, not of a model that learns from labels"}
}

// of is v with the objective, for data of so many rows, which share the prior on the weights.
func (f *boundFlags) of(v *models.VAE, rows int) (train.Model, error) {
	if f.objective == "wake-sleep" {
		if f.draws != 1 || f.freeBits != 0 || f.prior != 0 {
			return nil, usagef("--objective wake-sleep takes none of --k, --free-bits and --weight-prior")
		}
		return models.WakeSleep(v), nil
	}
	return v.Maximise(models.Bound{Estimator: models.Estimator(f.objective), K: f.draws, FreeBits: f.freeBits, WeightPrior: f.prior / float64(rows)})
}
