package models

import (
	"context"

	"github.com/elbo-ml/elbo/runtime"
)

// Tolerance is the largest relative difference between engines that Verify's callers should accept.
const Tolerance = 1e-5

// Difference is how far two engines are apart on one output.
type Difference struct {
	// Output is the part and the output's name: "encoder/mean".
	Output string `json:"output"`
	// Engines are the two compared.
	Engines [2]string `json:"engines"`
	// Max is the largest |a-b| / max(|a|,|b|,scale) over the elements, where scale is the output's root mean square.
	Max float64 `json:"max"`
}

// Verify runs v's graphs on the same inputs on every engine and compares each with the first.
func Verify(ctx context.Context, v *VAE, engines ...runtime.Engine) ([]Difference, error) {
	return nil, errNotReady
}
