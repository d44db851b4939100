// Package model holds the models that are measured, as graphs.
package model

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train"
	"github.com/elbo-ml/elbo/train/data"
)

// Trained is a model to be trained, its data, and the rows of a minibatch. Made twice it is the same, bit for bit.
type Trained struct {
	train.Model
	Data  data.Source
	Batch int
}

// New makes a model by its name.
func New(name string) (*Trained, error) {
	switch name {
	case "vae":
		vae, err := models.New(models.Config{Shape: []int{784}, Hidden: []int{500}, Latent: 20, Seed: 1})
		return &Trained{vae, pixels(1000, 784), 100}, err
	case "conv":
		return &Trained{objective{convVAE()}, pixels(1000, 1, 28, 28), 100}, nil
	case "mlp":
		return &Trained{objective{mlp(plain)}, labelled(2000), 1000}, nil
	case "mlp-a":
		return &Trained{objective{mlp(dropoutA)}, labelled(2000), 1000}, nil
	case "mlp-b":
		return &Trained{objective{mlp(dropoutB)}, labelled(2000), 1000}, nil
	}
	return nil, fmt.Errorf("no model is called %q", name)
}

// objective is a model that is nothing else.
type objective struct{ o *train.Objective }

func (m objective) Objective() (*train.Objective, error) { return m.o, m.o.Graph.Err() }
func (m objective) Updated()                             {}

// initial draws weights from N(0, 1/fan_in).
func initial() graph.Init {
	r := rand.New(rand.NewPCG(3, 4))
	return func(_ string, fanIn int, shape ...int) *tensor.Tensor {
		t := tensor.New(tensor.Float32, shape...)
		for i := range tensor.Data[float32](t) {
			tensor.Data[float32](t)[i] = float32(r.NormFloat64() / math.Sqrt(float64(fanIn)))
		}
		return t
	}
}
