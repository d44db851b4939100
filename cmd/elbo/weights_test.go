package main

import (
	"testing"

	"github.com/elbo-ml/elbo/importer"
)

// weights are the bytes of every initializer of an ONNX file, in order.
func weights(t testing.TB, path string) []byte {
	t.Helper()
	g, err := importer.Load(path, importer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var all []byte
	for _, w := range g.Weights {
		all = append(all, w.Name...)
		all = append(all, w.Data.Bytes()...)
	}
	return all
}
