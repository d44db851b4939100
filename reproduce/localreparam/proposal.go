package localreparam

import (
	"context"
	"math/rand/v2"
	"sort"

	"github.com/elbo-ml/elbo/reproduce"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train"
	"github.com/elbo-ml/elbo/train/data"
)

// proposal draws datapoints by how unsure of their labels the network is, with weights that make up for it.
type proposal struct{ upTo []float64 } // the sum of the probabilities up to each datapoint

const (
	// evenly is the share of datapoints drawn by chance alone: no weight is above its inverse.
	evenly = 0.1
	// looks is the number of draws of the noise by which the network is judged.
	looks = 4
)

// newProposal judges the datapoints by 1 - p(label | x) under the noise: a gradient by the logits is no larger than twice that.
func newProposal(ctx context.Context, l *reproduce.Lab, c *train.Classifier, m *train.VariationalModel, src data.Source) (*proposal, error) {
	g := c.Graph().Clone()
	g.Outputs[0] = g.Softmax(g.Outputs[0], 1)
	v, err := m.Apply(g)
	if err != nil {
		return nil, err
	}
	pixels := tensor.Shape(src.Shape()).Size() - c.Classes()
	unsure, sum := make([]float64, src.Len()), 0.0
	const block = 1000
	for lo := 0; lo < src.Len(); lo += block {
		index := make([]int, min(block, src.Len()-lo))
		for i := range index {
			index[i] = lo + i
		}
		all := make([]float32, len(index)*(pixels+c.Classes()))
		if err := src.Read(ctx, index, all); err != nil {
			return nil, err
		}
		x := tensor.New(tensor.Float32, len(index), pixels)
		for i := range index {
			copy(tensor.Data[float32](x)[i*pixels:][:pixels], all[i*(pixels+c.Classes()):])
		}
		p, err := v.Predict(ctx, []*tensor.Tensor{x}, train.PredictOptions{Engine: l.Engine, Threads: l.Threads, Draws: looks, Seed: 3, FirstRow: uint64(lo)})
		if err != nil {
			return nil, err
		}
		for i := range index {
			label := all[i*(pixels+c.Classes())+pixels:][:c.Classes()]
			wrong := 1.0
			for k, y := range label {
				wrong -= float64(y) * float64(tensor.Data[float32](p[0].Mean)[i*c.Classes()+k])
			}
			unsure[lo+i] = max(wrong, 0)
			sum += unsure[lo+i]
		}
	}
	return newProposalOf(unsure, sum), nil
}

func newProposalOf(unsure []float64, sum float64) *proposal {
	p := &proposal{upTo: make([]float64, len(unsure))}
	total := 0.0
	for i, u := range unsure {
		share := 1 / float64(len(unsure))
		if sum > 0 {
			share = evenly*share + (1-evenly)*u/sum
		}
		total += share
		p.upTo[i] = total
	}
	return p
}

// draw gives a datapoint and its weight, 1 in the mean.
func (p *proposal) draw(random *rand.Rand) (row int, weight float64) {
	n := len(p.upTo)
	row = min(sort.SearchFloat64s(p.upTo, random.Float64()*p.upTo[n-1]), n-1)
	share := p.upTo[row]
	if row > 0 {
		share -= p.upTo[row-1]
	}
	return row, p.upTo[n-1] / share / float64(n)
}
