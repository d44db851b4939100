package pairs

import (
	"github.com/elbo-ml/elbo/runtime/engines"
	"github.com/elbo-ml/elbo/runtime/native"
)

// Versions are those of elbo's engines.
func Versions() string {
	v := "native engine, " + native.New().Version()
	if e, err := engines.Open("ort", engines.Options{}); err == nil {
		v += "; ONNX Runtime " + e.Version()
	}
	return v
}
