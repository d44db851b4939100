package models

import (
	"context"

	"github.com/elbo-ml/elbo/runtime"
)

// Tolerance is the largest relative difference between engines that Verify's callers should accept.
const Tolerance = 1e-5

// Difference is how far two engines are apart on one output.
type Difference struct {
	Part   string `json:"part"`   // "encoder" or "decoder"
	Output string `json:"output"` // the output's name in the graph
	Shape  []int  `json:"shape"`
	// Difference is the largest |a-b| relative to the output's largest magnitude.
	Difference float64 `json:"difference"`
}

// VerifyOptions say what Verify feeds the engines.
type VerifyOptions struct {
	// Rows is the number of rows; 0 means 64.
	Rows int
	// Seed draws them.
	Seed uint64
}

// Verify runs v's graphs on engines a and b with the same inputs and reports the largest difference of each output.
func Verify(ctx context.Context, v *VAE, a, b runtime.Engine, o VerifyOptions) ([]Difference, error) {
	return nil, errNotReady
}
