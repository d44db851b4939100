// Package svm is the linear support vector machine that the semi-supervised experiments compare with.
package svm

import (
	"fmt"
	"math"

	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train/data"
)

// Linear holds a hyperplane for each class: a row is of the class whose side it is deepest on.
type Linear struct {
	classes, size int
	w             []float64 // [classes, size+1], the last of a row its bias
	mean, scale   []float64 // what standardises a feature
}

// Options say how Train goes about it.
type Options struct {
	// C weighs errors against the margin; 0 is 1.
	C float64
	// Seed decides the order in which examples are visited.
	Seed uint64
}

const (
	maxPasses = 300
	tolerance = 1e-3
)

// Train fits a machine to rows [n, size] of float32 with classes y, one class against the rest. Features are standardised,
// and the bias is the weight of a feature that is always 1. Each hyperplane minimises
//
//	1/2 |w|^2 + C sum_i max(0, 1 - y_i w.x_i)^2
//
// by coordinate descent on the dual (Hsieh et al., "A dual coordinate descent method for large-scale linear SVM", 2008,
// algorithm 1 with the L2 loss).
func Train(x *tensor.Tensor, y []int, classes int, o Options) (*Linear, error) {
	o, err := check(x, y, classes, o)
	if err != nil {
		return nil, err
	}
	m := newLinear(classes, x)
	rows := make([][]float64, len(y))
	for i := range rows {
		rows[i] = m.row(x, i)
	}
	for class := range classes {
		p := problem{rows: rows, signs: make([]float64, len(y)), costs: repeat(o.C, len(y)), seed: o.Seed, w: m.plane(class)}
		for i, c := range y {
			if p.signs[i] = -1; c == class {
				p.signs[i] = 1
			}
		}
		p.descend()
	}
	return m, nil
}

// check holds labelled rows against one another, and fills in the options' default.
func check(x *tensor.Tensor, y []int, classes int, o Options) (Options, error) {
	if x.DType() != tensor.Float32 || len(x.Shape()) != 2 || x.Shape()[0] != len(y) || len(y) == 0 {
		return o, fmt.Errorf("svm: train: rows are %v and there are %d classes of them", x, len(y))
	}
	for i, c := range y {
		if c < 0 || c >= classes {
			return o, fmt.Errorf("svm: train: the class of row %d is %d, want 0 to %d: %w", i, c, classes-1, data.ErrLabels)
		}
	}
	if o.C == 0 {
		o.C = 1
	}
	if !(o.C > 0) || math.IsInf(o.C, 0) {
		return o, fmt.Errorf("svm: train: C is %v, want a positive number", o.C)
	}
	return o, nil
}

// newLinear is a machine without an opinion, whose features are standardised over the rows x.
func newLinear(classes int, x *tensor.Tensor) *Linear {
	m := &Linear{classes: classes, size: x.Shape()[1]}
	m.w = make([]float64, classes*(m.size+1))
	m.standardise(x)
	return m
}

func (m *Linear) plane(class int) []float64 { return m.w[class*(m.size+1) : (class+1)*(m.size+1)] }

// standardise finds the mean and the deviation of each feature.
func (m *Linear) standardise(x *tensor.Tensor) {
	m.mean, m.scale = make([]float64, m.size), make([]float64, m.size)
	all, n := tensor.Data[float32](x), float64(x.Shape()[0])
	for i, v := range all {
		m.mean[i%m.size] += float64(v) / n
	}
	for i, v := range all {
		d := float64(v) - m.mean[i%m.size]
		m.scale[i%m.size] += d * d / n
	}
	for j, v := range m.scale {
		if m.scale[j] = 0; v > 0 { // a feature that never changes tells nothing
			m.scale[j] = 1 / math.Sqrt(v)
		}
	}
}

// row is row i, standardised, with a 1 behind it.
func (m *Linear) row(x *tensor.Tensor, i int) []float64 {
	row := make([]float64, m.size+1)
	for j, v := range tensor.Data[float32](x)[i*m.size : (i+1)*m.size] {
		row[j] = (float64(v) - m.mean[j]) * m.scale[j]
	}
	row[m.size] = 1
	return row
}

// problem is the search for a hyperplane w between rows with signs, whose losses have costs.
type problem struct {
	rows         [][]float64
	signs, costs []float64
	seed         uint64
	w            []float64
	alpha        []float64 // of the dual: w = sum_i alpha_i sign_i row_i
}

// restart forgets the hyperplane: signs or costs have changed.
func (p *problem) restart() {
	clear(p.w)
	p.alpha = nil
}

// descend finds the hyperplane.
func (p *problem) descend() {
	if p.alpha == nil {
		p.alpha = make([]float64, len(p.rows))
	}
	for pass := range maxPasses {
		order := data.NewPermutation(len(p.rows), p.seed, uint64(pass))
		largest := 0.0
		for k := range p.rows {
			i := order.At(k)
			row, diagonal := p.rows[i], 1/(2*p.costs[i])
			gradient := p.signs[i]*dot(p.w, row) - 1 + diagonal*p.alpha[i]
			projected := gradient
			if p.alpha[i] == 0 {
				projected = min(gradient, 0)
			}
			largest = max(largest, math.Abs(projected))
			if projected == 0 {
				continue
			}
			next := max(p.alpha[i]-gradient/(dot(row, row)+diagonal), 0)
			step := (next - p.alpha[i]) * p.signs[i]
			for j, v := range row {
				p.w[j] += step * v
			}
			p.alpha[i] = next
		}
		if largest < tolerance {
			return
		}
	}
}

func dot(a, b []float64) float64 {
	sum := 0.0
	for i, v := range a {
		sum += v * b[i]
	}
	return sum
}

// Predict is the class of each row.
func (m *Linear) Predict(x *tensor.Tensor) []int {
	classes := make([]int, x.Shape()[0])
	for i := range classes {
		row, best := m.row(x, i), math.Inf(-1)
		for class := range m.classes {
			if depth := dot(m.plane(class), row); depth > best {
				best, classes[i] = depth, class
			}
		}
	}
	return classes
}

// Error is the share of rows whose class Predict gets wrong, in percent.
func (m *Linear) Error(x *tensor.Tensor, y []int) float64 {
	wrong := 0
	for i, class := range m.Predict(x) {
		if class != y[i] {
			wrong++
		}
	}
	return 100 * float64(wrong) / float64(len(y))
}
