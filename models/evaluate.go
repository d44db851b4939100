package models

import (
	"context"
	"fmt"
	"math"
	"time"

	"gonum.org/v1/gonum/stat"

	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train/data"
)

// activeKL is the KL, averaged over the data, above which a latent unit counts as active.
const activeKL = 0.01

// EvalOptions say how Evaluate goes about it.
type EvalOptions struct {
	// K is the number of samples of z per row; 0 means 1.
	K int
	// Limit bounds the rows read; 0 means all.
	Limit int
	// Batch is the number of rows read at a time; 0 means 100. The result does not depend on it.
	Batch int
	// Binarize says how grey rows become black and white ones.
	Binarize data.Binarize
	// Seed picks the noise of the estimate and the binarisation.
	Seed uint64
	// Progress, if set, is told after each batch the rows done and the rows in all, the mean ELBO so far, and the rows
	// done per second.
	Progress func(done, total int, elbo, rate float64)
}

// Evaluation is what Evaluate found: means over the rows, in nats per row. Its JSON is what `elbo eval --json` prints.
type Evaluation struct {
	ELBO           float64 `json:"elbo"`
	Reconstruction float64 `json:"reconstruction"`
	KL             float64 `json:"kl"`
	// BitsPerDim is what the better bound comes to: -bound/(D log 2) bits for each of the D numbers of a row; absent where
	// p(x|z) is a density, whose bits depend on the unit of x.
	BitsPerDim float64 `json:"bits_per_dim,omitempty"`
	// ActiveUnits is the number of latent units whose KL, averaged over the rows, is above 0.01.
	ActiveUnits int `json:"active_units"`
	K           int `json:"k"`
	// IWAE is the importance-weighted bound with K samples; absent when K is 1.
	IWAE float64 `json:"iwae,omitempty"`
	// ELBOError and IWAEError are the standard errors of the means over the rows.
	ELBOError float64 `json:"elbo_stderr"`
	IWAEError float64 `json:"iwae_stderr,omitempty"`
	N         int     `json:"n"`
	Binarize  string  `json:"binarize"`
	Engine    string  `json:"engine"`
	Seconds   float64 `json:"seconds"`
	// UnitKL is the KL of each latent unit, averaged over the rows; absent where it has no closed form, and ActiveUnits is 0.
	UnitKL []float64 `json:"unit_kl,omitempty"`
	// LayerKL is the KL of each stochastic layer, averaged over the rows.
	LayerKL []float64 `json:"layer_kl"`
}

// Evaluate scores the rows of src, streamed, with the bound of Score: row i uses the noise of (Seed, i).
func Evaluate(ctx context.Context, v *VAE, src data.Source, o EvalOptions) (*Evaluation, error) {
	if o.Batch == 0 {
		o.Batch = 100
	}
	o.K = max(o.K, 1)
	if o.Batch < 1 || o.Limit < 0 {
		return nil, fmt.Errorf("models: evaluate: batch is %d and limit %d; they must not be negative: %w", o.Batch, o.Limit, ErrInput)
	}
	size, want := rowSize(src.Shape()), rowSize(v.manifest.Shape)
	if size != want {
		return nil, fmt.Errorf("models: evaluate: rows of %s hold %d numbers, the model takes %d (%v): %w", src.Name(), size, want, tensor.Shape(v.manifest.Shape), ErrInput)
	}
	src, err := data.NewBinarized(src, o.Binarize, o.Seed)
	if err != nil {
		return nil, fmt.Errorf("models: evaluate: %w", err)
	}
	n := src.Len()
	if o.Limit > 0 {
		n = min(n, o.Limit)
	}
	if n == 0 {
		return nil, fmt.Errorf("models: evaluate: %s has no rows: %w", src.Name(), ErrInput)
	}
	o.Batch = min(o.Batch, n)
	e := &evaluation{start: time.Now(), unitKL: make([]float64, v.manifest.Latent), layerKL: make([]float64, v.shape.layers)}
	x := tensor.New(tensor.Float32, o.Batch, size)
	index := make([]int, o.Batch)
	for lo := 0; lo < n; lo += o.Batch {
		rows := min(o.Batch, n-lo)
		for i := range rows {
			index[i] = lo + i
		}
		batch := x.Rows(0, rows)
		if err := src.Read(ctx, index[:rows], tensor.Data[float32](batch)); err != nil {
			return nil, fmt.Errorf("models: evaluate: %w", err)
		}
		s, err := v.Score(ctx, batch, ScoreOptions{K: o.K, Seed: o.Seed, FirstRow: uint64(lo)})
		if err != nil {
			return nil, fmt.Errorf("models: evaluate: rows from %d on: %w", lo, err)
		}
		e.add(s)
		if o.Progress != nil {
			o.Progress(e.elbo.n, n, e.elbo.mean, float64(e.elbo.n)/time.Since(e.start).Seconds())
		}
	}
	return e.result(v, o), nil
}

// evaluation adds up scores.
type evaluation struct {
	start                          time.Time
	elbo, reconstruction, kl, iwae moments
	unitKL, layerKL                []float64
}

func (e *evaluation) add(s *Score) {
	for i := range s.ELBO {
		e.elbo.add(s.ELBO[i])
		e.reconstruction.add(s.Reconstruction[i])
		e.kl.add(s.KL[i])
		e.iwae.add(s.IWAE[i])
	}
	for j, kl := range s.UnitKL {
		e.unitKL[j] += kl
	}
	for j, kl := range s.LayerKL {
		e.layerKL[j%len(e.layerKL)] += kl
	}
}

func (e *evaluation) result(v *VAE, o EvalOptions) *Evaluation {
	n := e.elbo.n
	r := &Evaluation{ELBO: e.elbo.mean, Reconstruction: e.reconstruction.mean, KL: e.kl.mean, K: o.K, ELBOError: e.elbo.standardError(),
		N: n, Binarize: o.Binarize.String(), Engine: v.engine.Name(), Seconds: time.Since(e.start).Seconds(), LayerKL: e.layerKL}
	if v.shape.unitKL {
		r.UnitKL = e.unitKL
	}
	for j := range r.LayerKL {
		r.LayerKL[j] /= float64(n)
	}
	if o.K > 1 {
		r.IWAE, r.IWAEError = e.iwae.mean, e.iwae.standardError()
	}
	if v.manifest.Likelihood != Gaussian {
		bound := r.ELBO
		if o.K > 1 {
			bound = r.IWAE
		}
		r.BitsPerDim = -bound / (float64(rowSize(v.manifest.Shape)) * math.Ln2)
	}
	for j := range r.UnitKL {
		r.UnitKL[j] /= float64(n)
		if r.UnitKL[j] > activeKL {
			r.ActiveUnits++
		}
	}
	return r
}

// moments is a running mean and sum of squared deviations (Welford, 1962).
type moments struct {
	n           int
	mean, sumSq float64
}

func (m *moments) add(x float64) {
	m.n++
	d := x - m.mean
	m.mean += d / float64(m.n)
	m.sumSq += d * (x - m.mean)
}

// standardError is that of the mean; 0 for one row, which says nothing of the spread.
func (m *moments) standardError() float64 {
	if m.n < 2 {
		return 0
	}
	return stat.StdErr(math.Sqrt(m.sumSq/float64(m.n-1)), float64(m.n))
}
