package models

import (
	"fmt"
	"maps"
	"slices"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime/native"
	"github.com/elbo-ml/elbo/tensor"
)

// assemble makes a model of its manifest and graphs, and checks that they fit one another: roles, types and shapes.
func assemble(m Manifest, encoder, decoder *graph.Graph, s settings) (*VAE, error) {
	v := &VAE{manifest: m, settings: s, engine: s.engine}
	if v.engine == nil {
		v.engine = native.New()
	}
	// What a part draws itself becomes an input, which only outputs that elbo leaves aside may depend on.
	graph.LiftNoise(encoder)
	graph.LiftNoise(decoder)
	var err error
	if v.encoder, err = newPart("encoder", "x", encoder, m.Parts["encoder"]); err != nil {
		return nil, err
	}
	if v.decoder, err = newPart("decoder", "z", decoder, m.Parts["decoder"]); err != nil {
		return nil, err
	}
	if err := v.findParameters(); err != nil {
		return nil, err
	}
	if v.xRow, err = rowOf(v.encoder.in, m.Shape); err != nil {
		return nil, fmt.Errorf("encoder: %w", err)
	}
	if rowSize(v.xRow) != rowSize(m.Shape) {
		return nil, fmt.Errorf("the encoder's input %v does not take rows of shape %v", v.encoder.in, tensor.Shape(m.Shape))
	}
	zShape := []int{m.Latent}
	if v.zRow, err = rowOf(v.decoder.in, zShape); err != nil {
		return nil, fmt.Errorf("decoder: %w", err)
	}
	if n := rowSize(v.zRow); n != m.Latent {
		return nil, fmt.Errorf("the encoder gives %d latent units and the decoder's input %v takes %d: they are not a pair", m.Latent, v.decoder.in, n)
	}
	for _, k := range []kind{encode, likelihood} {
		// Building the graphs infers every shape, so that what does not fit is told now and not at the first use.
		g, err := v.build(k)
		if err != nil {
			return nil, err
		}
		if err := v.checkShapes(k, g); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// checkShapes compares what a program gives per row with the manifest.
func (v *VAE) checkShapes(k kind, g *graph.Graph) error {
	for _, out := range g.Outputs {
		if k == encode && !sizedRow(out.Shape, v.manifest.Latent) {
			return fmt.Errorf("the encoder's %s is %v, not %d units per row", out.Name, out.Shape, v.manifest.Latent)
		}
		if k == likelihood && len(out.Shape) != 1 {
			return fmt.Errorf("the decoder's likelihood is %v, not one number per row", out.Shape)
		}
	}
	return nil
}

func sizedRow(s graph.Shape, n int) bool {
	return len(s) >= 2 && s[1:].Size().Is(n)
}

// findParameters finds what the likelihood needs among the decoder's outputs.
func (v *VAE) findParameters() error {
	if v.encoder.out["mean"] == nil || v.encoder.out["logvar"] == nil && v.encoder.out["std"] == nil {
		return fmt.Errorf("the encoder's outputs must include mean, and logvar or std; the roles name %v", rolesOf(v.encoder.out))
	}
	l := v.manifest.Likelihood
	for _, role := range likelihoods[l].params {
		p := v.decoder.out[role]
		if p == nil && role == "logits" {
			p = logitsOf(v.decoder.out["mean"])
			if p == nil && v.decoder.out["mean"] != nil {
				v.prob = v.decoder.out["mean"]
				return nil
			}
		}
		if p == nil {
			return fmt.Errorf("the decoder of a %s likelihood needs the output %s; the roles name %v", l, role, rolesOf(v.decoder.out))
		}
		v.params = append(v.params, p)
	}
	return nil
}

// logitsOf is the input of the sigmoid that a decoder's probabilities come out of, or nil. Between the two may stand
// operators that only reshape.
func logitsOf(prob *graph.Value) *graph.Value {
	for prob != nil && prob.Producer != nil {
		switch n := prob.Producer; n.Op {
		case "Sigmoid":
			if v := n.Inputs[0]; v.DType == tensor.Float32 {
				return v
			}
			return nil
		case "Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze":
			prob = n.Inputs[0]
		default:
			return nil
		}
	}
	return nil
}

func rolesOf(out map[string]*graph.Value) []string {
	return slices.Sorted(maps.Keys(out))
}
