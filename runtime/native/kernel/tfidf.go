package kernel

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

func init() { register(&Kernel{Op: "TfIdfVectorizer", Dynamic: tfidf}) }

// tfidf counts, in each row, the n-grams of a pool: words that follow each other at distances of 1 to max_skip_count + 1. n-gram
// i of the pool counts in place ngram_indexes[i], where TF gives the count, IDF the n-gram's weight if it occurs, and TFIDF
// the product.
func tfidf(n *graph.Node, in []*tensor.Tensor) ([]*tensor.Tensor, error) {
	words := wordsOf(in[0])
	pool, err := poolOf(n)
	if err != nil {
		return nil, err
	}
	places := n.Ints("ngram_indexes")
	weights, _ := n.Attrs["weights"].([]float32)
	width := 0
	for _, p := range places {
		if p < 0 || p > maxRange {
			return nil, fmt.Errorf("ngram_indexes has %d", p)
		}
		width = max(width, p+1)
	}
	shape := append(tensor.Shape{}, in[0].Shape()...)
	row := shape[len(shape)-1]
	shape[len(shape)-1] = width
	y := tensor.New(tensor.Float32, shape...)
	out := tensor.Data[float32](y)
	mode := n.Str("mode", "TF")
	least, most := n.Int("min_gram_length", 1), n.Int("max_gram_length", 1)
	if least < 1 {
		return nil, fmt.Errorf("min_gram_length %d", least)
	}
	for r := range len(out) / max(width, 1) {
		counts := make([]float32, len(places))
		line := words[r*row : (r+1)*row]
		for size := least; size <= min(most, row); size++ {
			for skip := 0; skip <= min(n.Int("max_skip_count", 0), row) && (skip == 0 || size > 1); skip++ {
				for at := 0; at+(size-1)*(skip+1) < row; at++ {
					gram := make([]string, size)
					for k := range gram {
						gram[k] = line[at+k*(skip+1)]
					}
					if i, ok := pool[strings.Join(gram, "\x00")]; ok && i < len(counts) {
						counts[i]++
					}
				}
			}
		}
		for i, c := range counts {
			weight := float32(1)
			if i < len(weights) {
				weight = weights[i]
			}
			switch {
			case mode == "TF":
				out[r*width+places[i]] = c
			case mode == "IDF" && c > 0:
				out[r*width+places[i]] = weight
			case mode == "TFIDF":
				out[r*width+places[i]] = c * weight
			}
		}
	}
	return []*tensor.Tensor{y}, nil
}

func wordsOf(x *tensor.Tensor) []string {
	if x.DType() == tensor.String {
		return x.Strings()
	}
	words := make([]string, x.Len())
	for i, v := range x.Floats() {
		words[i] = strconv.FormatFloat(v, 'f', -1, 64)
	}
	return words
}

// poolOf numbers the n-grams of the pool, whose attribute ngram_counts tells where those of each length begin.
func poolOf(n *graph.Node) (map[string]int, error) {
	words, _ := n.Attrs["pool_strings"].([]string)
	for _, v := range n.Ints("pool_int64s") {
		words = append(words, strconv.Itoa(v))
	}
	starts := n.Ints("ngram_counts")
	pool := map[string]int{}
	for i, from := range starts {
		to := len(words)
		if i+1 < len(starts) {
			to = starts[i+1]
		}
		if from < 0 || to > len(words) || from > to || (to-from)%(i+1) != 0 {
			return nil, fmt.Errorf("ngram_counts %v of a pool of %d words", starts, len(words))
		}
		for at := from; at < to; at += i + 1 {
			pool[strings.Join(words[at:at+i+1], "\x00")] = len(pool)
		}
	}
	return pool, nil
}
