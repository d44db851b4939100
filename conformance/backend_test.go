package conformance

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime/native"
)

// ONNX's own test of each operator, in every opset that elbo reads: what loads must compute what ONNX says.
func TestONNXBackend(t *testing.T) {
	dir := os.Getenv("ELBO_ONNX_DATA")
	if dir == "" {
		dir = "../../shared/onnx-backend"
	}
	cases, _ := filepath.Glob(filepath.Join(dir, "*", "test_*", "model.onnx"))
	if len(cases) == 0 {
		t.Skipf("no backend tests of ONNX in %s (ELBO_ONNX_DATA names their folder)", dir)
	}
	passed, unsupported := 0, 0
	for _, model := range cases {
		name := filepath.Base(filepath.Dir(model))
		failures, err := Backend(context.Background(), filepath.Dir(model), native.New(), BackendTolerances)
		switch {
		case errors.Is(err, graph.ErrUnsupported):
			unsupported++
		case err != nil:
			t.Errorf("%s: %v", name, err)
		case len(failures) > 0:
			t.Errorf("%s: %v", name, failures)
		default:
			passed++
		}
	}
	t.Logf("%d passed, %d of operators, types or opsets that elbo does not have", passed, unsupported)
}
