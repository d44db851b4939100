package train

import (
	"errors"
	"strings"
	"testing"

	"github.com/elbo-ml/elbo/graph"
)

func TestFreeze(t *testing.T) {
	var params []*graph.Value
	for _, n := range []string{"encoder/fc1.weight", "encoder/fc1.bias", "decoder/fc1.weight", "decoder/conv/0.weight"} {
		params = append(params, &graph.Value{Name: n})
	}
	tests := []struct {
		name, freeze, trained string // lists with spaces
	}{
		{"nothing frozen", "", "encoder/fc1.weight encoder/fc1.bias decoder/fc1.weight decoder/conv/0.weight"},
		{"a star crosses slashes", "decoder/*", "encoder/fc1.weight encoder/fc1.bias"},
		{"a star in the middle", "*/fc1.weight", "encoder/fc1.bias decoder/conv/0.weight"},
		{"two patterns", "*.bias *conv*", "encoder/fc1.weight decoder/fc1.weight"},
		{"a whole name", "encoder/fc1.bias", "encoder/fc1.weight decoder/fc1.weight decoder/conv/0.weight"},
	}
	for _, tt := range tests {
		trained, frozen, err := Params(params, strings.Fields(tt.freeze))
		if err != nil || names(trained) != strings.ReplaceAll(tt.trained, " ", ", ") || len(trained)+len(frozen) != len(params) {
			t.Errorf("%s: trained %s, %d frozen, %v", tt.name, names(trained), len(frozen), err)
		}
	}
	for _, freeze := range []string{"decoder", "fc1*", "*weight*x", "*"} {
		_, _, err := Params(params, []string{freeze})
		if !errors.Is(err, ErrOptions) {
			t.Errorf("freezing %q: %v", freeze, err)
		}
		if freeze == "decoder" && !strings.Contains(err.Error(), "decoder/conv/0.weight") {
			t.Errorf("the error does not list the parameters: %v", err)
		}
	}
}
