package ssl

import (
	"fmt"
	"slices"

	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/tensor"
)

// Config describes an M2 to build. The zero value of every field but Shape and Classes has a default, that of the author's
// code: 500 hidden units, 50 latent ones, softplus.
type Config struct {
	// Shape is the shape of one row of x.
	Shape []int
	// Classes is the number of classes, two or more.
	Classes int
	// Latent is the number of latent units; 0 means 50.
	Latent int
	// Hidden are the units of the hidden layers of each of the three networks; nil means [500].
	Hidden []int
	// Likelihood is p(x|y,z): models.Bernoulli (also when empty) or models.Gaussian, whose mean passes a sigmoid.
	Likelihood models.Likelihood
	// Features says that x are the features of another model, not numbers in [0,1]: p(x|y,z) is then Gaussian, with a mean
	// that may be anything.
	Features bool
	// Activation is softplus (the default) or another that models.Config takes.
	Activation string
	// Seed draws the initial weights.
	Seed uint64
	// Name is the model's name in its manifest; "" means "m2".
	Name string
}

// maxUnits bounds every extent of a model.
const maxUnits = 1 << 20

func (c Config) withDefaults() Config {
	if c.Latent == 0 {
		c.Latent = 50
	}
	if c.Hidden == nil {
		c.Hidden = []int{500}
	}
	if c.Features {
		c.Likelihood = models.Gaussian
	}
	if c.Likelihood == "" {
		c.Likelihood = models.Bernoulli
	}
	if c.Activation == "" {
		c.Activation = "softplus"
	}
	if c.Name == "" {
		c.Name = "m2"
	}
	return c
}

func (c Config) check() error {
	if c.Likelihood != models.Bernoulli && c.Likelihood != models.Gaussian {
		return fmt.Errorf("likelihood %q is not one of %s and %s", string(c.Likelihood), models.Bernoulli, models.Gaussian)
	}
	if _, err := models.ActivationOp(c.Activation); err != nil {
		return err
	}
	if len(c.Shape) == 0 || len(c.Hidden) == 0 {
		return fmt.Errorf("shape %v and hidden %v: give the shape of one row, and at least one hidden layer", c.Shape, c.Hidden)
	}
	if c.Classes < 2 {
		return fmt.Errorf("%d classes, want two or more", c.Classes)
	}
	for _, n := range slices.Concat(c.Shape, c.Hidden, []int{c.Latent, c.Classes}) {
		if n < 1 || n > maxUnits {
			return fmt.Errorf("shape %v, hidden %v, latent %d and classes %d must all be between 1 and %d", c.Shape, c.Hidden, c.Latent, c.Classes, maxUnits)
		}
	}
	if n, err := tensor.Shape(c.Shape).CheckedSize(); err != nil || n > maxUnits {
		return fmt.Errorf("shape %v holds more than %d numbers", c.Shape, maxUnits)
	}
	// In floating point, where their product cannot overflow.
	weights, in := 0.0, float64(tensor.Shape(c.Shape).Size()+c.Latent+c.Classes)
	for _, units := range c.Hidden {
		weights += 3 * in * float64(units)
		in = float64(units)
	}
	if weights > maxWeights {
		return fmt.Errorf("%.3g weights are more than the %d that fit an ONNX file; use fewer hidden units", weights, maxWeights)
	}
	return nil
}

// maxWeights bounds a model that Config can ask for: 2^29 float32s are 2 GiB, where protobuf files end.
const maxWeights = 1 << 29
