package model

import (
	"fmt"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/models"
)

// Network makes a network for inference by its name. Made twice it is the same, bit for bit.
func Network(name string) (*graph.Graph, error) {
	build := map[string]func(g *graph.Graph){
		"decoder": decoder, "conv": convReconstruct, "resnet": resnetReconstruct, "iaf": iafEncode, "iaf-decoder": iafDecoder, "made": madeDecoder,
	}[name]
	if build == nil {
		return nil, fmt.Errorf("no network is called %q", name)
	}
	g := graph.New(name)
	g.Init = initial()
	build(g)
	return g, g.Err()
}

// decoder is z - 500 tanh units - the means of 784 pixels.
func decoder(g *graph.Graph) {
	h := g.Tanh(g.Dense("decode", g.Input("z", "batch", 20), 500))
	g.Output("mean", g.Sigmoid(g.Dense("logits", h, 784)))
}

// convReconstruct is the convolutional VAE from a picture and noise to the means of its pixels.
func convReconstruct(g *graph.Graph) {
	x, eps := g.Input("x", "batch", 1, 28, 28), g.Input("eps", "batch", convLatent)
	mean, logvar := convEncode(g, x)
	g.Output("mean", g.Sigmoid(convDecode(g, models.Reparameterize(g, mean, logvar, eps))))
}
