package svm

import (
	"fmt"
	"math"
	"slices"

	"github.com/elbo-ml/elbo/tensor"
)

// guessWeights are the weights of rows without labels, all together against all labelled ones, from small to equal: the
// guesses of their classes settle while they still say little.
var guessWeights = []float64{0.01, 0.1, 1}

// maxSwitches bounds the rounds of switching at one weight.
const maxSwitches = 20

// Transduce fits a machine to rows x with classes y and to rows without: it guesses the classes of those, as many of each as
// among the labelled, and minimises
//
//	1/2 |w|^2 + C sum_labelled loss_i^2 + C g labelled/unlabelled sum_unlabelled loss_j^2, loss = max(0, 1 - y w.x)
//
// over w and the guesses, one class against the rest, with g rising to 1. Pairs of guesses whose losses add up to more than
// 2 are switched while there are any (Joachims, 1999; Sindhwani and Keerthi, "Large scale semi-supervised linear SVMs",
// 2006, with multiple switching).
func Transduce(x *tensor.Tensor, y []int, unlabelled *tensor.Tensor, classes int, o Options) (*Linear, error) {
	o, err := check(x, y, classes, o)
	if err != nil {
		return nil, err
	}
	if unlabelled.DType() != tensor.Float32 || len(unlabelled.Shape()) != 2 || unlabelled.Shape()[0] == 0 || unlabelled.Shape()[1] != x.Shape()[1] {
		return nil, fmt.Errorf("svm: transduce: rows without labels are %v, those with are %v", unlabelled, x)
	}
	m := newLinear(classes, unlabelled)
	n := len(y)
	rows := make([][]float64, 0, n+unlabelled.Shape()[0])
	for i := range n {
		rows = append(rows, m.row(x, i))
	}
	for i := range unlabelled.Shape()[0] {
		rows = append(rows, m.row(unlabelled, i))
	}
	for class := range classes {
		signs := make([]float64, len(rows))
		positive := 0
		for i, c := range y {
			if signs[i] = -1; c == class {
				signs[i], positive = 1, positive+1
			}
		}
		p := &problem{rows: rows[:n], signs: signs[:n], costs: repeat(o.C, n), seed: o.Seed, w: m.plane(class)}
		p.descend()
		p.guess(rows, signs, positive)
		for _, g := range guessWeights {
			p.costs = append(repeat(o.C, n), repeat(o.C*g*float64(n)/float64(len(rows)-n), len(rows)-n)...)
			p.restart()
			for range maxSwitches {
				p.descend()
				if !p.switchGuesses(n) {
					break
				}
			}
		}
	}
	return m, nil
}

func repeat(v float64, n int) []float64 { return slices.Repeat([]float64{v}, n) }

// guess takes in all rows: of those without labels the same share is positive as of the others, those deepest on that side.
func (p *problem) guess(rows [][]float64, signs []float64, positive int) {
	n := len(p.rows)
	p.rows, p.signs = rows, signs
	order := make([]int, 0, len(rows)-n)
	depth := make([]float64, len(rows))
	for i := n; i < len(rows); i++ {
		depth[i] = dot(p.w, rows[i])
		order = append(order, i)
	}
	slices.SortStableFunc(order, func(a, b int) int { return -compare(depth[a], depth[b]) })
	share := int(math.Round(float64(positive) / float64(n) * float64(len(order))))
	for k, i := range order {
		if signs[i] = -1; k < share {
			signs[i] = 1
		}
	}
}

func compare(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// switchGuesses switches the pairs of a positive and a negative guess whose losses add up to more than 2, the worst with the
// worst, and reports whether there were any.
func (p *problem) switchGuesses(n int) bool {
	loss := func(i int) float64 { return max(0, 1-p.signs[i]*dot(p.w, p.rows[i])) }
	losses := make([]float64, len(p.rows))
	var up, down []int
	for i := n; i < len(p.rows); i++ {
		if losses[i] = loss(i); losses[i] > 0 && p.signs[i] > 0 {
			up = append(up, i)
		} else if losses[i] > 0 {
			down = append(down, i)
		}
	}
	worst := func(a, b int) int { return -compare(losses[a], losses[b]) }
	slices.SortStableFunc(up, worst)
	slices.SortStableFunc(down, worst)
	switched := false
	for k := 0; k < min(len(up), len(down)) && losses[up[k]]+losses[down[k]] > 2; k++ {
		p.signs[up[k]], p.signs[down[k]] = -1, 1
		switched = true
	}
	if switched {
		p.restart()
	}
	return switched
}
