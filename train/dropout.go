package train

import (
	"fmt"
	"strings"
)

// Dropout is a kind of noise on the weights of a layer, or on its inputs. With x [batch, in] a layer's input, w its weights
// and eps standard normal numbers:
//
//	binary            x * keep / (1-p), keep from Bernoulli(1-p)                        (Srivastava et al., 2014)
//	gaussian-a        x * (1 + sqrt(alpha) eps), alpha = p/(1-p) fixed                   (arXiv 1506.02557, section 3.1)
//	gaussian-b        w ~ N(w, alpha w^2) for each weight apart, alpha fixed             (section 3.2)
//	variational-a     as gaussian-a with alpha <= 1 learned, and a KL for each input     (section 3.3)
//	variational-a2    as variational-a with a third of the KL
//	variational-b     as gaussian-b with alpha <= 1 learned, and a KL for each weight
//	gaussian-weights  w ~ N(w, sigma^2), sigma learned for each weight; the prior is N(0, Prior^2)
//	sparse            w ~ N(w, alpha w^2), alpha learned for each weight without a bound (arXiv 1701.05369)
type Dropout uint8

// The kinds of dropout.
const (
	BinaryDropout Dropout = iota + 1
	GaussianDropoutA
	GaussianDropoutB
	VariationalDropoutA
	VariationalDropoutA2
	VariationalDropoutB
	GaussianWeights
	SparseDropout
)

var dropoutNames = [...]string{
	BinaryDropout: "binary", GaussianDropoutA: "gaussian-a", GaussianDropoutB: "gaussian-b",
	VariationalDropoutA: "variational-a", VariationalDropoutA2: "variational-a2", VariationalDropoutB: "variational-b",
	GaussianWeights: "gaussian-weights", SparseDropout: "sparse",
}

// DropoutNames are the names that ParseDropout knows.
func DropoutNames() []string { return dropoutNames[1:] }

func (d Dropout) String() string {
	if d > 0 && int(d) < len(dropoutNames) {
		return dropoutNames[d]
	}
	return fmt.Sprintf("dropout(%d)", uint8(d))
}

// ParseDropout is the inverse of String.
func ParseDropout(name string) (Dropout, error) {
	for d, n := range dropoutNames {
		if d > 0 && n == name {
			return Dropout(d), nil
		}
	}
	return 0, fmt.Errorf("train: dropout: unknown kind %q, known are %s: %w", name, strings.Join(DropoutNames(), ", "), ErrOptions)
}

// onInputs reports whether the noise multiplies the inputs of a layer.
func (d Dropout) onInputs() bool {
	switch d {
	case BinaryDropout, GaussianDropoutA, VariationalDropoutA, VariationalDropoutA2:
		return true
	}
	return false
}

// bounded reports whether alpha is learned and stays below 1.
func (d Dropout) bounded() bool {
	return d == VariationalDropoutA || d == VariationalDropoutA2 || d == VariationalDropoutB
}

// hasKL reports whether the kind has a posterior over weights, with a KL from a prior.
func (d Dropout) hasKL() bool { return d >= VariationalDropoutA }

// Per says how many noise rates a layer learns.
type Per uint8

// A rate for each layer, for each unit (an input of a layer where the noise is on inputs, an output of it otherwise), or for
// each weight.
const (
	PerLayer Per = iota
	PerUnit
	PerWeight
)

var perNames = [...]string{PerLayer: "layer", PerUnit: "unit", PerWeight: "weight"}

func (p Per) String() string {
	if int(p) < len(perNames) {
		return perNames[p]
	}
	return fmt.Sprintf("per(%d)", uint8(p))
}

// ParsePer is the inverse of String.
func ParsePer(name string) (Per, error) {
	for p, n := range perNames {
		if n == name {
			return Per(p), nil
		}
	}
	return 0, fmt.Errorf("train: dropout: unknown share %q of a rate, known are %s: %w", name, strings.Join(perNames[:], ", "), ErrOptions)
}

// Sampling says where the noise on weights is drawn.
type Sampling uint8

const (
	// Local draws what the layer gives, the pre-activations, from the distribution that the noise on its weights induces:
	// local reparameterisation (arXiv 1506.02557, section 2.2).
	Local Sampling = iota
	// Separate draws the weights for each datapoint. It is there to compare with: it costs as many weights as datapoints.
	Separate
	// Shared draws the weights once for the whole minibatch. Its noise has no axis for the minibatch, so Fit does not feed it.
	Shared
)
