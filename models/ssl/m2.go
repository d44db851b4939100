package ssl

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/native"
	"github.com/elbo-ml/elbo/tensor"
)

// Kind is that of an M2's bundle.
const Kind = "m2"

// M2 is the generative model p(y) p(z) p(x|y,z) with a uniform p(y), its posterior q(z|x,y) and its classifier q(y|x). It is
// safe for concurrent use, except that Fit changes the weights under it.
type M2 struct {
	manifest models.Manifest
	graphs   map[string]*graph.Graph // "classifier", "encoder", "decoder"; "features" and "pixels" with an M1
	xRow     tensor.Shape            // a row of x as the classifier takes it, or the M1
	size     int                     // numbers in a row of x as the three networks take it
	classes  int

	// Engine and Run say what runs the model; the zero values are the native engine and its defaults.
	Engine runtime.Engine
	Run    runtime.Options

	mu       sync.Mutex
	programs map[string]runtime.Program
}

// New builds an M2 with freshly drawn weights: N(0, 1/fan_in), biases N(0, 1e-6), and zeros where a network predicts
// logvar. The same Config gives the same bits.
func New(c Config) (*M2, error) {
	c = c.withDefaults()
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("ssl: new: %w", err)
	}
	op, _ := models.ActivationOp(c.Activation) // which check has found
	b := builder{c, op, models.WeightInit(c.Seed), tensor.Shape(c.Shape).Size()}
	graphs := map[string]*graph.Graph{"classifier": b.classifier(), "encoder": b.encoder(), "decoder": b.decoder()}
	m := models.Manifest{Kind: Kind, Name: c.Name, Likelihood: c.Likelihood, Latent: c.Latent, Shape: slices.Clone(c.Shape),
		Preprocessing: models.Preprocessing{Scale: 1}, Producer: "elbo", Parts: map[string]models.Part{}}
	return assemble(m, graphs)
}

// assemble makes a model of its graphs, and names their roles.
func assemble(m models.Manifest, graphs map[string]*graph.Graph) (*M2, error) {
	v := &M2{manifest: m, graphs: graphs, programs: map[string]runtime.Program{}, Engine: native.New()}
	for name, g := range graphs {
		if err := g.Err(); err != nil {
			return nil, fmt.Errorf("ssl: %s: %w", name, err)
		}
		p := models.Part{Inputs: map[string]string{}, Outputs: map[string]string{}}
		for _, in := range g.Inputs {
			p.Inputs[in.Name] = in.Name
		}
		for _, out := range g.Outputs {
			p.Outputs[out.Name] = out.Name
		}
		v.manifest.Parts[name] = p
	}
	return v, v.fit()
}

// ports are the inputs and outputs that each part must have.
var ports = map[string]struct{ in, out []string }{
	"classifier": {[]string{"x"}, []string{"logits"}},
	"encoder":    {[]string{"x", "y"}, []string{"mean", "logvar"}},
	"decoder":    {[]string{"z", "y"}, []string{"mean"}},
	"features":   {[]string{"x"}, []string{"mean", "logvar"}},
	"pixels":     {[]string{"x"}, []string{"mean"}},
}

// fit finds the sizes and checks that the parts fit one another.
func (m *M2) fit() error {
	for _, name := range []string{"classifier", "encoder", "decoder"} {
		if m.graphs[name] == nil {
			return fmt.Errorf("ssl: the model has no %s", name)
		}
	}
	if (m.graphs["features"] == nil) != (m.graphs["pixels"] == nil) {
		return fmt.Errorf("ssl: the model has one of the parts features and pixels without the other")
	}
	for name, g := range m.graphs {
		want, known := ports[name]
		if !known {
			return fmt.Errorf("ssl: an M2 has no part called %q", name)
		}
		for _, in := range want.in {
			if lastOf(g.Inputs, in) < 1 {
				return fmt.Errorf("ssl: the %s has no input %s [batch, n]", name, in)
			}
		}
		for _, out := range want.out {
			if lastOf(g.Outputs, out) < 1 {
				return fmt.Errorf("ssl: the %s has no output %s [batch, n]", name, out)
			}
		}
	}
	m.size, m.classes = lastOf(m.graphs["classifier"].Inputs, "x"), lastOf(m.graphs["classifier"].Outputs, "logits")
	latent := m.manifest.Latent
	e, d := m.graphs["encoder"], m.graphs["decoder"]
	if lastOf(e.Inputs, "x") != m.size || lastOf(e.Inputs, "y") != m.classes || lastOf(d.Inputs, "y") != m.classes ||
		lastOf(d.Outputs, "mean") != m.size || lastOf(e.Outputs, "mean") != latent || lastOf(e.Outputs, "logvar") != latent || lastOf(d.Inputs, "z") != latent {
		return fmt.Errorf("ssl: classifier, encoder and decoder do not agree on %d numbers of x, %d classes and %d latent units", m.size, m.classes, latent)
	}
	row := tensor.Shape(m.manifest.Shape).Size()
	m.xRow = tensor.Shape{m.size}
	if f := m.graphs["features"]; f != nil {
		if p := m.graphs["pixels"]; lastOf(f.Outputs, "mean") != m.size || lastOf(p.Inputs, "x") != m.size {
			return fmt.Errorf("ssl: the M1 does not give and take the %d features that the classifier reads", m.size)
		}
		m.xRow, _ = f.Inputs[named(f.Inputs, "x")].Shape[1:].Known()
	}
	if m.xRow.Size() != row {
		return fmt.Errorf("ssl: rows of %v hold %d numbers, the model takes %v", m.manifest.Shape, row, m.xRow)
	}
	// Building the programs infers every shape, so that what does not fit is told now.
	for _, name := range slices.Sorted(maps.Keys(programs)) {
		if name == "features" && !m.Stacked() {
			continue
		}
		if _, err := m.build(name); err != nil {
			return fmt.Errorf("ssl: %s: %w", name, err)
		}
	}
	return nil
}

// named is the place of the value of a name, or -1.
func named(vs []*graph.Value, name string) int {
	return slices.IndexFunc(vs, func(v *graph.Value) bool { return v.Name == name })
}

// lastOf is the last extent of the value of a name, 0 where there is none, or none of two axes or more and a known number.
func lastOf(vs []*graph.Value, name string) int {
	for _, v := range vs {
		if v.Name == name && v.Rank() >= 2 && v.DType == tensor.Float32 {
			n, _ := v.Shape[v.Rank()-1].Known()
			return n
		}
	}
	return 0
}

// Manifest describes the model. Its Shape is that of a row of the data: pixels, for an M1+M2.
func (m *M2) Manifest() models.Manifest {
	c := m.manifest
	c.Shape, c.Parts, c.Training = slices.Clone(c.Shape), maps.Clone(c.Parts), maps.Clone(c.Training)
	return c
}

// Classes is the number of classes.
func (m *M2) Classes() int { return m.classes }

// features reports whether x are features that may be anything: p(x|y,z) is Gaussian with a mean that no sigmoid bounds.
func (m *M2) features() bool {
	mean := m.graphs["decoder"].Outputs[named(m.graphs["decoder"].Outputs, "mean")]
	return m.manifest.Likelihood == models.Gaussian && (mean.Producer == nil || mean.Producer.Op != "Sigmoid")
}

// Stacked reports whether x goes through an M1 first.
func (m *M2) Stacked() bool { return m.graphs["features"] != nil }

// Graphs are the ONNX graphs of the model by part. Their weights are the model's own.
func (m *M2) Graphs() map[string]*graph.Graph { return maps.Clone(m.graphs) }

// Updated tells the model that its weights have changed: programs are compiled anew when next used.
func (m *M2) Updated() { _ = m.Close() }

// Close frees what the model holds; it may be used again.
func (m *M2) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	var errs []error
	for name, p := range m.programs {
		errs = append(errs, p.Close())
		delete(m.programs, name)
	}
	return errors.Join(errs...)
}

// Save writes the model as a bundle, as models.Bundle.Save does.
func (m *M2) Save(path string, o models.SaveOptions) error {
	b := models.Bundle{Manifest: m.manifest, Graphs: m.graphs}
	return b.Save(path, o)
}

// Open reads a bundle of an M2 or M1+M2. What is no such bundle gives an error that wraps models.ErrBundle.
func Open(path string) (*M2, error) {
	b, err := models.OpenBundle(path)
	if err != nil {
		return nil, err
	}
	if b.Manifest.Kind != Kind {
		return nil, fmt.Errorf("ssl: open %s: it holds a model of kind %q, not %q, which has a classifier: %w", path, b.Manifest.Kind, Kind, models.ErrBundle)
	}
	m, err := assemble(b.Manifest, b.Graphs)
	if err != nil {
		return nil, fmt.Errorf("ssl: open %s: %w: %w", path, models.ErrBundle, err)
	}
	return m, nil
}
