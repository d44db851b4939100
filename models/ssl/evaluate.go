package ssl

import (
	"context"
	"fmt"
	"math"

	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train/data"
)

// Predictions are the most likely classes of rows of probabilities [n, classes].
func Predictions(probabilities *tensor.Tensor) []int {
	classes := probabilities.Shape()[1]
	best := make([]int, probabilities.Shape()[0])
	for i := range best {
		row := tensor.Data[float32](probabilities)[i*classes : (i+1)*classes]
		for j, p := range row {
			if p > row[best[i]] {
				best[i] = j
			}
		}
	}
	return best
}

// Evaluation is what Evaluate found.
type Evaluation struct {
	// Error is the share of rows that are not of the most likely class, in percent, and N how many rows had a label.
	Error float64 `json:"error"`
	N     int     `json:"n"`
	// LogLoss is the mean of -log q(y|x) of the labels, in nats.
	LogLoss float64 `json:"log_loss"`
}

// Evaluate holds the classes of rows of data against their labels. With k above 0 the classes are those of Posterior with k
// draws and the seed, else those of the classifier. Rows without a label are left aside.
func (m *M2) Evaluate(ctx context.Context, src data.Source, labels []int, k int, seed uint64) (*Evaluation, error) {
	if len(labels) != src.Len() {
		return nil, fmt.Errorf("ssl: evaluate: %d labels for the %d rows of %s: %w", len(labels), src.Len(), src.Name(), data.ErrLabels)
	}
	e := &Evaluation{}
	wrong := 0
	err := eachBatch(ctx, src, func(lo int, x *tensor.Tensor) error {
		var p *tensor.Tensor
		var err error
		if k > 0 {
			p, err = m.Posterior(ctx, x, k, seed, uint64(lo))
		} else {
			p, err = m.Classify(ctx, x)
		}
		if err != nil {
			return err
		}
		for i, best := range Predictions(p) {
			y := labels[lo+i]
			switch {
			case y == data.Unlabelled:
				continue
			case y < 0 || y >= m.classes:
				return fmt.Errorf("the label of row %d is %d, the model has 0 to %d: %w", lo+i, y, m.classes-1, data.ErrLabels)
			case y != best:
				wrong++
			}
			e.N++
			e.LogLoss -= math.Log(max(float64(tensor.Data[float32](p)[i*m.classes+y]), math.SmallestNonzeroFloat32))
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("ssl: evaluate: %w", err)
	}
	if e.N == 0 {
		return nil, fmt.Errorf("ssl: evaluate: no row of %s has a label: %w", src.Name(), data.ErrLabels)
	}
	e.Error, e.LogLoss = 100*float64(wrong)/float64(e.N), e.LogLoss/float64(e.N)
	return e, nil
}
