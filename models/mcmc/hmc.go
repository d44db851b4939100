package mcmc

import (
	"context"
	"fmt"
	"math"

	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
)

// Options say how Hamiltonian Monte Carlo moves. The zero value is the paper's: 10 leapfrog steps, and a step size that
// comes to an acceptance of 90 % (arXiv 1312.6114, section 5).
type Options struct {
	// Leapfrog is the number of leapfrog steps of a transition; 0 is 10.
	Leapfrog int
	// Accept is the rate of acceptance that adapting steps tune the step size to; 0 is 0.9.
	Accept float64
	// StepSize is where the tuning starts; 0 is 0.1.
	StepSize float64
	// Seed and FirstRow pick the noise: chain i uses the numbers of (Seed, FirstRow+i), whatever chains run beside it.
	Seed, FirstRow uint64
}

func (o Options) withDefaults() (Options, error) {
	if o.Leapfrog == 0 {
		o.Leapfrog = 10
	}
	if o.Accept == 0 {
		o.Accept = 0.9
	}
	if o.StepSize == 0 {
		o.StepSize = 0.1
	}
	if o.Leapfrog < 1 || !(o.Accept > 0 && o.Accept < 1) || !(o.StepSize > 0) || math.IsInf(o.StepSize, 0) {
		return o, fmt.Errorf("mcmc: %d leapfrog steps of size %v to an acceptance of %v, want positive numbers and an acceptance below 1: %w", o.Leapfrog, o.StepSize, o.Accept, ErrInput)
	}
	return o, nil
}

// Chains are Markov chains, one for each row of x, whose states Z [n, latent] Hamiltonian Monte Carlo moves (Neal, 2011).
// The density of a chain is N(z; 0, I) p(x|z)^beta: the posterior for beta = 1, the prior for 0.
type Chains struct {
	Z *tensor.Tensor
	// StepSize is that of each chain.
	StepSize []float64
	// LogProb is log p(x|z) of each chain's state.
	LogProb []float64

	target *Target
	o      Options
	x      *tensor.Tensor
	moved  uint64 // transitions made, which number the noise

	dz                 *tensor.Tensor // the gradient of LogProb at Z
	proposal, proposed *tensor.Tensor // a state and the gradient there
	logProb            *tensor.Tensor // at the proposal
	momentum           []float32
	step               []float32 // sizes of the transition being made
	energy             []float64
}

// Streams keep the uses of a seed apart: each transition takes two, and what chains start from has one of its own.
const streamStart, streamMoves = 5 << 40, 6 << 40

// Chains starts a chain for each row of x. z [n, latent] is where they start, and is moved in place; nil draws it from the
// prior.
func (t *Target) Chains(ctx context.Context, x, z *tensor.Tensor, o Options) (*Chains, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	if x, err = t.rows(x); err != nil {
		return nil, err
	}
	n := x.Shape()[0]
	if z == nil {
		z = t.prior(n, o)
	}
	if z.DType() != tensor.Float32 || !z.Shape().Equal(tensor.Shape{n, t.latent}) {
		return nil, fmt.Errorf("mcmc: z is %v %v, want a float32 state of %d numbers for each of %d rows: %w", z.DType(), z.Shape(), t.latent, n, ErrInput)
	}
	like := func() *tensor.Tensor { return tensor.New(tensor.Float32, n, t.latent) }
	c := &Chains{Z: z, StepSize: make([]float64, n), LogProb: make([]float64, n), target: t, o: o, x: x, dz: like(), proposal: like(), proposed: like(),
		logProb: tensor.New(tensor.Float32, n), momentum: make([]float32, n*t.latent), step: make([]float32, n), energy: make([]float64, n)}
	for i := range c.StepSize {
		c.StepSize[i] = o.StepSize
	}
	return c, c.Restart(ctx)
}

// prior draws a state for each of n chains.
func (t *Target) prior(n int, o Options) *tensor.Tensor {
	z := tensor.New(tensor.Float32, n, t.latent)
	for i := range n {
		runtime.Noise{Seed: o.Seed, Stream: streamStart}.Normal(o.FirstRow+uint64(i), tensor.Data[float32](z.Rows(i, i+1)))
	}
	return z
}

// Restart takes in that Z, x or the model's weights have changed.
func (c *Chains) Restart(ctx context.Context) error {
	if err := c.target.At(ctx, c.x, c.Z, c.logProb, c.dz); err != nil {
		return fmt.Errorf("mcmc: %w", err)
	}
	for i, v := range tensor.Data[float32](c.logProb) {
		if c.LogProb[i] = float64(v); v-v != 0 {
			return fmt.Errorf("mcmc: log p(x|z) of row %d is %v where its chain starts: %w", i, v, ErrNotFinite)
		}
	}
	return nil
}

// Step makes one transition of each chain and gives the mean probability of acceptance. An adapting step tunes the step
// sizes after it; steps that draw from exactly the density must not.
//
// With momentum p ~ N(0, I), H = U(z) + p^2/2 and U = z^2/2 - beta log p(x|z), each leapfrog step of size e is
//
//	p -= e/2 dU(z);  z += e p;  p -= e/2 dU(z)
//
// and where it ends is accepted with probability min(1, exp(-change of H)). The step size is the chain's times a number
// from 0.8 to 1.2, drawn anew, so that no orbit closes.
func (c *Chains) Step(ctx context.Context, beta float64, adapt bool) (float64, error) {
	latent, n := c.target.latent, len(c.step)
	moves := runtime.Noise{Seed: c.o.Seed, Stream: streamMoves + 2*c.moved}
	c.moved++
	z, dz := tensor.Data[float32](c.proposal), tensor.Data[float32](c.proposed)
	copy(z, tensor.Data[float32](c.Z))
	copy(dz, tensor.Data[float32](c.dz))
	var u [2]float32
	accept := make([]float32, n)
	for i := range n {
		moves.Normal(c.o.FirstRow+uint64(i), c.momentum[i*latent:(i+1)*latent])
		runtime.Noise{Seed: moves.Seed, Stream: moves.Stream + 1}.Uniform(c.o.FirstRow+uint64(i), u[:])
		accept[i] = u[0]
		c.step[i] = float32(c.StepSize[i] * (0.8 + 0.4*float64(u[1])))
		c.energy[i] = c.hamiltonian(i, beta, c.LogProb[i])
	}
	b := float32(beta)
	for l := range c.o.Leapfrog {
		kick := float32(1)
		if l == 0 {
			kick = 0.5
		}
		for i := range n {
			e := c.step[i]
			for j := i * latent; j < (i+1)*latent; j++ {
				c.momentum[j] -= kick * e * (z[j] - b*dz[j])
				z[j] += e * c.momentum[j]
			}
		}
		if err := c.target.At(ctx, c.x, c.proposal, c.logProb, c.proposed); err != nil {
			return 0, fmt.Errorf("mcmc: %w", err)
		}
	}
	rate := 0.0
	for i := range n {
		for j := i * latent; j < (i+1)*latent; j++ {
			c.momentum[j] -= c.step[i] / 2 * (z[j] - b*dz[j])
		}
		logProb := float64(tensor.Data[float32](c.logProb)[i])
		p := math.Exp(min(0, c.energy[i]-c.hamiltonian(i, beta, logProb)))
		if math.IsNaN(p) {
			p = 0 // the path left the numbers
		}
		rate += p / float64(n)
		if float64(accept[i]) < p {
			c.LogProb[i] = logProb
			copy(tensor.Data[float32](c.Z)[i*latent:(i+1)*latent], z[i*latent:(i+1)*latent])
			copy(tensor.Data[float32](c.dz)[i*latent:(i+1)*latent], dz[i*latent:(i+1)*latent])
		}
		if adapt {
			c.StepSize[i] = min(max(c.StepSize[i]*math.Exp(p-c.o.Accept), 1e-6), 2)
		}
	}
	return rate, nil
}

// hamiltonian is H of chain i at the proposal.
func (c *Chains) hamiltonian(i int, beta, logProb float64) float64 {
	latent := c.target.latent
	sum := 0.0
	for j := i * latent; j < (i+1)*latent; j++ {
		z, p := float64(tensor.Data[float32](c.proposal)[j]), float64(c.momentum[j])
		sum += (z*z + p*p) / 2
	}
	return sum - beta*logProb
}
