//go:build cgo && !linux

package ort

import "github.com/elbo-ml/elbo/graph"

// nameLocale leaves a StringNormalizer as it is: these systems have en_US, for which ONNX Runtime asks where none is named.
func nameLocale(*graph.Node) {}
