// Package conv computes convolutions and transposed convolutions on the CPU, in any number of spatial dimensions.
//
// Both are matrix products of windows of x by the weights. No window is ever copied: x is laid out with its channels last
// and zeros around it, a part at a time, and the kernel reads each window where it lies. In a transposed convolution each
// remainder of the output's position by the stride is a product of its own, with the taps that reach it; so is the
// gradient of a convolution's input. Weights computes the gradient of the weights, with sums over the same layout. The order
// of every sum depends on the geometry alone, never on the threads.
package conv

// Spec is the geometry of a convolution, as ONNX's Conv and ConvTranspose have it, every number resolved: auto_pad and
// output_padding are already in PadBegin and Out. The slices have one entry for each spatial dimension, and In and Out
// are always those of the operator's own input and output.
type Spec struct {
	Batch  int
	Group  int
	InC    int // channels of x, all groups together
	OutC   int // channels of y, all groups together
	In     []int
	Kernel []int
	Out    []int
	Stride []int
	// Dilation is the distance between taps of the kernel, 1 for a dense one.
	Dilation []int
	// PadBegin is the padding before the first element. The padding at the end follows from Out; a negative one crops.
	PadBegin []int
}

func size(dims []int) int {
	n := 1
	for _, d := range dims {
		n *= d
	}
	return n
}

func ceil(a, b int) int { return (a + b - 1) / b }
