package train

import (
	"fmt"
	"math"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// Threshold is the log alpha from which a weight of sparse variational dropout counts as noise: it would be kept by binary
// dropout with a probability below 5 % (arXiv 1701.05369, section 4.3).
const Threshold = 3

// Sparsity tells how many of a layer's weights are 0.
type Sparsity struct {
	Name           string
	Weights, Zeros int
}

// Compression is how many times more weights there are than weights that are not 0.
func Compression(layers []Sparsity) float64 {
	weights, kept := 0, 0
	for _, l := range layers {
		weights, kept = weights+l.Weights, kept+l.Weights-l.Zeros
	}
	return float64(weights) / float64(kept)
}

// Prune sets the weights whose log alpha reaches threshold to 0, in the model itself: the source of the rewritten graph and
// whoever shares its tensors. It fails, before it changes any, when the kind of dropout learns no alpha without a bound.
func (v *VariationalGraph) Prune(threshold float64) ([]Sparsity, error) {
	return v.prune(threshold, func(t *tensor.Tensor) *tensor.Tensor { return t })
}

// Pruned is the mean model with the weights at 0 whose log alpha reaches threshold. Its other tensors are the source's own.
func (v *VariationalGraph) Pruned(threshold float64) (*graph.Graph, []Sparsity, error) {
	g, own := v.source.Clone(), map[*tensor.Tensor]*tensor.Tensor{}
	layers, err := v.prune(threshold, func(t *tensor.Tensor) *tensor.Tensor {
		if own[t] == nil {
			own[t] = t.Clone()
		}
		return own[t]
	})
	for _, w := range g.Weights {
		if t := own[w.Data]; t != nil {
			w.Data = t
		}
	}
	return g, layers, err
}

// prune sets weights to 0 in the tensors that in gives for those of the model.
func (v *VariationalGraph) prune(threshold float64, in func(*tensor.Tensor) *tensor.Tensor) ([]Sparsity, error) {
	for _, l := range v.Layers {
		if l.LogVariance == nil {
			return nil, fmt.Errorf("train: prune: the layer of %s learns no variance for each weight; sparse dropout does: %w", l.Name, ErrOptions)
		}
	}
	var layers []Sparsity
	for _, l := range v.Layers {
		log := l.LogAlpha()
		w, at, ok := placed(l.Weight)
		if !ok || log == nil {
			return nil, fmt.Errorf("train: prune: %v is computed from the weight %s: %w", l.Weight, l.Name, ErrOptions)
		}
		t, drop := in(w.Data), make([]bool, w.Data.Len())
		for i, place := range at {
			drop[place] = log[i] >= threshold
		}
		zeros := setZero(t, func(i int) bool { return drop[i] })
		layers = append(layers, Sparsity{l.Name, t.Len(), zeros})
	}
	return layers, nil
}

// LogAlpha is log alpha of each of the layer's weights (or of what shares an alpha), and nil where none is learned.
func (l *VariationalLayer) LogAlpha() []float64 {
	switch {
	case l.Alpha != nil:
		out := l.Alpha.Data.Floats()
		for i, a := range out {
			out[i] = -math.Log1p(math.Exp(-pace * a))
		}
		return out
	case l.LogVariance != nil:
		w, at, ok := placed(l.Weight)
		if !ok {
			return nil
		}
		out, held := l.LogVariance.Data.Floats(), w.Data.Floats()
		for i, place := range at {
			out[i] -= math.Log(held[place]*held[place] + tiny)
		}
		return out
	}
	return nil
}

// setZero sets the elements of t at which drop holds to 0 and returns how many of all are 0 then.
func setZero(t *tensor.Tensor, drop func(i int) bool) int {
	if t.DType() == tensor.Float64 {
		return zeroWhere(tensor.Data[float64](t), drop)
	}
	return zeroWhere(tensor.Data[float32](t), drop)
}

func zeroWhere[T float](x []T, drop func(i int) bool) int {
	zeros := 0
	for i := range x {
		if drop(i) {
			x[i] = 0
		}
		if x[i] == 0 {
			zeros++
		}
	}
	return zeros
}
