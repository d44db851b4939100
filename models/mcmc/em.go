package mcmc

import (
	"context"
	"fmt"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train"
	"github.com/elbo-ml/elbo/train/data"
)

// EMOptions say how MonteCarloEM trains. The zero value of every field but Steps is the paper's.
type EMOptions struct {
	Options
	// Steps is the number of minibatches.
	Steps int
	// Batch is the number of datapoints of a minibatch; 0 is 100, or all the data when that is less.
	Batch int
	// Transitions is the number of HMC transitions of a minibatch's chains before its updates; 0 is 1. Updates is the number
	// of updates of the weights with what was drawn; 0 is 5.
	Transitions, Updates int
	// Optimizer is the update rule; nil is AdaGrad{}.
	Optimizer train.Optimizer
	// Run is handed to the engine.
	Run runtime.Options
	// Progress, if set, is called after each minibatch.
	Progress func(EMProgress)
}

// EMProgress tells how Monte Carlo EM is getting on.
type EMProgress struct {
	Step, Steps int
	// Evaluations is the number of datapoints whose gradient has been computed so far, for chains and updates together.
	Evaluations int
	// LogProb is the minibatch's mean of log p(x|z) at the samples before the updates, in nats. Accepted is the mean
	// probability of acceptance.
	LogProb, Accepted float64
}

// MonteCarloEM trains the decoder of a VAE without its encoder, as arXiv 1312.6114, section 5 has it for comparison: each
// datapoint has a Markov chain of its own, which Hamiltonian Monte Carlo moves towards p(z|x) when the datapoint's
// minibatch comes (the E step), and then the decoder's weights are updated to raise log p(x|z) of the states (the M step).
// Every datapoint's state is kept: [rows, latent] numbers. The step sizes go on being tuned.
func MonteCarloEM(ctx context.Context, v *models.VAE, src data.Source, o EMOptions) error {
	if o.Batch == 0 {
		o.Batch = min(100, src.Len())
	}
	if o.Transitions == 0 {
		o.Transitions = 1
	}
	if o.Updates == 0 {
		o.Updates = 5
	}
	if o.Optimizer == nil {
		o.Optimizer = train.AdaGrad{}
	}
	if o.Steps < 1 || o.Batch < 1 || o.Batch > src.Len() || o.Transitions < 1 || o.Updates < 1 {
		return fmt.Errorf("mcmc: monte carlo em: %d steps of %d out of %d rows, %d transitions and %d updates each, want 1 or more of each: %w", o.Steps, o.Batch, src.Len(), o.Transitions, o.Updates, ErrInput)
	}
	if err := o.Optimizer.Check(); err != nil {
		return err
	}
	t, err := NewTarget(v, o.Run)
	if err != nil {
		return err
	}
	defer t.Close()
	m, err := newMStep(v, o)
	if err != nil {
		return err
	}
	defer m.program.Close()
	defer v.Updated()
	loader, err := data.NewLoader(ctx, src, data.LoaderOptions{Batch: o.Batch, Seed: o.Seed})
	if err != nil {
		return fmt.Errorf("mcmc: monte carlo em: %w", err)
	}
	defer loader.Close()
	e := &em{t: t, m: m, o: o, state: t.prior(src.Len(), o.Options), size: make([]float64, src.Len())}
	for step := 1; step <= o.Steps; step++ {
		b, err := loader.Next(ctx)
		if err != nil {
			return fmt.Errorf("mcmc: monte carlo em: %w", err)
		}
		p, err := e.step(ctx, b)
		if err != nil {
			return fmt.Errorf("mcmc: monte carlo em: step %d: %w", step, err)
		}
		if o.Progress != nil {
			p.Step, p.Steps = step, o.Steps
			o.Progress(p)
		}
	}
	return nil
}

// em is a run of MonteCarloEM.
type em struct {
	t           *Target
	m           *mStep
	o           EMOptions
	state       *tensor.Tensor // of each datapoint's chain
	size        []float64      // its step size, 0 before its first transition
	chains      *Chains        // of a minibatch
	evaluations int
}

func (e *em) step(ctx context.Context, b *data.Batch) (EMProgress, error) {
	var p EMProgress
	if err := e.load(ctx, b); err != nil {
		return p, err
	}
	for range e.o.Transitions {
		rate, err := e.chains.Step(ctx, 1, true)
		if err != nil {
			return p, err
		}
		p.Accepted += rate / float64(e.o.Transitions)
	}
	latent := e.t.latent
	for i, row := range b.Rows {
		copy(tensor.Data[float32](e.state)[row*latent:(row+1)*latent], tensor.Data[float32](e.chains.Z)[i*latent:])
		e.size[row] = e.chains.StepSize[i]
		p.LogProb += e.chains.LogProb[i] / float64(len(b.Rows))
	}
	if err := e.m.update(ctx, e.chains.x, e.chains.Z, e.o.Updates); err != nil {
		return p, err
	}
	e.evaluations += len(b.Rows) * (e.o.Transitions*e.o.Leapfrog + e.o.Updates)
	p.Evaluations = e.evaluations
	return p, nil
}

// load brings the chains of the minibatch's rows.
func (e *em) load(ctx context.Context, b *data.Batch) error {
	latent := e.t.latent
	if e.chains == nil {
		x := tensor.New(tensor.Float32, b.X.Shape()...)
		copy(tensor.Data[float32](x), tensor.Data[float32](b.X))
		c, err := e.t.Chains(ctx, x, tensor.New(tensor.Float32, len(b.Rows), latent), e.o.Options)
		if err != nil {
			return err
		}
		e.chains, e.o.Options = c, c.o
	}
	copy(tensor.Data[float32](e.chains.x), tensor.Data[float32](b.X))
	for i, row := range b.Rows {
		copy(tensor.Data[float32](e.chains.Z)[i*latent:(i+1)*latent], tensor.Data[float32](e.state)[row*latent:])
		if e.chains.StepSize[i] = e.size[row]; e.size[row] == 0 {
			e.chains.StepSize[i] = e.o.StepSize
		}
	}
	return e.chains.Restart(ctx)
}

// mStep raises log p(x|z) by the optimiser's rule.
type mStep struct {
	program   runtime.Program
	weights   []*tensor.Tensor
	gradients []*tensor.Tensor
	state     [][][]float32
	rule      train.Optimizer
	made      int
}

func newMStep(v *models.VAE, o EMOptions) (*mStep, error) {
	g, err := likelihoodOf(v)
	if err != nil {
		return nil, err
	}
	var params []*graph.Value
	for _, w := range g.Weights {
		if w.DType == tensor.Float32 {
			params = append(params, w)
		}
	}
	loss := g.Neg(g.ReduceMean(g.Outputs[0], false))
	gradients, err := train.Gradients(g, loss, params)
	if err != nil {
		return nil, fmt.Errorf("mcmc: %w", err)
	}
	m := &mStep{rule: o.Optimizer}
	g.Outputs = nil
	for i, d := range gradients {
		g.Output("gradient:"+params[i].Name, d)
	}
	if m.weights, err = weightsToInputs(g); err != nil {
		return nil, err
	}
	for _, w := range m.weights {
		m.gradients = append(m.gradients, tensor.New(tensor.Float32, w.Shape()...))
		state := make([][]float32, len(m.rule.State()))
		for i := range state {
			state[i] = make([]float32, w.Len())
		}
		m.state = append(m.state, state)
	}
	if err := g.Err(); err != nil {
		return nil, fmt.Errorf("mcmc: %w", err)
	}
	if m.program, err = v.Engine().Compile(g, o.Run); err != nil {
		return nil, fmt.Errorf("mcmc: %w", err)
	}
	return m, nil
}

// update makes so many updates at x and z.
func (m *mStep) update(ctx context.Context, x, z *tensor.Tensor, times int) error {
	in := append([]*tensor.Tensor{x, z}, m.weights...)
	for range times {
		if err := m.program.Run(ctx, in, m.gradients); err != nil {
			return err
		}
		for _, d := range m.gradients {
			for _, v := range tensor.Data[float32](d) {
				if v-v != 0 {
					return fmt.Errorf("a gradient of log p(x|z) is %v: lower the learning rate: %w", v, ErrNotFinite)
				}
			}
		}
		m.made++
		for i, w := range m.weights {
			m.rule.Update32(m.made, m.rule.Rate(), tensor.Data[float32](w), tensor.Data[float32](m.gradients[i]), m.state[i])
		}
	}
	return nil
}
