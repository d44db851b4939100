package models

import (
	"maps"
	"slices"
)

// Version is the version of the bundle layout that this elbo writes and the newest that it reads.
const Version = 1

// Manifest is elbo.json: what a bundle's graphs mean.
type Manifest struct {
	// Version of the layout; see the constant of that name.
	Version int `json:"version"`
	// Kind is "vae".
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
	// Parts are the ONNX files by part name: "encoder" and "decoder".
	Parts map[string]Part `json:"parts"`
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
	// Inputs and Outputs map roles to the names in the graph. Roles: encoder x, eps -> mean, logvar (or std);
	// decoder z -> logits, mean, logvar, logscale.
	Inputs  map[string]string `json:"inputs"`
	Outputs map[string]string `json:"outputs"`
}

func (m Manifest) clone() Manifest {
	m.Shape = slices.Clone(m.Shape)
	m.Training = maps.Clone(m.Training)
	m.Parts = maps.Clone(m.Parts)
	for name, p := range m.Parts {
		p.Inputs, p.Outputs = maps.Clone(p.Inputs), maps.Clone(p.Outputs)
		m.Parts[name] = p
	}
	return m
}
