package models

import "errors"

// Open opens a bundle: a folder, a single .elbo file, or builtin:mnist.
func Open(path string, opts ...Option) (*VAE, error) { return nil, errNotReady }

// FromONNX makes a model of an encoder and a decoder exported by another program, PyTorch for one.
func FromONNX(encoder, decoder string, opts ...Option) (*VAE, error) { return nil, errNotReady }

// Save writes the model as a bundle: a single file when path ends in .elbo, else a folder.
func (v *VAE) Save(path string, o SaveOptions) error { return errNotReady }

var errNotReady = errors.New("models: not ready")
