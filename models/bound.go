package models

import (
	"fmt"
	"math"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/train"
)

// Estimator names what training maximises.
type Estimator string

// The estimators of a bound on log p(x).
const (
	// SGVBB is the ELBO with the KL in closed form, where there is one (Kingma and Welling, 2013, eq. 7). "" is it, too.
	SGVBB Estimator = "elbo"
	// SGVBA is the ELBO with every term by Monte Carlo (eq. 6).
	SGVBA Estimator = "sgvb-a"
	// IWAE is the importance-weighted bound of K draws (Burda et al., 2015).
	IWAE Estimator = "iwae"
	// DReG is the same bound with the doubly reparameterised gradient of the encoder (Tucker et al., 2018), whose signal does
	// not drown in noise as K grows. It takes the slope of log q(z|x) in z, at fixed weights. A Gaussian has it; the density
	// that a flow gives z is only known on the way forwards, so that a posterior with a flow is refused.
	DReG Estimator = "dreg"
)

// Bound is what training maximises. The zero value is the ELBO by one draw.
type Bound struct {
	Estimator Estimator
	// K is the number of draws of z for each row; 0 means 1.
	K int
	// FreeBits is the KL in nats below which nothing is gained (Kingma et al., 2016, eq. 15). The ELBO's loss has
	// sum_j max(FreeBits, KL_j) in place of sum_j KL_j, and the importance-weighted ones sum_j max(0, FreeBits - KL_j) besides,
	// which is the same difference. KL_j is that of latent unit j, averaged over the minibatch, or, where a unit's KL has no
	// closed form, that of a stochastic layer, with FreeBits for each of its units.
	FreeBits float64
	// WeightPrior is the precision of a normal prior on each weight, divided by the number of datapoints: the loss, which is
	// of one datapoint, has WeightPrior/2 times the sum of squares besides, so that training finds a MAP estimate (Kingma and
	// Welling, 2013, section 2.1). 0 is none.
	WeightPrior float64
}

// Maximise is the model with another bound than the ELBO as its objective: train.Fit(ctx, m, ...) trains v.
func (v *VAE) Maximise(b Bound) (train.Model, error) {
	if err := v.checkBound(b); err != nil {
		return nil, fmt.Errorf("models: maximise: %w", err)
	}
	return maximised{v, b}, nil
}

// maximised is a VAE that is trained by a bound.
type maximised struct {
	*VAE
	bound Bound
}

// Objective is the negative bound.
func (m maximised) Objective() (*train.Objective, error) { return m.objective(m.bound) }

func (v *VAE) checkBound(b Bound) error {
	switch b.Estimator {
	case "", SGVBA, SGVBB, IWAE, DReG:
	default:
		return fmt.Errorf("the objective %q is not known; use %s, %s, %s or %s", string(b.Estimator), SGVBB, SGVBA, IWAE, DReG)
	}
	if b.K < 0 || b.K > 1<<16 || !(b.FreeBits >= 0) || math.IsInf(b.FreeBits, 0) {
		return fmt.Errorf("%d draws and %v free bits; give 1 to %d draws, and no free bits or a positive number of nats", b.K, b.FreeBits, 1<<16)
	}
	if !(b.WeightPrior >= 0) || math.IsInf(b.WeightPrior, 0) {
		return fmt.Errorf("a weight prior of precision %v; give a positive number, or 0 for none", b.WeightPrior)
	}
	if b.Estimator != DReG {
		return nil
	}
	s, ok := v.latents.(*single)
	switch {
	case !ok:
		return fmt.Errorf("the doubly reparameterised gradient is there for one stochastic layer: with several, a draw moves the densities of those below it, too; use %s", IWAE)
	case len(s.flow) > 0:
		return fmt.Errorf("the doubly reparameterised gradient needs log q(z|x) at a fixed z, and for a flow that is its inverse, which for most has no closed form; use %s", IWAE)
	}
	return nil
}

// weighted reports whether the draws are weighted by importance.
func (b Bound) weighted() bool { return b.Estimator == IWAE || b.Estimator == DReG }

// replicated is x [batch, row...] with each row k times: [batch*k, row...].
func replicated(g *graph.Graph, x *graph.Value, k int) (*graph.Value, error) {
	if k == 1 {
		return x, nil
	}
	row, known := x.Shape[1:].Known()
	if !known {
		return nil, fmt.Errorf("%v leaves the extents of a row open, so it cannot be drawn for %d times", x, k)
	}
	times := make([]int, len(row)+2)
	for i := range times {
		times[i] = 1
	}
	times[1] = k
	return g.Reshape(g.Tile(g.Unsqueeze(x, 1), times...), g.Int64s(append([]int{-1}, row...)...)), nil
}
