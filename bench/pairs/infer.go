package pairs

import (
	"fmt"
	"strconv"

	"github.com/elbo-ml/elbo/bench/report"
	"github.com/elbo-ml/elbo/bench/side"
)

// outputTolerance bounds the difference of a network's outputs between the engines, relative to the largest.
const outputTolerance = 1e-4

// infer races a network on the native engine against ONNX Runtime.
func (b *Bench) infer(network, what string, batch int) (report.Race, error) {
	var sides []side.Side
	for _, e := range []struct{ name, engine string }{{"elbo", "native"}, {"ONNX Runtime", "ort"}} {
		for _, threads := range []int{1, 2} {
			sides = append(sides, elbo(e.name, threads, "program", network, e.engine, strconv.Itoa(threads), strconv.Itoa(batch)))
		}
	}
	return b.race(fmt.Sprintf("%s, batch %d", what, batch), float64(batch), "images", sides, outputTolerance)
}

// dense races a dense decoder at four batch sizes.
func dense(b *Bench) error {
	return b.infers("Inference of a dense decoder", "decoder", "decoder 20-500-784", "decoder 20-500-784, means of the pixels",
		map[int]float64{1: 1, 8: 1, 100: 1.05, 1000: 1.05}, 1, 8, 100, 1000)
}

// convolutional races two convolutional networks, for one picture and for a hundred.
func convolutional(b *Bench) error {
	target := map[int]float64{1: 1.2, 100: 1.2}
	if err := b.infers("Inference of a convolutional VAE", "conv", "convolutional VAE, reconstruction",
		"1-32-64 maps, 4x4 kernels of stride 2, 20 latent units, and back", target, 1, 100); err != nil {
		return err
	}
	return b.infers("Inference of a ResNet VAE", "resnet", "ResNet VAE, reconstruction",
		"residual blocks of 3x3 convolutions, 16, 32 and 32 maps, 450 dense units, 32 latent units, and back", target, 1, 100)
}

// infers races a network at several batch sizes, with a target for each.
func (b *Bench) infers(title, network, name, what string, target map[int]float64, batches ...int) error {
	var races []report.Race
	for _, batch := range batches {
		r, err := b.infer(network, what, batch)
		if err != nil {
			return err
		}
		races = append(races, r)
		b.compare(fmt.Sprintf("%s, batch %d", name, batch), r, func(string) goal { return goal{target: target[batch]} })
	}
	b.section(title, "", nil, races...)
	return nil
}
