package models

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/importer"
	"github.com/elbo-ml/elbo/tensor"
)

// exported writes a graph as another program would and gives its path.
func exported(t *testing.T, name string, build func(g *graph.Graph)) string {
	t.Helper()
	g := graph.New(name)
	g.Init = initializer(5)
	build(g)
	if err := g.Err(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name+".onnx")
	if err := importer.Save(g, path, importer.SaveOptions{}); err != nil {
		t.Fatal(err)
	}
	return path
}

// twoHeads is an encoder of 6 numbers to outputs of 2 units, called as given.
func twoHeads(names ...string) func(g *graph.Graph) {
	return func(g *graph.Graph) {
		x := g.Input("input.1", "N", 6)
		for _, n := range names {
			g.Output(n, g.Dense("to_"+n, x, 2))
		}
	}
}

// ending is a decoder of 2 units to outputs of 6 numbers, each through f.
func ending(f func(g *graph.Graph, x *graph.Value) *graph.Value, names ...string) func(g *graph.Graph) {
	return func(g *graph.Graph) {
		z := g.Input("code", "N", 2)
		for _, n := range names {
			g.Output(n, f(g, g.Dense("to_"+n, z, 6)))
		}
	}
}

func sigmoid(g *graph.Graph, x *graph.Value) *graph.Value  { return g.Sigmoid(x) }
func straight(g *graph.Graph, x *graph.Value) *graph.Value { return g.Identity(x) }
func reshapedSigmoid(g *graph.Graph, x *graph.Value) *graph.Value {
	return g.Reshape(g.Sigmoid(x), g.Int64s(-1, 1, 2, 3))
}

func TestRolesAreFound(t *testing.T) {
	for name, c := range map[string]struct {
		encoder, decoder func(g *graph.Graph)
		opts             []Option
		likelihood       Likelihood
		mean, spread     string // the encoder's outputs
		logits           bool   // found behind the sigmoid
	}{
		"mu and logvar":        {twoHeads("mu", "logvar"), ending(sigmoid, "recon"), nil, Bernoulli, "mu", "logvar", true},
		"keras names":          {twoHeads("z_log_var", "z_mean", "z"), ending(sigmoid, "17"), nil, Bernoulli, "z_mean", "z_log_var", true},
		"loc and std":          {twoHeads("loc", "z_std"), ending(sigmoid, "probs"), nil, Bernoulli, "loc", "z_std", true},
		"sigmoid, then view":   {twoHeads("mu", "log_sigma2"), ending(reshapedSigmoid, "y"), nil, Bernoulli, "mu", "log_sigma2", true},
		"logits":               {twoHeads("mu", "logvar"), ending(straight, "logits"), nil, Bernoulli, "mu", "logvar", true},
		"gaussian":             {twoHeads("mu", "logvar"), ending(straight, "x_mu", "x_logvar"), nil, Gaussian, "mu", "logvar", false},
		"discretized logistic": {twoHeads("mu", "logvar"), ending(straight, "mean", "log_scale"), nil, DiscretizedLogistic, "mu", "logvar", false},
		"numbers, told": {twoHeads("12", "13"), ending(straight, "9"),
			[]Option{WithRoles(map[string]string{"encoder.mean": "12", "encoder.logvar": "13", "decoder.logits": "9"})}, Bernoulli, "12", "13", true},
		"probabilities, told": {twoHeads("mu", "logvar"), ending(func(g *graph.Graph, x *graph.Value) *graph.Value {
			return g.Half(g.Add(g.Tanh(x), g.Scalar(1, x)))
		}, "y"), []Option{WithLikelihood(Bernoulli)}, Bernoulli, "mu", "logvar", false},
	} {
		t.Run(name, func(t *testing.T) {
			v, err := FromONNX(exported(t, "encoder", c.encoder), exported(t, "decoder", c.decoder), c.opts...)
			if err != nil {
				t.Fatal(err)
			}
			defer v.Close()
			m := v.Manifest()
			roles := slices.Sorted(maps.Values(m.Parts["encoder"].Outputs))
			want := slices.Sorted(slices.Values([]string{c.mean, c.spread}))
			if m.Likelihood != c.likelihood || !slices.Equal(roles, want) || m.Parts["encoder"].Outputs["mean"] != c.mean {
				t.Errorf("found %s and %v", m.Likelihood, m.Parts["encoder"].Outputs)
			}
			if m.Latent != 2 || rowSize(m.Shape) != 6 {
				t.Errorf("found %d units for rows of %v", m.Latent, m.Shape)
			}
			if c.likelihood == Bernoulli && c.logits == (v.prob != nil) {
				t.Errorf("logits found: %v", v.prob == nil)
			}
			if _, err := v.Score(context.Background(), pictures(2, 6), ScoreOptions{}); err != nil {
				t.Error(err)
			}
			if _, err := v.Objective(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAmbiguousRolesAreAskedFor(t *testing.T) {
	good := ending(sigmoid, "recon")
	for name, c := range map[string]struct {
		encoder, decoder func(g *graph.Graph)
		tells            []string
	}{
		"outputs without names":  {twoHeads("12", "13"), good, []string{"12 [N,2]", "13 [N,2]", "--role encoder.mean=NAME"}},
		"two means":              {twoHeads("mu", "loc", "logvar"), good, []string{"mu", "loc", "encoder.mean"}},
		"sigma, perhaps its log": {twoHeads("mu", "sigma"), good, []string{"sigma", "encoder.std", "encoder.logvar"}},
		"no sigmoid":             {twoHeads("mu", "logvar"), ending(straight, "out"), []string{"out", "decoder.logits", "--likelihood"}},
		"two inputs": {twoHeads("mu", "logvar"), func(g *graph.Graph) {
			a, b := g.Input("a", "N", 2), g.Input("b", "N", 2)
			g.Output("recon", g.Sigmoid(g.Dense("d", g.Add(a, b), 6)))
		}, []string{"a [N,2]", "b [N,2]", "decoder.z"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := FromONNX(exported(t, "encoder", c.encoder), exported(t, "decoder", c.decoder))
			if !errors.Is(err, ErrAmbiguous) {
				t.Fatalf("the error is %v", err)
			}
			for _, want := range c.tells {
				if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
					t.Errorf("%q does not tell of %s in one line", err, want)
				}
			}
		})
	}
}

func TestPairsThatDoNotFit(t *testing.T) {
	encoder := twoHeads("mu", "logvar")
	for name, c := range map[string]struct {
		decoder func(g *graph.Graph)
		opts    []Option
		tells   string
	}{
		"another number of units": {func(g *graph.Graph) { g.Output("recon", g.Sigmoid(g.Dense("d", g.Input("z", "N", 3), 6))) }, nil, "not a pair"},
		"another row":             {func(g *graph.Graph) { g.Output("recon", g.Sigmoid(g.Dense("d", g.Input("z", "N", 2), 7))) }, nil, "not a pair"},
		"a batch fixed in its nodes": {func(g *graph.Graph) {
			g.Output("recon", g.Sigmoid(g.ReduceMean(g.Dense("d", g.Input("z", 1, 2), 6), true, 0)))
		}, nil, "dynamic batch"},
		"a role misspelt":   {ending(sigmoid, "recon"), []Option{WithRoles(map[string]string{"encoder.mue": "mu"})}, "encoder.mue"},
		"a name misspelt":   {ending(sigmoid, "recon"), []Option{WithRoles(map[string]string{"encoder.mean": "mew"})}, "mew"},
		"an unknown family": {ending(sigmoid, "recon"), []Option{WithLikelihood("cauchy")}, "cauchy"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := FromONNX(exported(t, "encoder", encoder), exported(t, "decoder", c.decoder), c.opts...)
			if err == nil || !strings.Contains(err.Error(), c.tells) || strings.Contains(err.Error(), "\n") {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

// A pair exported without dynamic_axes takes any number of rows, as long as its nodes do.
func TestFixedBatchIsOpened(t *testing.T) {
	v, err := FromONNX(exported(t, "encoder", func(g *graph.Graph) {
		x := g.Input("x", 1, 6)
		g.Output("mu", g.Dense("fc_mu", x, 2))
		g.Output("logvar", g.Dense("fc_logvar", x, 2))
	}), exported(t, "decoder", func(g *graph.Graph) { g.Output("recon", g.Sigmoid(g.Dense("d", g.Input("z", 1, 2), 6))) }))
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	if _, err := v.Score(context.Background(), pictures(5, 6), ScoreOptions{}); err != nil {
		t.Error(err)
	}
	roundTripKeepsInterface(t, v)
}

// A number of rows that stands in the target of a Reshape is opened too, unless the rows would then be mixed.
func TestFixedBatchInShapesIsOpened(t *testing.T) {
	encoder := func(mix bool) func(g *graph.Graph) {
		return func(g *graph.Graph) {
			h := g.Reshape(g.Input("x", 2, 2, 3), g.Int64s(2, 6))
			if mix { // a softmax over what would be the batch
				h = g.Mul(h, g.Reshape(g.Softmax(g.Reshape(h, g.Int64s(3, 2, 2)), 1), g.Int64s(2, 6)))
			}
			g.Output("mu", g.Dense("fc_mu", h, 2))
			g.Output("logvar", g.Dense("fc_logvar", h, 2))
		}
	}
	decoder := exported(t, "decoder", func(g *graph.Graph) {
		g.Output("logits", g.Reshape(g.Dense("d", g.Input("z", 2, 2), 6), g.Int64s(2, 2, 3)))
	})
	v, err := FromONNX(exported(t, "encoder", encoder(false)), decoder)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	if _, err := v.Score(context.Background(), pictures(5, 2, 3), ScoreOptions{}); err != nil {
		t.Error(err)
	}
	roundTripKeepsInterface(t, v)
	if _, err := FromONNX(exported(t, "encoder", encoder(true)), decoder); err == nil || !strings.Contains(err.Error(), "holds exactly 2 rows") {
		t.Errorf("an encoder that mixes rows: %v", err)
	}
}

// An encoder that draws its own z still gives mean and logvar; the noise becomes an input that nobody needs to feed.
func TestNoiseOfTheEncoderIsLeftAside(t *testing.T) {
	encoder := exported(t, "encoder", func(g *graph.Graph) {
		x := g.Input("x", "N", 6)
		mean, logvar := g.Dense("fc_mu", x, 2), g.Dense("fc_logvar", x, 2)
		eps := g.Node("RandomNormalLike", nil, mean)
		g.Output("z", Reparameterize(g, mean, logvar, eps))
		g.Output("mu", mean)
		g.Output("logvar", logvar)
	})
	v, err := FromONNX(encoder, exported(t, "decoder", ending(sigmoid, "recon")))
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	if _, err := v.Encode(context.Background(), pictures(2, 6)); err != nil {
		t.Error(err)
	}
	w := reopened(t, v)
	// The bundle that was opened remembers which input is noise, so its files may draw it again.
	folder := filepath.Join(t.TempDir(), "inside")
	if err := w.Save(folder, SaveOptions{NoiseInside: true}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		g      *graph.Graph
		inputs int
		draws  bool
	}{{w.encoder.graph, 2, false}, {loaded(t, filepath.Join(folder, "encoder.onnx")), 1, true}} {
		if draws := slices.ContainsFunc(c.g.Nodes, graph.Draws); len(c.g.Inputs) != c.inputs || draws != c.draws {
			t.Errorf("inputs %s, draws noise: %v", list(c.g.Inputs), draws)
		}
	}
	again, err := Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	again.Close()
}

func loaded(t *testing.T, path string) *graph.Graph {
	t.Helper()
	g, err := importer.Load(path, importer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func fixture(t *testing.T, name string) string {
	t.Helper()
	dir := os.Getenv("ELBO_FIXTURES")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", "fixtures")
	}
	path := filepath.Join(dir, name, "model.onnx")
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no %s (ELBO_FIXTURES names the folder of fixtures)", path)
	}
	return path
}

// Pairs as PyTorch exports them import without a word of help, and go out as they came in.
func TestPyTorchPairs(t *testing.T) {
	for _, c := range []struct {
		encoder, decoder string
		shape            []int
		latent, params   int
	}{
		{"mlp_vae_encoder_op13", "mlp_vae_decoder_op13", []int{784}, 20, 10},
		{"mlp_vae_encoder_op9", "mlp_vae_decoder_op9_initinputs", []int{784}, 20, 10},
		{"mlp_vae_encoder_op16_trainable", "mlp_vae_decoder_op16_trainable", []int{784}, 20, 10},
		{"conv_vae_encoder_op13", "conv_vae_decoder_op13", []int{1, 28, 28}, 10, 0},
		{"conv_vae_encoder_op16_trainable", "conv_vae_decoder_op16_trainable", []int{1, 28, 28}, 10, 0},
	} {
		t.Run(c.encoder, func(t *testing.T) {
			v, err := FromONNX(fixture(t, c.encoder), fixture(t, c.decoder))
			if err != nil {
				t.Fatal(err)
			}
			defer v.Close()
			m := v.Manifest()
			if !slices.Equal(m.Shape, c.shape) || m.Latent != c.latent || v.prob != nil {
				t.Errorf("rows of %v, %d units, logits found: %v", m.Shape, m.Latent, v.prob == nil)
			}
			s, err := v.Score(context.Background(), pictures(3, c.shape...), ScoreOptions{K: 2})
			if err != nil {
				t.Fatal(err)
			}
			if !(s.ELBO[0] < 0 && s.ELBO[0] > -2000) {
				t.Errorf("ELBO is %v", s.ELBO)
			}
			o, err := v.Objective()
			if err != nil {
				t.Fatal(err)
			}
			if c.params > 0 && len(o.Params) != c.params {
				t.Errorf("%d params", len(o.Params))
			}
			for _, p := range o.Params {
				if strings.Contains(p.Name, "running") {
					t.Errorf("%s is among the params", p.Name)
				}
			}
			roundTripKeepsInterface(t, v)
		})
	}
}

func roundTripKeepsInterface(t *testing.T, v *VAE) {
	w := reopened(t, v)
	for _, pair := range [][2]*part{{v.encoder, w.encoder}, {v.decoder, w.decoder}} {
		was, is := pair[0].graph, pair[1].graph
		if list(was.Inputs) != list(is.Inputs) || list(was.Outputs) != list(is.Outputs) {
			t.Errorf("%s: was %s -> %s, is %s -> %s", pair[0].name, list(was.Inputs), list(was.Outputs), list(is.Inputs), list(is.Outputs))
		}
		for i, a := range was.Weights {
			b := is.Weights[i]
			if a.Name != b.Name || string(a.Data.Bytes()) != string(b.Data.Bytes()) || a.Data.DType() != b.Data.DType() {
				t.Errorf("%s: weight %s changed", pair[0].name, a.Name)
			}
		}
	}
	x := tensor.New(tensor.Float32, append([]int{2}, v.Manifest().Shape...)...)
	a, err := v.Encode(context.Background(), x)
	if err != nil {
		t.Fatal(err)
	}
	b, err := w.Encode(context.Background(), x)
	if err != nil {
		t.Fatal(err)
	}
	if string(a.Mean.Bytes()) != string(b.Mean.Bytes()) {
		t.Error("the posterior's mean changed")
	}
}
