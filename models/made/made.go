// Package made is the masked autoencoder as a model of binary data (Germain et al., 2015): an autoregressive decoder
// without a latent variable, to compare with.
//
//	p(x) = prod_i p(x_i | x_1..x_{i-1})
//
// Its likelihood is exact and takes one pass; a sample takes as many as a row has pixels.
package made

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/models/flow"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/native"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train"
)

// Config describes a model to build.
type Config struct {
	// Shape is the shape of one row, whose pixels are read in order.
	Shape []int
	// Hidden are the units of the hidden layers; nil means [500].
	Hidden []int
	// Seed draws the initial weights.
	Seed uint64
	// Engine runs the model; nil is the native one. Threads is 0 for one a core.
	Engine  runtime.Engine
	Threads int
}

// Model is a MADE. It is safe for concurrent use, except while it is trained.
type Model struct {
	shape  []int
	graph  *graph.Graph // x [batch, row...] -> logits [batch, pixels]
	engine runtime.Engine
	run    runtime.Options

	mu      sync.Mutex
	program runtime.Program // of graph, or nil
}

var _ train.Model = (*Model)(nil)

// New builds a model with freshly drawn weights.
func New(c Config) (*Model, error) {
	if c.Hidden == nil {
		c.Hidden = []int{500}
	}
	if c.Engine == nil {
		c.Engine = native.New()
	}
	pixels, err := tensor.Shape(c.Shape).CheckedSize()
	if err != nil || pixels < 2 || slices.Min(append([]int{1}, c.Hidden...)) < 1 {
		return nil, fmt.Errorf("made: new: rows of shape %v and layers of %v: a row must hold 2 pixels or more, and a layer a unit", c.Shape, c.Hidden)
	}
	g := graph.New("made")
	g.Producer, g.Init = "elbo", models.WeightInit(c.Seed)
	dims := []any{"batch"}
	for _, n := range c.Shape {
		dims = append(dims, n)
	}
	x := g.Input("x", dims...)
	out := flow.MADE{Hidden: c.Hidden}.Predict(g, "made", g.Reshape(x, g.Int64s(-1, pixels)), nil, "logits")
	g.Output("logits", out[0])
	if err := g.Err(); err != nil {
		return nil, fmt.Errorf("made: new: %w", err)
	}
	return &Model{shape: slices.Clone(c.Shape), graph: g, engine: c.Engine, run: runtime.Options{Threads: c.Threads}}, nil
}

// Graph takes x [batch, row...] to the log-odds of each pixel in the light of those before it, [batch, pixels]. Its weights
// are the model's own.
func (m *Model) Graph() *graph.Graph { return m.graph }

// Objective is the negative log-likelihood. There is no latent variable, and so no KL.
func (m *Model) Objective() (*train.Objective, error) {
	g, at := m.graph.CloneMap()
	g.Outputs = nil
	o := &train.Objective{Graph: g, X: at[m.graph.Inputs[0]]}
	logits := at[m.graph.Outputs[0]]
	pixels, _ := logits.Shape[1].Known()
	logp := g.ReduceMean(models.BernoulliLogProb(g, g.Reshape(o.X, g.Int64s(-1, pixels)), logits), false, 0)
	o.Loss = g.Output("loss", g.Neg(logp))
	o.ELBO = g.Output("elbo", g.Identity(logp))
	o.Reconstruction = g.Output("reconstruction", g.Identity(logp))
	o.KL = g.Output("kl", g.Mul(logp, g.Scalar(0, logp)))
	o.Params = slices.Clone(g.Weights)
	return o, g.Err()
}

// Updated tells the model that its weights have changed.
func (m *Model) Updated() { _ = m.Close() } // what a program's Close reports is of no use to the one that replaces it

// Close frees what the model holds; it may be used again.
func (m *Model) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.program == nil {
		return nil
	}
	err := m.program.Close()
	m.program = nil
	return err
}

// logits runs the graph.
func (m *Model) logits(ctx context.Context, x, logits *tensor.Tensor) error {
	m.mu.Lock()
	if m.program == nil {
		p, err := m.engine.Compile(m.graph, m.run)
		if err != nil {
			m.mu.Unlock()
			return err
		}
		m.program = p
	}
	p := m.program
	m.mu.Unlock()
	return p.Run(ctx, []*tensor.Tensor{x}, []*tensor.Tensor{logits})
}

// LogProb is log p(x) of each row of x [n, row...], binary pixels, in nats. It is exact.
func (m *Model) LogProb(ctx context.Context, x *tensor.Tensor) ([]float64, error) {
	pixels := tensor.Shape(m.shape).Size()
	if x == nil || x.DType() != tensor.Float32 || len(x.Shape()) < 2 || x.Shape()[1:].Size() != pixels {
		return nil, fmt.Errorf("made: log p: the model takes float32 rows of shape %v: %w", m.shape, models.ErrInput)
	}
	n := x.Shape()[0]
	x, err := x.Reshape(append([]int{n}, m.shape...)...)
	if err != nil {
		return nil, fmt.Errorf("made: log p: %w", err)
	}
	logits := tensor.New(tensor.Float32, n, pixels)
	if err := m.logits(ctx, x, logits); err != nil {
		return nil, fmt.Errorf("made: log p: %w", err)
	}
	all, on := make([]float64, n), tensor.Data[float32](x)
	for i, l := range tensor.Data[float32](logits) {
		all[i/pixels] += float64(on[i])*float64(l) - softplus(float64(l))
	}
	return all, nil
}

// softplus is log(1 + exp(x)).
func softplus(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

// Sample draws n rows pixel by pixel: [n, row...] of zeros and ones. Row i of a seed is the same at any n.
func (m *Model) Sample(ctx context.Context, n int, seed uint64) (*tensor.Tensor, error) {
	pixels := tensor.Shape(m.shape).Size()
	if n < 1 || n > math.MaxInt32/pixels {
		return nil, fmt.Errorf("made: sample: n is %d; it must be from 1 to %d: %w", n, math.MaxInt32/pixels, models.ErrInput)
	}
	x, logits := tensor.New(tensor.Float32, append([]int{n}, m.shape...)...), tensor.New(tensor.Float32, n, pixels)
	uniform := make([]float32, n*pixels)
	for i := range n {
		runtime.Noise{Seed: seed}.Uniform(uint64(i), uniform[i*pixels:(i+1)*pixels])
	}
	for pixel := range pixels {
		if err := m.logits(ctx, x, logits); err != nil {
			return nil, fmt.Errorf("made: sample: %w", err)
		}
		for at := pixel; at < n*pixels; at += pixels {
			if p := 1 / (1 + math.Exp(-float64(tensor.Data[float32](logits)[at]))); float64(uniform[at]) < p {
				tensor.Data[float32](x)[at] = 1
			}
		}
	}
	return x, nil
}
