package models

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// activations are the names that Config.Activation takes and ONNX's operators.
var activations = map[string]string{
	"tanh": "Tanh", "softplus": "Softplus", "relu": "Relu", "elu": "Elu", "leakyrelu": "LeakyRelu", "selu": "Selu",
	"softsign": "Softsign", "sigmoid": "Sigmoid",
}

// maxComponents bounds the components of a mixture.
const maxComponents = 1000

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
	b, err := c.bundle()
	if err != nil {
		return nil, fmt.Errorf("models: new: %w", err)
	}
	v, err := assemble(b.Manifest, b.Graphs, s)
	if err != nil {
		return nil, fmt.Errorf("models: new: %w", err)
	}
	v.normalised = c.Layers.Made()
	return v, nil
}

// bundle builds the parts.
func (c Config) bundle() (*Bundle, error) {
	b := &Bundle{Graphs: map[string]*graph.Graph{}, Manifest: Manifest{
		Version: 1, Kind: KindVAE, Name: c.Name, Likelihood: c.Likelihood, Latent: c.Latent, Shape: slices.Clone(c.Shape),
		Preprocessing: c.Likelihood.preprocessing(), Producer: "elbo", Parts: map[string]Part{},
	}}
	encoder, decoder := graph.New("encoder"), graph.New("decoder")
	encoder.Init = initializer(c.Seed)
	decoder.Init = encoder.Init
	body := bodies[c.Body]
	h := body.encoder(encoder, c)
	state := c.Latent // of what the decoder reads
	if len(c.LatentLayers) > 0 {
		encoder.Output("up", h)
		b.add("encoder", encoder, Part{Inputs: same("x"), Outputs: same("up")})
		features, _ := h.Shape[1].Known()
		c.levelParts(b, encoder.Init, features)
		state = c.Units
	} else {
		c.gaussian(b, encoder, h)
	}
	z := decoder.Input("z", "batch", state)
	params := body.decoder(decoder, c, z)
	if len(c.Autoregressive) > 0 {
		c.autoregress(decoder, z, params)
	}
	c.output(decoder, params)
	b.add("decoder", decoder, Part{Inputs: same(namesOf(decoder.Inputs)...), Outputs: same(namesOf(decoder.Outputs)...)})
	if len(c.LatentLayers) == 0 {
		b.Manifest.Posterior = c.flowParts(b, encoder.Init, "", c.Latent)
	}
	if err := c.priorParts(b, encoder.Init); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(b.Graphs)) {
		if err := b.Graphs[name].Err(); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return b, nil
}

// gaussian ends the encoder in the parameters of one Gaussian, and the context of the flow that follows it.
func (c Config) gaussian(b *Bundle, encoder *graph.Graph, h *graph.Value) {
	outputs := []string{"mean", "logvar"}
	mean, logvar := encoder.Dense("mean", h, c.Latent), encoder.Dense("logvar", h, c.Latent)
	encoder.Output("mean", mean)
	encoder.Output("logvar", logvar)
	if len(c.Flow) > 0 {
		outputs = append(outputs, "context")
		encoder.Output("context", encoder.Dense("context", h, c.Context))
	}
	b.add("encoder", encoder, Part{Inputs: same("x"), Outputs: same(outputs...)})
}

// add gives the bundle a part.
func (b *Bundle) add(name string, g *graph.Graph, roles Part) {
	g.Producer = "elbo"
	roles.File = name + ".onnx"
	b.Graphs[name], b.Manifest.Parts[name] = g, roles
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
	switch c.Likelihood {
	case Bernoulli:
		g.Output("mean", g.Sigmoid(params[0]))
	case LogisticMixture:
		split := []int{-1, c.Components, rowSize(c.Shape)}
		apart := func(v *graph.Value) *graph.Value { return g.Reshape(v, g.Int64s(split...)) }
		mean := LogisticMixtureMean(g, apart(params[0]), apart(params[1]))
		g.Output("mean", g.Reshape(mean, g.Int64s(append([]int{-1}, c.Shape...)...)))
	}
}

// bodies are the kinds of network that Config.Body names.
var bodies = map[string]struct {
	hidden []int
	// encoder gives what mean and logvar are predicted from, [batch, features], of an input x; decoder gives the parameters
	// of p(x|z) of its input [batch, features].
	encoder func(g *graph.Graph, c Config) *graph.Value
	decoder func(g *graph.Graph, c Config, z *graph.Value) []*graph.Value
	// activation is the one that it has by default.
	activation string
}{
	"dense":  {[]int{500}, denseEncoder, denseDecoder, "tanh"},
	"conv":   {[]int{32, 64}, convEncoder, convDecoder, "tanh"},
	"resnet": {[]int{16, 32, 32}, resnetEncoder, resnetDecoder, "elu"},
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
	c.Blocks, c.Units, c.Context = cmp.Or(c.Blocks, 2), cmp.Or(c.Units, 450), cmp.Or(c.Context, 32)
	c.Prior = cmp.Or(c.Prior, StandardPrior)
	if len(c.LatentLayers) > 0 {
		c.Latent, c.Inference = 0, cmp.Or(c.Inference, Bidirectional)
		for _, n := range c.LatentLayers {
			c.Latent += n
		}
	}
	c.PriorSize = cmp.Or(c.PriorSize, map[string]int{VampPrior: 500, FlowPrior: 4}[c.Prior])
	if c.Components == 0 {
		c.Components = 5
	}
	if c.Activation == "" {
		c.Activation = bodies[c.Body].activation
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
		return fmt.Errorf("body %q is not known; use dense, conv or resnet", c.Body)
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
	switch c.Prior {
	case StandardPrior, VampPrior, FlowPrior:
	default:
		return fmt.Errorf("prior %q is not known; use %s, %s or %s", c.Prior, StandardPrior, VampPrior, FlowPrior)
	}
	if len(c.LatentLayers) > 0 && c.Prior != StandardPrior {
		return fmt.Errorf("several stochastic layers have the prior that they make, not %s", c.Prior)
	}
	if c.Inference != "" && c.Inference != BottomUp && c.Inference != Bidirectional || c.Inference != "" && len(c.LatentLayers) == 0 {
		return fmt.Errorf("inference %q of %d stochastic layers; it is %s or %s, of several", c.Inference, len(c.LatentLayers), BottomUp, Bidirectional)
	}
	if c.PriorSize < 0 || c.PriorSize > 1<<16 || c.Blocks < 1 || c.Blocks > 1000 {
		return fmt.Errorf("a prior of size %d and %d blocks: they must be positive, and 65536 and 1000 at most", c.PriorSize, c.Blocks)
	}
	for _, n := range slices.Concat(c.Shape, c.Hidden, c.Autoregressive, c.LatentLayers, []int{c.Latent, c.Context, c.Units}) {
		if n < 1 || n > 1<<24 {
			return fmt.Errorf("shape %v, hidden %v and latent %d must all be between 1 and %d", c.Shape, c.Hidden, c.Latent, 1<<24)
		}
	}
	if c.Components < 1 || c.Components > maxComponents {
		return fmt.Errorf("a mixture has 1 to %d components, not %d", maxComponents, c.Components)
	}
	row, err := tensor.Shape(c.Shape).CheckedSize()
	if err != nil {
		return err
	}
	if err := c.checkAutoregressive(float64(row)); err != nil {
		return err
	}
	if c.Body != "dense" {
		return c.checkConv()
	}
	return c.checkSize(float64(row))
}

// checkSize bounds the parameters of a dense body, in floating point: their number may overflow an int.
func (c Config) checkSize(row float64) error {
	total, in := 0.0, row
	if l := likelihoods[c.Likelihood]; l.mixed {
		total = row * float64(slices.Concat(c.Hidden, []int{c.Latent})[0]) * float64(len(l.params)*c.Components)
	}
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
