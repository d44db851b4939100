package models

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/importer"
	"github.com/elbo-ml/elbo/importer/passes"
	"github.com/elbo-ml/elbo/tensor"
)

// FromONNX makes a model of an encoder and a decoder exported by another program, PyTorch for one. The roles of their
// inputs and outputs are found from names and shapes:
//
//   - the encoder's input x, and outputs mean (mu, loc, ...) and logvar (log_var, logsigma2, ...), or std, of equal shape;
//     other outputs, and noise that only they use, are left aside;
//   - the decoder's input z (and x, where WithRoles names one: it must be autoregressive), and its outputs: logits or probabilities (Bernoulli), mean and logvar (Gaussian), mean and
//     logscale (discretised logistic). Probabilities that come out of a Sigmoid are scored by its input, the logits.
//
// A batch axis that the export fixed is opened, where the nodes allow it. Parameters that the exporter tied together for
// the equal numbers that they began with are parameters of their own again (passes.Untie).
//
// What names and shapes leave open is asked for: the error wraps ErrAmbiguous, lists the candidates and says which
// options decide (WithRoles, WithLikelihood, WithShape).
func FromONNX(encoder, decoder string, opts ...Option) (*VAE, error) {
	s := gather(opts)
	v, err := fromONNX(encoder, decoder, s)
	if err != nil {
		return nil, fmt.Errorf("models: import %s and %s: %w", encoder, decoder, err)
	}
	return v, nil
}

func fromONNX(encoderPath, decoderPath string, s settings) (*VAE, error) {
	if err := checkRoleKeys(s.roles); err != nil {
		return nil, err
	}
	encoder, err := importer.Load(encoderPath, importer.Options{})
	if err != nil {
		return nil, err
	}
	decoder, err := importer.Load(decoderPath, importer.Options{})
	if err != nil {
		return nil, err
	}
	for _, g := range []*graph.Graph{encoder, decoder} {
		if _, err := passes.Untie(g); err != nil {
			return nil, err
		}
	}
	encoder, decoder = openBatch(encoder), openBatch(decoder)
	e, err := encoderRoles(encoder, s.roles)
	if err != nil {
		return nil, fmt.Errorf("encoder %s: %w", encoderPath, err)
	}
	d, l, err := decoderRoles(decoder, s)
	if err != nil {
		return nil, fmt.Errorf("decoder %s: %w", decoderPath, err)
	}
	m := Manifest{Version: 1, Kind: KindVAE, Name: s.name, Likelihood: l, Preprocessing: l.preprocessing(), Producer: "elbo",
		Parts: map[string]Part{"encoder": e, "decoder": d}}
	if s.preprocess != nil {
		m.Preprocessing = *s.preprocess
	}
	if err := m.Preprocessing.check(); err != nil {
		return nil, err
	}
	if m.Name == "" {
		m.Name = defaultName(encoderPath)
	}
	if err := m.readShapes(encoder, decoder, s.shape); err != nil {
		return nil, err
	}
	v, err := assemble(m, map[string]*graph.Graph{"encoder": encoder, "decoder": decoder}, s)
	if err != nil {
		return nil, err
	}
	if err := v.checkOrder(); err != nil {
		return nil, err
	}
	return v, nil
}

// defaultName is the name of the folder that holds the encoder.
func defaultName(encoder string) string {
	if abs, err := filepath.Abs(encoder); err == nil {
		if name := filepath.Base(filepath.Dir(abs)); partFile.MatchString(name) {
			return name
		}
	}
	return "vae"
}

// readShapes reads the row's shape off the encoder's input and the number of latent units off the posterior's mean.
func (m *Manifest) readShapes(encoder, decoder *graph.Graph, shape []int) error {
	x := named(encoder.Inputs, m.Parts["encoder"].Inputs["x"])
	row, err := rowOf(x, shape)
	if err != nil {
		return fmt.Errorf("encoder: %w (WithShape, --shape)", err)
	}
	m.Shape = row
	if shape != nil {
		if rowSize(shape) != rowSize(row) {
			return fmt.Errorf("the encoder's input %v does not take rows of shape %v", x, tensor.Shape(shape))
		}
		m.Shape = slices.Clone(shape)
	}
	mean := named(encoder.Outputs, m.Parts["encoder"].Outputs["mean"])
	z := named(decoder.Inputs, m.Parts["decoder"].Inputs["z"])
	latent, err := rowOf(z, nil)
	if err != nil {
		// An open decoder takes what the encoder gives.
		if latent, err = rowOf(&graph.Value{Name: mean.Name, DType: mean.DType, Shape: withBatch(mean.Shape)}, nil); err != nil {
			return fmt.Errorf("the number of latent units is not known: %w", err)
		}
	}
	m.Latent = rowSize(latent)
	return nil
}

// withBatch is a shape whose first axis is open.
func withBatch(s graph.Shape) graph.Shape {
	if len(s) == 0 {
		return s
	}
	return append(graph.Shape{graph.Sym("batch")}, s[1:]...)
}

// roleKeys are the keys that WithRoles takes.
var roleKeys = []string{"encoder.x", "encoder.mean", "encoder.logvar", "encoder.std", "decoder.z", "decoder.x", "decoder.logits", "decoder.mean",
	"decoder.logvar", "decoder.logscale"}

func checkRoleKeys(roles map[string]string) error {
	for key := range roles {
		if !slices.Contains(roleKeys, key) {
			return fmt.Errorf("role %q is not known; the roles are %s", key, strings.Join(roleKeys, ", "))
		}
	}
	return nil
}
