// Package subnormal keeps numbers too small to be stored in full from slowing arithmetic down.
//
// When a training has little left to learn its gradients and their averages shrink below 2^-126, and on many processors each
// operation on such a number is a hundred times as long as on another: an epoch then takes four times as long as the first.
// Products and optimisers take them for 0, as GPUs do. Nothing else does: a logarithm of such a number is finite.
package subnormal

//go:generate go run ./gen -out subnormal_amd64.s -stubs subnormal_stubs_amd64.go -pkg subnormal
