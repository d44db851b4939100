package models

import (
	"maps"
	"slices"
)

// Version is the newest version of the bundle layout that this elbo reads. It writes the oldest that says all: a VAE of an
// encoder and a decoder is version 1, and further parts and other kinds of model make it version 2.
const Version = 2

// KindVAE is the kind of the models of this package.
const KindVAE = "vae"

// Manifest is elbo.json: what a bundle's graphs mean.
type Manifest struct {
	// Version of the layout; see the constant of that name.
	Version int `json:"version"`
	// Kind of model: KindVAE is an encoder and a decoder, and what there is between them.
	Kind string `json:"kind"`
	// Name of the model, for people and for a server's addresses.
	Name string `json:"name"`
	// Likelihood is the family of p(x|z).
	Likelihood Likelihood `json:"likelihood"`
	// Latent is the number of latent units.
	Latent int `json:"latent"`
	// Shape is the shape of one row of data, without the batch axis.
	Shape []int `json:"shape"`
	// Preprocessing takes data in [0,1] to what the encoder reads and the likelihood scores.
	Preprocessing Preprocessing `json:"preprocessing"`
	// Parts are the ONNX files by part name: "encoder", "decoder", and others that the kind of model has.
	Parts map[string]Part `json:"parts"`
	// Posterior are the parts, in order, that a draw from the encoder's Gaussian passes: the steps of a normalizing flow.
	Posterior []string `json:"posterior,omitempty"`
	// Levels are the parts of several stochastic layers, from the bottom to the top, and Inference the direction in which
	// they are inferred: BottomUp or Bidirectional. No levels mean one layer, inferred by the encoder.
	Levels    []string `json:"levels,omitempty"`
	Inference string   `json:"inference,omitempty"`
	// LevelFlows are for each level the parts that a draw from its Gaussian passes.
	LevelFlows [][]string `json:"level_flows,omitempty"`
	// Prior is p(z); the zero value is N(0, I).
	Prior Prior `json:"prior,omitzero"`
	// Producer is the program that wrote the bundle.
	Producer string `json:"producer,omitempty"`
	// Training is the recipe the weights were trained by, also kept in each part's metadata_props.
	Training map[string]string `json:"training,omitempty"`
}

// Preprocessing is the affine map from data in [0,1] to the model's x: Scale*data + Shift.
type Preprocessing struct {
	Scale float64 `json:"scale"`
	Shift float64 `json:"shift"`
}

// Part is one ONNX file of a bundle.
type Part struct {
	// File is its path inside the bundle, once there is one.
	File string `json:"file,omitempty"`
	// SHA256 is the checksum of its bytes, in hexadecimal.
	SHA256 string `json:"sha256,omitempty"`
	// Inputs and Outputs map roles to the names in the graph. Roles: encoder x, eps -> mean, logvar (or std), context;
	// decoder z -> logits, mean, logvar, logscale; a step of the posterior z, context -> z, logdet; a step of a flow prior
	// z, u -> u, logdet, z; pseudo-inputs -> pseudo; the encoder of several stochastic layers x -> up, and a level d, h, z ->
	// mean, logvar, context, prior_mean, prior_logvar, up, down.
	Inputs  map[string]string `json:"inputs"`
	Outputs map[string]string `json:"outputs"`
}

// version is the oldest layout that tells all that m holds.
func (m Manifest) version() int {
	if m.Kind != KindVAE || len(m.Parts) > 2 {
		return 2
	}
	return 1
}

func (m Manifest) clone() Manifest {
	m.Shape = slices.Clone(m.Shape)
	m.Posterior, m.Prior.Parts = slices.Clone(m.Posterior), slices.Clone(m.Prior.Parts)
	m.Levels, m.LevelFlows = slices.Clone(m.Levels), slices.Clone(m.LevelFlows)
	for i := range m.LevelFlows {
		m.LevelFlows[i] = slices.Clone(m.LevelFlows[i])
	}
	m.Training = maps.Clone(m.Training)
	m.Parts = maps.Clone(m.Parts)
	for name, p := range m.Parts {
		p.Inputs, p.Outputs = maps.Clone(p.Inputs), maps.Clone(p.Outputs)
		m.Parts[name] = p
	}
	return m
}
