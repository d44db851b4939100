package aevb

import (
	"context"
	"fmt"
	"path/filepath"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/reproduce"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/tensor/picture"
	"github.com/elbo-ml/elbo/train"
)

// side is the number of pictures along each axis of a manifold.
const side = 20

// manifolds are figure 4: what the decoder of a two-dimensional z makes of a square of quantiles; and figure 5: samples.
func manifolds(ctx context.Context, l *reproduce.Lab) error {
	l.Report.Heading("Figure 4: two-dimensional manifolds")
	l.Report.Text("The decoder's means over a grid of z: equal steps between 0 and 1, through the inverse of the normal distribution function.")
	for _, d := range []dataset{frey, mnist} {
		if l.Quick && d.name != mnist.name {
			continue
		}
		v, err := d.trained(ctx, l, 2)
		if err != nil {
			return err
		}
		x, err := v.Decode(ctx, square())
		if err == nil {
			err = show(l, d.name+"-manifold", fmt.Sprintf("The manifold of %s.", d.title), x, side)
		}
		v.Close()
		if err != nil {
			return err
		}
	}
	l.Report.Heading("Figure 5: samples")
	for _, latent := range []int{2, 5, 10, 20} {
		if l.Quick && latent != 2 {
			continue
		}
		v, err := mnist.trained(ctx, l, latent)
		if err != nil {
			return err
		}
		x, err := v.Sample(ctx, 100, models.Seed(1))
		if err == nil {
			err = show(l, fmt.Sprintf("mnist-samples-nz%d", latent), fmt.Sprintf("Samples of MNIST, %d latents.", latent), x, 10)
		}
		v.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// trained is a VAE that Adam has trained for 1e6 samples, fewer in a quick run.
func (d dataset) trained(ctx context.Context, l *reproduce.Lab, latent int) (*models.VAE, error) {
	t := training{dataset: d, latent: latent, optimizer: train.Adam{LearningRate: adamRate}, samples: 1e6, seed: 2}
	if l.Quick {
		t.samples = 2e5
	}
	if _, err := train1(ctx, l, t, l.Threads); err != nil {
		return nil, err
	}
	return models.Open(filepath.Join(l.Out, "cells", filepath.FromSlash(t.cellName()), "model.elbo"), models.WithEngine(l.Engine))
}

// square is the grid of z, [side*side, 2], from the upper left.
func square() *tensor.Tensor {
	z := tensor.New(tensor.Float32, side*side, 2)
	at := tensor.Data[float32](z)
	quantile := func(i int) float32 { return float32(distuv.UnitNormal.Quantile((float64(i) + 0.5) / side)) }
	for i := range side {
		for j := range side {
			at[2*(side*i+j)], at[2*(side*i+j)+1] = quantile(j), quantile(side-1-i)
		}
	}
	return z
}

func show(l *reproduce.Lab, name, caption string, x *tensor.Tensor, columns int) error {
	img, err := picture.Grid(x, picture.Options{Columns: columns, Gap: 1})
	if err != nil {
		return err
	}
	return l.Report.Image(name, caption, img)
}
