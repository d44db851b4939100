package models

import "github.com/elbo-ml/elbo/runtime"

// Option says how a model is opened, built or run.
type Option func(*settings)

type settings struct {
	engine     runtime.Engine
	run        runtime.Options
	roles      map[string]string
	likelihood Likelihood
	shape      []int
	name       string
	preprocess *Preprocessing
}

// WithEngine runs the model on e instead of the native engine.
func WithEngine(e runtime.Engine) Option { return func(s *settings) { s.engine = e } }

// WithThreads bounds the cores that one run uses; 0 means all that the process may use.
func WithThreads(n int) Option { return func(s *settings) { s.run.Threads = n } }

// WithProvider picks ONNX Runtime's execution provider.
func WithProvider(name string) Option { return func(s *settings) { s.run.Provider = name } }

// WithRoles tells FromONNX which value plays which role, where names and shapes leave it open. Keys are
// "encoder.x", "encoder.mean", "encoder.logvar", "encoder.std", "decoder.z", "decoder.x" (of an autoregressive decoder),
// "decoder.logits", "decoder.mean", "decoder.logvar" and "decoder.logscale"; values are the names in the ONNX files.
func WithRoles(roles map[string]string) Option { return func(s *settings) { s.roles = roles } }

// WithLikelihood tells FromONNX the family of p(x|z); without it, it is read off the decoder's outputs.
func WithLikelihood(l Likelihood) Option { return func(s *settings) { s.likelihood = l } }

// WithShape tells FromONNX the shape of one row where the encoder leaves dimensions open.
func WithShape(shape ...int) Option { return func(s *settings) { s.shape = shape } }

// WithPreprocessing tells FromONNX that the model reads and models scale*data + shift of data in [0,1]: 2 and -1 for a
// network trained on [-1,1].
func WithPreprocessing(scale, shift float64) Option {
	return func(s *settings) { s.preprocess = &Preprocessing{scale, shift} }
}

// WithName names the model in its manifest.
func WithName(name string) Option { return func(s *settings) { s.name = name } }

// SampleOption says how noise is drawn.
type SampleOption func(*sampling)

type sampling struct {
	seed        uint64
	seeded      bool
	firstRow    uint64
	temperature float32
}

// Seed picks the noise. The same seed gives the same rows on either engine and at any batch size.
func Seed(seed uint64) SampleOption { return func(s *sampling) { s.seed, s.seeded = seed, true } }

// FirstRow numbers the rows from k on, so that Sample(ctx, 8) is Sample(ctx, 4) followed by Sample(ctx, 4, FirstRow(4)).
func FirstRow(k uint64) SampleOption { return func(s *sampling) { s.firstRow = k } }

// Temperature scales the standard deviation of the prior that Sample draws from; 1 is the model as trained.
func Temperature(t float64) SampleOption { return func(s *sampling) { s.temperature = float32(t) } }

// SaveOptions say how a bundle is written.
type SaveOptions struct {
	// Force replaces what is there.
	Force bool
	// Recipe is how the weights were trained, recorded in the manifest and the graphs' metadata; nil keeps the one the model has.
	Recipe map[string]string
	// Opset and Float16 are those of importer.SaveOptions.
	Opset   int
	Float16 bool
	// Simplify writes graphs with fewer nodes: see native.Simplify.
	Simplify bool
	// NoiseInside lets the graphs draw the noise that importing made inputs of, as the files did that they came from. Such
	// a model runs without noise being fed, and draws other numbers each time.
	NoiseInside bool
	// Sparse stores weights of mostly zeros, as pruning leaves them, as sparse initializers where that takes fewer bytes.
	Sparse bool
	// Composed writes, beside the parts of a model that has more than an encoder and a decoder, what they make together:
	// posterior.onnx and sampler.onnx (see VAE.Composed). It is for folders; a single file holds the parts alone.
	Composed bool
}

func gather(opts []Option) settings {
	var s settings
	for _, o := range opts {
		o(&s)
	}
	return s
}

func gatherSampling(opts []SampleOption) sampling {
	s := sampling{temperature: 1}
	for _, o := range opts {
		o(&s)
	}
	return s
}
