//go:build goexperiment.simd

package main

// simd tells that GoMLX was built with its vector kernels, which need GOEXPERIMENT=simd.
const simd = " with simd"
