package adam

import (
	"context"
	"fmt"
	"math"
	"sort"

	"github.com/elbo-ml/elbo/reproduce"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/train/data"
)

// vocabulary is the number of words, as many as the paper takes of the IMDB reviews.
const vocabulary = 10000

// corpus is a generated collection of reviews: the stand-in for the paper's IMDB data, which is not to be had here.
//
// The word of rank r (from 1) comes with probability in proportion to 1/(r + 2.7) (Zipf, as Mandelbrot has it) times
// exp(d_r/2) in a good review and exp(-d_r/2) in a bad one. One word in 25 tells good from bad, d_r ~ N(0, 1); for the rest,
// and the 50 most common, d_r = 0. A review has exp(N(5.3, 0.4)) words, 217 on average. A row is 1 for each word that
// comes in the review and 0 elsewhere, and is drawn when it is read.
type corpus struct {
	n, seed uint64
	// cumulative is the distribution over words in a bad review and in a good one.
	cumulative [2][]float64
}

// Streams keep apart what is drawn of a corpus.
const (
	streamTelling = iota
	streamWeight
	streamLength
	streamWords
)

func newCorpus(n, seed uint64) *corpus {
	c := &corpus{n: n, seed: seed}
	telling, weight := make([]float32, vocabulary), make([]float32, vocabulary)
	runtime.Noise{Stream: streamTelling}.Uniform(0, telling) // words mean the same in every corpus
	runtime.Noise{Stream: streamWeight}.Normal(0, weight)
	for class := range c.cumulative {
		sum, sums := 0.0, make([]float64, vocabulary)
		for r := range sums {
			d := 0.0
			if r >= 50 && telling[r] < 0.04 {
				d = float64(weight[r])
			}
			sum += math.Exp(d*(float64(class)-0.5)) / (float64(r+1) + 2.7)
			sums[r] = sum
		}
		for r := range sums {
			sums[r] /= sum
		}
		c.cumulative[class] = sums
	}
	return c
}

func (c *corpus) Len() int     { return int(c.n) }
func (c *corpus) Shape() []int { return []int{vocabulary} }
func (c *corpus) Name() string {
	return fmt.Sprintf("generated reviews (%d x %d words), seed %d", c.n, vocabulary, c.seed)
}
func (c *corpus) Close() error { return nil }

// Read draws reviews. The even ones are bad, the odd ones good.
func (c *corpus) Read(ctx context.Context, rows []int, dst []float32) error {
	var length [1]float32
	var draws []float32
	clear(dst)
	for i, row := range rows {
		review := dst[i*vocabulary : (i+1)*vocabulary]
		runtime.Noise{Seed: c.seed, Stream: streamLength}.Normal(uint64(row), length[:])
		n := int(math.Exp(5.3 + 0.4*float64(length[0])))
		if cap(draws) < n {
			draws = make([]float32, n)
		}
		draws = draws[:n]
		runtime.Noise{Seed: c.seed, Stream: streamWords}.Uniform(uint64(row), draws)
		sums := c.cumulative[row%2]
		for _, u := range draws {
			review[min(sort.SearchFloat64s(sums, float64(u)), vocabulary-1)] = 1
		}
	}
	return ctx.Err()
}

// words are the generated reviews with their labels, as many as IMDB has.
func words(l *reproduce.Lab) (train, test data.Source, err error) {
	n := uint64(25000)
	if train, err = labelled(newCorpus(n, 1)); err != nil {
		return nil, nil, err
	}
	test, err = labelled(newCorpus(n/5, 2))
	return train, test, err
}

func labelled(c *corpus) (data.Source, error) {
	labels := make([]int, c.n)
	for i := range labels {
		labels[i] = i % 2
	}
	return data.WithLabels(c, labels, 2)
}
