package train

import (
	"fmt"
	"slices"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// running is a running statistic that the run updates.
type running struct {
	name         string
	weight, next *tensor.Tensor
}

// moving are the objective's statistics that no pattern freezes, in order, and the others.
func (obj *Objective) moving(freeze []string) (moving, kept []graph.Statistic) {
	for _, s := range obj.Running {
		if slices.ContainsFunc(freeze, func(p string) bool { return match(p, s.Weight.Name) }) {
			kept = append(kept, s)
		} else {
			moving = append(moving, s)
		}
	}
	return moving, kept
}

// in is where the statistics are in a copy of their graph.
func in(at map[*graph.Value]*graph.Value, statistics []graph.Statistic) []graph.Statistic {
	out := make([]graph.Statistic, len(statistics))
	for i, s := range statistics {
		out[i] = graph.Statistic{Weight: at[s.Weight], Next: at[s.Next]}
	}
	return out
}

// bindRunning feeds the statistics and makes the tensors of their next values, which are the step's last outputs.
func bindRunning(statistics []graph.Statistic, feed func(*graph.Value, *tensor.Tensor), at map[*graph.Value]*graph.Value) ([]running, error) {
	var out []running
	for _, r := range statistics {
		w := r.Weight.Data
		if r.Next.DType != w.DType() || !r.Next.Shape.Equal(r.Weight.Shape) {
			return nil, fmt.Errorf("train: the next value of %v is %v", r.Weight, r.Next)
		}
		feed(at[r.Weight], w)
		out = append(out, running{name: r.Weight.Name, weight: w, next: tensor.New(w.DType(), w.Shape()...)})
	}
	return out, nil
}

// finiteRunning reports whether every next value is finite.
func (s *step) finiteRunning() bool {
	return !slices.ContainsFunc(s.running, func(r running) bool { _, _, bad := firstBad(r.next); return bad })
}

// moveRunning puts the statistics' next values in their place.
func (s *step) moveRunning() {
	for _, r := range s.running {
		copy(r.weight.Bytes(), r.next.Bytes())
	}
}
