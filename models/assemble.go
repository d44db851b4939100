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
func assemble(m Manifest, graphs map[string]*graph.Graph, s settings) (*VAE, error) {
	v := &VAE{manifest: m, settings: s, engine: s.engine, parts: map[string]*part{}}
	if v.engine == nil {
		v.engine = native.New()
	}
	for _, name := range slices.Sorted(maps.Keys(m.Parts)) {
		if graphs[name] == nil {
			return nil, fmt.Errorf("the part %s has no graph", name)
		}
		graph.EvaluationMode(graphs[name])
		// What a part draws itself becomes an input, which only outputs that elbo leaves aside may depend on.
		graph.LiftNoise(graphs[name])
		p, err := newPart(name, graphs[name], m.Parts[name])
		if err != nil {
			return nil, err
		}
		v.parts[name] = p
	}
	if err := v.findRoles(); err != nil {
		return nil, err
	}
	if err := v.readRows(); err != nil {
		return nil, err
	}
	for k := range kinds {
		if k == pixels && !v.autoregressive() {
			continue
		}
		// Building the graphs infers every shape, so that what does not fit is told now and not at the first use.
		g, err := v.build(k)
		if err != nil {
			return nil, err
		}
		if err := v.checkShapes(k, g); err != nil {
			return nil, err
		}
		switch k {
		case describe:
			v.shape.features = len(g.Outputs)
		case infer:
			layers, _ := g.Outputs[2].Shape[1].Known()
			v.shape.layers, v.shape.unitKL = layers, len(g.Outputs) > 3
		case pixels:
			for _, in := range g.Inputs[2:] {
				row, _ := in.Shape[1:].Known()
				v.pixelNoise = append(v.pixelNoise, row)
			}
		}
	}
	return v, nil
}

// findRoles finds the parts and their roles.
func (v *VAE) findRoles() error {
	for _, name := range []string{"encoder", "decoder"} {
		if v.parts[name] == nil {
			return fmt.Errorf("%s: part %s is missing", manifestFile, name)
		}
	}
	v.encoder, v.decoder = v.parts["encoder"], v.parts["decoder"]
	if err := v.encoder.needs([]string{"x"}, nil); err != nil {
		return err
	}
	if err := v.decoder.needs([]string{"z"}, nil); err != nil {
		return err
	}
	if err := v.findParameters(); err != nil {
		return err
	}
	if len(v.manifest.Levels) > 0 {
		var err error
		v.latents, err = v.newLadder()
		return err
	}
	s, err := v.newSingle()
	v.latents = s
	return err
}

// newSingle finds the steps of the flow and the prior that the manifest names.
func (v *VAE) newSingle() (*single, error) {
	if v.encoder.out["mean"] == nil || v.encoder.out["logvar"] == nil && v.encoder.out["std"] == nil {
		return nil, fmt.Errorf("the encoder's outputs must include mean, and logvar or std; the roles name %v", rolesOf(v.encoder.out))
	}
	s := &single{latent: v.manifest.Latent, encoder: v.encoder}
	var err error
	if s.flow, err = v.steps(v.manifest.Posterior); err != nil {
		return nil, err
	}
	if conditional(s.flow) && v.encoder.out["context"] == nil {
		return nil, fmt.Errorf("the flow takes a context and the encoder's roles name none: %v", rolesOf(v.encoder.out))
	}
	s.prior, err = v.priorOf(s)
	return s, err
}

// readRows reads the shapes of a row of x and z off the graphs.
func (v *VAE) readRows() (err error) {
	m, x := v.manifest, v.encoder.in["x"]
	if v.xRow, err = rowOf(x, m.Shape); err != nil {
		return fmt.Errorf("encoder: %w", err)
	}
	if rowSize(v.xRow) != rowSize(m.Shape) {
		return fmt.Errorf("the encoder's input %v does not take rows of shape %v", x, tensor.Shape(m.Shape))
	}
	z := v.decoder.in["z"]
	if v.zRow, err = rowOf(z, []int{m.Latent}); err != nil {
		return fmt.Errorf("decoder: %w", err)
	}
	if n := rowSize(v.zRow); n != m.Latent && len(m.Levels) == 0 {
		return fmt.Errorf("the encoder gives %d latent units and the decoder's input %v takes %d: they are not a pair", m.Latent, z, n)
	}
	if past := v.decoder.in["x"]; past != nil {
		if v.pastRow, err = rowOf(past, m.Shape); err != nil {
			return fmt.Errorf("decoder: %w", err)
		}
		if rowSize(v.pastRow) != rowSize(m.Shape) {
			return fmt.Errorf("the decoder's input %v does not take rows of shape %v", past, tensor.Shape(m.Shape))
		}
	}
	return nil
}

// checkShapes compares what a program gives per row with the manifest.
func (v *VAE) checkShapes(k kind, g *graph.Graph) error {
	for _, out := range g.Outputs {
		if k == encode && !sizedRow(out.Shape, v.manifest.Latent) {
			return fmt.Errorf("%s is %v, not %d units per row", out.Name, out.Shape, v.manifest.Latent)
		}
		if k == infer && !drawn(out, v.manifest.Latent) {
			return fmt.Errorf("a draw from the posterior has the %s %v", out.Name, out.Shape)
		}
		if (k == likelihood || k == logPrior) && len(out.Shape) != 1 {
			return fmt.Errorf("%s is %v, not one number per row", out.Name, out.Shape)
		}
	}
	return nil
}

// drawn reports whether an output of a draw has the shape that writeInfer tells.
func drawn(out *graph.Value, latent int) bool {
	switch out.Name {
	case "log_ratio":
		return len(out.Shape) == 1
	case "kl":
		if len(out.Shape) != 2 {
			return false
		}
		_, known := out.Shape[1].Known()
		return known
	}
	return len(out.Shape) == 2 && out.Shape[1].Is(latent)
}

func sizedRow(s graph.Shape, n int) bool {
	return len(s) >= 2 && s[1:].Size().Is(n)
}

// findParameters finds what the likelihood needs among the decoder's outputs.
func (v *VAE) findParameters() error {
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
