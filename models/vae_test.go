package models

import (
	"context"
	"testing"

	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
)

// pictures are n rows of smooth numbers in [0,1].
func pictures(n int, row ...int) *tensor.Tensor {
	x := tensor.New(tensor.Float32, append([]int{n}, row...)...)
	for i := range n {
		runtime.Noise{Seed: 1}.Uniform(uint64(i), tensor.Data[float32](x.Rows(i, i+1)))
	}
	return x
}

func configs() map[string]Config {
	all := map[string]Config{}
	for _, l := range []Likelihood{Bernoulli, Gaussian, DiscretizedLogistic} {
		all["dense "+string(l)] = Config{Shape: []int{5, 4}, Latent: 3, Hidden: []int{7, 6}, Likelihood: l, Seed: 1}
		all["conv "+string(l)] = Config{Body: "conv", Shape: []int{2, 5, 6}, Latent: 3, Hidden: []int{3, 4}, Likelihood: l, Activation: "elu", Seed: 1}
	}
	all["conv grey"] = Config{Body: "conv", Shape: []int{7, 7}, Latent: 2, Hidden: []int{3}, Seed: 1}
	return all
}

func TestEveryBodyAndLikelihoodRuns(t *testing.T) {
	ctx := context.Background()
	for name, c := range configs() {
		t.Run(name, func(t *testing.T) {
			v, err := New(c)
			if err != nil {
				t.Fatal(err)
			}
			defer v.Close()
			x := pictures(3, c.Shape...)
			s, err := v.Score(ctx, x, ScoreOptions{K: 3})
			if err != nil {
				t.Fatal(err)
			}
			for i := range 3 {
				if !(s.KL[i] > 0) || !(s.IWAE[i] >= s.ELBO[i]-1) {
					t.Errorf("row %d: KL %v, ELBO %v, IWAE %v", i, s.KL[i], s.ELBO[i], s.IWAE[i])
				}
			}
			y, err := v.Sample(ctx, 4, Seed(1))
			if err != nil {
				t.Fatal(err)
			}
			if !y.Shape().Equal(append(tensor.Shape{4}, c.Shape...)) {
				t.Errorf("sample has shape %v", y.Shape())
			}
			for i, p := range tensor.Data[float32](y) {
				if !(p >= 0 && p <= 1) {
					t.Fatalf("sample holds %v at %d", p, i)
				}
			}
			o, err := v.Objective()
			if err != nil {
				t.Fatal(err)
			}
			if len(o.Params) < 8 {
				t.Errorf("objective has %d params", len(o.Params))
			}
		})
	}
}
