package models

import (
	"fmt"
	"slices"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// activations are the names that Config.Activation takes and ONNX's operators.
var activations = map[string]string{
	"tanh": "Tanh", "softplus": "Softplus", "relu": "Relu", "elu": "Elu", "leakyrelu": "LeakyRelu", "selu": "Selu",
	"softsign": "Softsign", "sigmoid": "Sigmoid",
}

// maxParameters bounds a model that Config can ask for: 2^29 float32s are 2 GiB, where protobuf files end.
const maxParameters = 1 << 29

// New builds a VAE with freshly drawn weights: N(0, 1/fan_in), biases N(0, 1e-6), and zeros where the network predicts
// logvar or logscale. The same Config gives the same bits.
func New(c Config, opts ...Option) (*VAE, error) {
	s := gather(opts)
	c = c.withDefaults(s)
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("models: new: %w", err)
	}
	encoder, decoder := graph.New("encoder"), graph.New("decoder")
	encoder.Init = initializer(c.Seed)
	decoder.Init = encoder.Init
	body := bodies[c.Body]
	mean, logvar := body.encoder(encoder, c)
	encoder.Output("mean", mean)
	encoder.Output("logvar", logvar)
	c.output(decoder, body.decoder(decoder, c))
	for _, g := range []*graph.Graph{encoder, decoder} {
		if err := g.Err(); err != nil {
			return nil, fmt.Errorf("models: new: %w", err)
		}
		g.Producer = "elbo"
	}
	m := Manifest{
		Version: Version, Kind: "vae", Name: c.Name, Likelihood: c.Likelihood, Latent: c.Latent, Shape: slices.Clone(c.Shape),
		Preprocessing: c.Likelihood.preprocessing(), Producer: "elbo",
		Parts: map[string]Part{
			"encoder": {File: "encoder.onnx", Inputs: same("x"), Outputs: same("mean", "logvar")},
			"decoder": {File: "decoder.onnx", Inputs: same("z"), Outputs: same(namesOf(decoder.Outputs)...)},
		},
	}
	return assemble(m, encoder, decoder, s)
}

// output names the decoder's outputs. Bernoulli decoders give the mean beside the logits; a Gaussian's mean passes a
// sigmoid, since the data lies in [0,1] (Kingma and Welling, 2013, for Frey Face).
func (c Config) output(g *graph.Graph, params []*graph.Value) {
	for i, name := range likelihoods[c.Likelihood].params {
		if c.Likelihood == Gaussian && name == "mean" {
			params[i] = g.Sigmoid(params[i])
		}
		params[i] = g.Output(name, params[i])
	}
	if c.Likelihood == Bernoulli {
		g.Output("mean", g.Sigmoid(params[0]))
	}
}

// bodies are the kinds of network that Config.Body names.
var bodies = map[string]struct {
	hidden  []int
	encoder func(g *graph.Graph, c Config) (mean, logvar *graph.Value)
	decoder func(g *graph.Graph, c Config) []*graph.Value
}{
	"dense": {[]int{500}, denseEncoder, denseDecoder},
	"conv":  {[]int{32, 64}, convEncoder, convDecoder},
}

func (c Config) withDefaults(s settings) Config {
	if c.Body == "" {
		c.Body = "dense"
	}
	if c.Latent == 0 {
		c.Latent = 20
	}
	if c.Hidden == nil {
		c.Hidden = bodies[c.Body].hidden
	}
	if c.Likelihood == "" {
		c.Likelihood = Bernoulli
	}
	if c.Activation == "" {
		c.Activation = "tanh"
	}
	if c.Name == "" {
		c.Name = "vae"
	}
	if s.name != "" {
		c.Name = s.name
	}
	return c
}

func (c Config) check() error {
	if _, ok := bodies[c.Body]; !ok {
		return fmt.Errorf("body %q is not known; use dense or conv", c.Body)
	}
	if _, ok := activations[c.Activation]; !ok {
		return fmt.Errorf("activation %q is not known; use tanh, softplus, relu, elu, leakyrelu, selu, softsign or sigmoid", c.Activation)
	}
	if err := c.Likelihood.check(); err != nil {
		return err
	}
	if len(c.Shape) == 0 {
		return fmt.Errorf("shape is missing: give the shape of one row, [28,28] for MNIST")
	}
	for _, n := range slices.Concat(c.Shape, c.Hidden, []int{c.Latent}) {
		if n < 1 || n > 1<<24 {
			return fmt.Errorf("shape %v, hidden %v and latent %d must all be between 1 and %d", c.Shape, c.Hidden, c.Latent, 1<<24)
		}
	}
	row, err := tensor.Shape(c.Shape).CheckedSize()
	if err != nil {
		return err
	}
	if c.Body == "conv" {
		return c.checkConv()
	}
	return c.checkSize(float64(row))
}

// checkSize bounds the parameters of a dense body, in floating point: their number may overflow an int.
func (c Config) checkSize(row float64) error {
	total, in := 0.0, row
	for _, units := range c.Hidden {
		total += 2 * in * float64(units)
		in = float64(units)
	}
	if total += 3 * in * float64(c.Latent); total > maxParameters {
		return fmt.Errorf("%.3g parameters are more than the %d that fit an ONNX file; use fewer hidden units", total, maxParameters)
	}
	return nil
}

// same maps each role to the value of the same name.
func same(roles ...string) map[string]string {
	m := make(map[string]string, len(roles))
	for _, r := range roles {
		m[r] = r
	}
	return m
}

func namesOf(vs []*graph.Value) []string {
	names := make([]string, len(vs))
	for i, v := range vs {
		names[i] = v.Name
	}
	return names
}
