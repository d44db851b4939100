package models

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/stat"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/models/flow"
	"github.com/elbo-ml/elbo/models/layer"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train"
)

// chain is a posterior's flow.
func chain(t testing.TB, kind string, steps int) []flow.Flow {
	t.Helper()
	c, err := flow.Chain(kind, steps, 8, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// richConfigs are one of every flow and prior, and of the bodies that go with them.
func richConfigs() map[string]Config {
	base := Config{Shape: []int{4, 4}, Latent: 3, Hidden: []int{7}, Context: 4, Seed: 1}
	all := map[string]Config{}
	for _, kind := range flow.Kinds {
		c := base
		c.Flow, _ = flow.Chain(kind, 2, 6, nil)
		all[kind] = c
	}
	c := base
	c.Prior, c.PriorSize = VampPrior, 5
	all["vampprior"] = c
	c.Flow = all["iaf"].Flow
	all["iaf and vampprior"] = c
	c = base
	c.Prior, c.PriorSize = FlowPrior, 2
	all["flow prior"] = c
	all["resnet"] = Config{Body: "resnet", Shape: []int{6, 5}, Latent: 2, Hidden: []int{3, 4}, Units: 6, Seed: 1}
	normed := &layer.Builder{Normalise: true}
	c = all["resnet"]
	c.Layers, c.Shape, c.Blocks, c.Likelihood = normed, []int{3, 4, 4}, 1, DiscretizedLogistic
	c.Flow, _ = flow.Chain("iaf", 2, 6, normed)
	all["resnet, normalised, iaf"] = c
	for _, direction := range []string{BottomUp, Bidirectional} {
		c = base
		c.LatentLayers, c.Inference, c.Units = []int{3, 2, 1}, direction, 5
		all[direction] = c
	}
	c.Flow = all["iaf"].Flow
	all["levels with iaf"] = c
	c.Body, c.Hidden, c.Shape, c.Layers, c.LatentLayers = "resnet", []int{3}, []int{5, 4}, &layer.Builder{Normalise: true}, []int{2, 2}
	all["resnet, bidirectional"] = c
	c = base
	c.Flow = []flow.Flow{flow.IAF{Net: flow.MaskedConv{Shape: []int{1, 1, 3}, Maps: []int{4}}}}
	all["iaf of maps"] = c
	for _, l := range []string{"bernoulli", "logistic_mixture"} {
		c = autoregressiveConfigs()["autoregressive, "+l]
		c.Flow, c.Context = all["iaf"].Flow, 4
		all["autoregressive, iaf, "+l] = c
	}
	return all
}

// Without a flow or with one, and under every prior, what a model scores is log p(x) from below: the mean of
// p(x|z) p(z) / q(z|x) over many draws is the same number, whatever q is. Here x is the only datum there is, so that
// log p(x) is known by integration over the prior.
func TestImportanceWeightingIsRightForEveryPosteriorAndPrior(t *testing.T) {
	ctx := context.Background()
	for name, c := range richConfigs() {
		t.Run(name, func(t *testing.T) {
			v, err := New(c)
			if err != nil {
				t.Fatal(err)
			}
			defer v.Close()
			// A posterior that is wider than the true one has weights that do not vary much.
			for _, p := range v.parts {
				for _, name := range []string{"logvar.bias", "posterior/logvar.bias"} {
					if b := p.graph.Value(name); b != nil && p != v.decoder {
						for i := range b.Data.Len() {
							tensor.Data[float32](b.Data)[i] = 1
						}
					}
				}
			}
			for part, p := range v.parts {
				if b := p.graph.Value("step/s.bias"); strings.Contains(name, "iaf") && strings.Contains(part, "flow") && b != nil {
					for i := range b.Data.Len() {
						tensor.Data[float32](b.Data)[i] = 3 // and a gate that lets it through
					}
				}
			}
			x := pictures(1, c.Shape...)
			got, err := v.LogLikelihood(ctx, x, 2000, Seed(3))
			if err != nil {
				t.Fatal(err)
			}
			var byPrior logMeanExp
			n := 4000
			eps := tensor.New(tensor.Float32, n, v.latents.noise())
			draw(eps, runtime.Noise{Seed: 5}, 0, 1)
			g := graph.New("prior")
			z, err := v.latents.generate(g, g.Input("eps", "batch", v.latents.noise()))
			if err != nil {
				t.Fatal(err)
			}
			g.Output("z", z)
			out := make([]*tensor.Tensor, 1)
			p, err := v.engine.Compile(g, runtime.Options{Threads: 1})
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			if err := p.Run(ctx, []*tensor.Tensor{eps}, out); err != nil {
				t.Fatal(err)
			}
			logProb := tensor.New(tensor.Float32, n)
			xs := tensor.New(tensor.Float32, append([]int{n}, c.Shape...)...)
			for i := range n {
				copy(tensor.Data[float32](xs.Rows(i, i+1)), tensor.Data[float32](x))
			}
			if err := v.run(ctx, likelihood, []*tensor.Tensor{xs, out[0]}, []*tensor.Tensor{logProb}); err != nil {
				t.Fatal(err)
			}
			for _, l := range tensor.Data[float32](logProb) {
				byPrior.add(float64(l))
			}
			if d := math.Abs(got[0] - byPrior.value()); d > 0.08 {
				t.Errorf("log p(x) is %v by the posterior and %v by the prior", got[0], byPrior.value())
			}
		})
	}
}

// p(z) integrates to 1, at weights that are far from those it starts with.
func TestPriorsIntegrateToOne(t *testing.T) {
	for name, c := range map[string]Config{
		"vampprior": {Prior: VampPrior, PriorSize: 4}, "flow": {Prior: FlowPrior, PriorSize: 3}, "standard": {},
	} {
		t.Run(name, func(t *testing.T) {
			c.Shape, c.Latent, c.Hidden, c.Seed = []int{3}, 2, []int{5}, 4
			v, err := New(c)
			if err != nil {
				t.Fatal(err)
			}
			defer v.Close()
			for name, p := range v.parts {
				for _, w := range p.graph.Weights {
					if strings.HasPrefix(name, "prior") {
						for i := range tensor.Data[float32](w.Data) {
							tensor.Data[float32](w.Data)[i] *= 1.5
						}
					}
				}
			}
			const side, reach = 300, 12.0
			z := tensor.New(tensor.Float32, side*side, 2)
			for i := range side * side {
				tensor.Data[float32](z)[2*i] = reach * float32(2*(float64(i/side)+0.5)/side-1)
				tensor.Data[float32](z)[2*i+1] = reach * float32(2*(float64(i%side)+0.5)/side-1)
			}
			logp := tensor.New(tensor.Float32, side*side)
			if err := v.run(context.Background(), logPrior, []*tensor.Tensor{z}, []*tensor.Tensor{logp}); err != nil {
				t.Fatal(err)
			}
			total := 0.0
			for _, l := range tensor.Data[float32](logp) {
				total += math.Pow(2*reach/side, 2) * math.Exp(float64(l))
			}
			near(t, "the integral", total, 1, 5e-3)
		})
	}
}

// A datapoint's KL is told for each stochastic layer, and is their sum.
func TestTheKLOfEachLayer(t *testing.T) {
	v, err := New(richConfigs()[BottomUp])
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	x := pictures(6, 4, 4)
	s, err := v.Score(context.Background(), x, ScoreOptions{K: 3})
	if err != nil {
		t.Fatal(err)
	}
	one, err := v.Score(context.Background(), x.Rows(4, 5), ScoreOptions{K: 3, FirstRow: 4})
	if err != nil {
		t.Fatal(err)
	}
	if len(s.LayerKL) != 6*3 || len(one.LayerKL) != 3 {
		t.Fatalf("%d numbers of 6 rows, %d of one", len(s.LayerKL), len(one.LayerKL))
	}
	sum := 0.0
	for j, kl := range one.LayerKL {
		near(t, "the KL of a layer", s.LayerKL[4*3+j], kl, 1e-6)
		sum += kl
	}
	near(t, "the sum over the layers", sum, s.KL[4], 1e-6)
	e, err := Evaluate(context.Background(), v, memory{x}, EvalOptions{K: 3, Batch: 4})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "the mean KL by layers", e.LayerKL[0]+e.LayerKL[1]+e.LayerKL[2], e.KL, 1e-6)
}

// At temperature 0 a mixture still draws its components: it is the component's own spread that is scaled.
func TestTemperatureOfAMixture(t *testing.T) {
	v, err := New(richConfigs()["vampprior"])
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	x, err := v.Sample(context.Background(), 40, Seed(1), Temperature(0))
	if err != nil {
		t.Fatal(err)
	}
	different := map[float32]bool{}
	for i := range 40 {
		different[tensor.Data[float32](x.Rows(i, i+1))[0]] = true
	}
	if len(different) != 5 {
		t.Errorf("40 samples of 5 components are %d different ones", len(different))
	}
}

// The parts come back from a bundle, and the model trains on from there.
func TestRichModelsComeBackTrainable(t *testing.T) {
	ctx := context.Background()
	for name, c := range richConfigs() {
		t.Run(name, func(t *testing.T) {
			v, err := New(c)
			if err != nil {
				t.Fatal(err)
			}
			defer v.Close()
			src := memory{pictures(40, c.Shape...)}
			if err := v.Initialise(ctx, src.x, 1); err != nil {
				t.Fatal(err)
			}
			w := reopened(t, v)
			before, err := Evaluate(ctx, w, src, EvalOptions{K: 5})
			if err != nil {
				t.Fatal(err)
			}
			same, err := Evaluate(ctx, v, src, EvalOptions{K: 5})
			if err != nil {
				t.Fatal(err)
			}
			near(t, "the bound of the saved model", before.ELBO, same.ELBO, 1e-6)
			if _, err := train.Fit(ctx, w, src, train.Options{MaxSteps: 60, Batch: 20, Optimizer: train.AdaMax{LearningRate: 0.003}, Threads: 1}); err != nil {
				t.Fatal(err)
			}
			after, err := Evaluate(ctx, w, src, EvalOptions{K: 5})
			if err != nil {
				t.Fatal(err)
			}
			if !(after.ELBO > before.ELBO) || !(after.IWAE >= after.ELBO) {
				t.Errorf("the bound went from %v to %v, importance-weighted %v", before.ELBO, after.ELBO, after.IWAE)
			}
		})
	}
}

func TestRichModelsOnBothEngines(t *testing.T) {
	ort := openORT(t)
	for name, c := range richConfigs() {
		t.Run(name, func(t *testing.T) {
			v, err := New(c)
			if err != nil {
				t.Fatal(err)
			}
			defer v.Close()
			all, err := Verify(context.Background(), v, v.engine, ort, VerifyOptions{Rows: 5})
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range all {
				if !(d.Difference <= Tolerance) {
					t.Errorf("%s of %s differs by %v", d.Output, d.Part, d.Difference)
				}
			}
			if want := len(v.manifest.Parts["flow1"].Outputs); want > 0 && !slices.ContainsFunc(all, func(d Difference) bool { return d.Part == "flow2" || len(c.Flow) < 2 }) {
				t.Error("the steps of the flow are not compared")
			}
			w, err := New(c, WithEngine(ort))
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
			x := pictures(4, c.Shape...)
			a, err := v.Score(context.Background(), x, ScoreOptions{K: 2})
			if err != nil {
				t.Fatal(err)
			}
			b, err := w.Score(context.Background(), x, ScoreOptions{K: 2})
			if err != nil {
				t.Fatal(err)
			}
			near(t, "the ELBO", b.ELBO[3], a.ELBO[3], 1e-5)
			near(t, "the KL", b.KL[3], a.KL[3], 1e-4)
		})
	}
}

func TestFlowsThatDoNotFitAreRefused(t *testing.T) {
	broken := func(change func(b *Bundle)) error {
		c := richConfigs()["iaf and vampprior"]
		v, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		defer v.Close()
		b := v.bundle()
		change(b)
		_, err = b.vae(settings{})
		return err
	}
	for name, c := range map[string]struct {
		change func(b *Bundle)
		tells  string
	}{
		"a step that is not there":   {func(b *Bundle) { b.Manifest.Posterior = append(b.Manifest.Posterior, "flow9") }, "flow9"},
		"a prior of no kind":         {func(b *Bundle) { b.Manifest.Prior.Kind = "cauchy" }, "cauchy"},
		"a prior without parts":      {func(b *Bundle) { b.Manifest.Prior.Parts = nil }, "0 parts"},
		"a prior of another's part":  {func(b *Bundle) { b.Manifest.Prior.Parts = []string{"flow1"} }, "pseudo"},
		"no context":                 {func(b *Bundle) { delete(b.Manifest.Parts["encoder"].Outputs, "context") }, "context"},
		"levels beside a flow":       {func(b *Bundle) { b.Manifest.Levels, b.Manifest.Inference = []string{"flow1"}, BottomUp }, "a flow for each"},
		"levels of no direction":     {func(b *Bundle) { b.Manifest.Levels = []string{"flow1"} }, "inference"},
		"a step that is the decoder": {func(b *Bundle) { b.Manifest.Posterior = []string{"decoder"} }, "the decoder's output z"},
	} {
		if err := broken(c.change); err == nil || !strings.Contains(err.Error(), c.tells) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, c := range map[string]Config{
		"a prior of no kind":  {Shape: []int{4}, Prior: "cauchy"},
		"a prior too small":   {Shape: []int{4}, Prior: VampPrior, PriorSize: -1},
		"a flow of one unit":  {Shape: []int{4}, Latent: 1, Flow: chain(t, "realnvp", 1)},
		"a prior of levels":   {Shape: []int{4}, LatentLayers: []int{2, 2}, Prior: VampPrior},
		"no direction":        {Shape: []int{4}, LatentLayers: []int{2, 2}, Inference: "sideways"},
		"a level of nothing":  {Shape: []int{4}, LatentLayers: []int{2, 0}},
		"a resnet of vectors": {Shape: []int{4}, Body: "resnet"},
	} {
		if v, err := New(c); err == nil {
			v.Close()
			t.Errorf("%s is accepted", name)
		}
	}
	if _, err := flow.Chain("spline", 1, 0, nil); err == nil {
		t.Error("a flow of no kind is accepted")
	}
}

// objectiveValue is the loss of a minibatch and the named outputs, at the given noise.
func lossOf(t *testing.T, m train.Model, x *tensor.Tensor, seed uint64) (loss float64, params []*graph.Value, gradients [][]float64) {
	t.Helper()
	o, err := m.Objective()
	if err != nil {
		t.Fatal(err)
	}
	shape, _ := o.Noise[0].Shape[1:].Known()
	eps := tensor.New(tensor.Float32, append([]int{x.Shape()[0]}, shape...)...)
	draw(eps, runtime.Noise{Seed: seed}, 0, 1)
	grads, err := train.Gradients(o.Graph, o.Loss, o.Params, o.Stopped...)
	if err != nil {
		t.Fatal(err)
	}
	o.Graph.Outputs = append([]*graph.Value{o.Loss}, grads...)
	all := run(t, o.Graph, []*tensor.Tensor{x, eps, tensor.Scalar(float32(1))})
	return all[0][0], o.Params, all[1:]
}

func maximise(t *testing.T, v *VAE, b Bound) train.Model {
	t.Helper()
	m, err := v.Maximise(b)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestBounds(t *testing.T) {
	v := small(t)
	x := pictures(500, 4, 4)
	value := func(b Bound) float64 {
		loss, _, _ := lossOf(t, maximise(t, v, b), x, 2)
		return -loss
	}
	elbo := value(Bound{})
	// One draw's importance-weighted bound is SGVB-A; both are the ELBO in the mean over noise.
	near(t, "IWAE of one draw", value(Bound{Estimator: IWAE}), value(Bound{Estimator: SGVBA}), 1e-5)
	near(t, "SGVB-A", value(Bound{Estimator: SGVBA}), elbo, 5e-3)
	near(t, "the ELBO by 5 draws", value(Bound{K: 5}), elbo, 5e-3)
	if five := value(Bound{Estimator: IWAE, K: 5}); !(five > elbo+0.01) {
		t.Errorf("5 importance-weighted draws give %v, one draw %v", five, elbo)
	}
	near(t, "the value of DReG", value(Bound{Estimator: DReG, K: 5}), value(Bound{Estimator: IWAE, K: 5}), 1e-6)
	// 0.05 nats for each of 3 units whose KL is less are a loss of what they lack.
	score, err := v.Score(context.Background(), x, ScoreOptions{})
	if err != nil {
		t.Fatal(err)
	}
	lacks := 0.0
	for _, kl := range score.UnitKL {
		lacks += max(0, 0.05-kl/500)
	}
	near(t, "free bits", elbo-value(Bound{FreeBits: 0.05}), lacks, 1e-5)
	near(t, "free bits of the importance-weighted bound", value(Bound{Estimator: IWAE, K: 5})-value(Bound{Estimator: IWAE, K: 5, FreeBits: 0.05}), lacks, 1e-5)
	squares := 0.0
	for _, p := range v.parts {
		for _, w := range p.graph.Weights {
			for _, e := range w.Data.Floats() {
				squares += e * e
			}
		}
	}
	near(t, "the weight prior", elbo-value(Bound{WeightPrior: 0.1}), 0.05*squares, 1e-5)
	if lacks == 0 {
		t.Error("no unit has less than 0.05 nats: the case says nothing")
	}
}

// SGVB-A reports the KL of each stochastic layer as the bound in closed form does: the same numbers in the mean over noise,
// whose sum is the KL.
func TestSGVBATellsTheLayersApart(t *testing.T) {
	v, err := New(richConfigs()[Bidirectional])
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	// Posteriors away from what the prior says, each layer by another distance.
	for i, l := range v.latents.(*ladder).levels {
		b := tensor.Data[float32](l.graph.Value("posterior/mean.bias").Data)
		for j := range b {
			b[j] = float32(i + 1)
		}
	}
	v.Updated()
	const n = 4000
	x := tensor.New(tensor.Float32, n, 4, 4)
	terms := func(e Estimator) []float64 {
		o, err := maximise(t, v, Bound{Estimator: e}).Objective()
		if err != nil {
			t.Fatal(err)
		}
		o.Graph.Outputs = append([]*graph.Value{o.KL}, o.Terms...)
		eps := tensor.New(tensor.Float32, n, v.manifest.Latent)
		draw(eps, runtime.Noise{Seed: 2}, 0, 1)
		var all []float64
		for _, out := range run(t, o.Graph, []*tensor.Tensor{x, eps, tensor.Scalar(float32(1))}) {
			all = append(all, out[0])
		}
		return all
	}
	closed, sampled := terms(SGVBB), terms(SGVBA)
	if len(sampled) != 4 || len(closed) != 4 {
		t.Fatalf("the KL and that of three layers are %v, in closed form %v", sampled, closed)
	}
	near(t, "the sum of the layers' KLs", sampled[1]+sampled[2]+sampled[3], sampled[0], 1e-5)
	for i, kl := range closed {
		near(t, "a KL by Monte Carlo", sampled[i], kl, 0.1)
	}
}

// The two gradients of the importance-weighted bound have one mean (Tucker et al., 2018).
func TestDReGIsTheGradient(t *testing.T) {
	v, err := New(Config{Shape: []int{3}, Latent: 2, Hidden: []int{}, Seed: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	// A posterior that is far from the prior's, and no optimum.
	copy(tensor.Data[float32](v.encoder.graph.Value("mean.bias").Data), []float32{0.8, -0.5})
	copy(tensor.Data[float32](v.encoder.graph.Value("logvar.bias").Data), []float32{-1, -0.5})
	v.Updated()
	x := tensor.New(tensor.Float32, 2000, 3)
	for i := range 2000 {
		copy(tensor.Data[float32](x.Rows(i, i+1)), []float32{1, 0, 0.5})
	}
	const runs, k = 12, 8
	column := func(b Bound, param string) (mean, deviation float64) {
		var all []float64
		for seed := range uint64(runs) {
			_, params, grads := lossOf(t, maximise(t, v, b), x, 100+seed)
			i := slices.IndexFunc(params, func(p *graph.Value) bool { return p.Name == param })
			all = append(all, grads[i][0])
		}
		return stat.MeanStdDev(all, nil)
	}
	for _, param := range []string{"encoder/mean.bias", "encoder/logvar.bias", "decoder/logits.weight"} {
		plain, spread := column(Bound{Estimator: IWAE, K: k}, param)
		dreg, narrow := column(Bound{Estimator: DReG, K: k}, param)
		if e := 5 * (spread + narrow) / math.Sqrt(runs); math.Abs(plain-dreg) > e {
			t.Errorf("%s: the gradient is %v, the doubly reparameterised one %v; they should be within %v", param, plain, dreg, e)
		}
	}
	// A decoder that does not look at z leaves the prior as the posterior. Where q is that, the doubly reparameterised
	// gradient is nothing for each draw, and the other is noise.
	for _, w := range v.decoder.graph.Weights {
		if w.Name == "logits.weight" {
			clear(tensor.Data[float32](w.Data))
		}
	}
	for _, w := range v.encoder.graph.Weights {
		clear(tensor.Data[float32](w.Data))
	}
	v.Updated()
	for estimator, still := range map[Estimator]bool{IWAE: false, DReG: true} {
		if mean, spread := column(Bound{Estimator: estimator, K: k}, "encoder/mean.bias"); (math.Abs(mean)+spread < 1e-7) != still {
			t.Errorf("%s: at the true posterior the gradient is %v, and varies by %v", estimator, mean, spread)
		}
	}
}

func TestBoundsThatCannotBeAreRefused(t *testing.T) {
	v := small(t)
	w, err := New(richConfigs()["iaf"])
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	levels, err := New(richConfigs()[BottomUp])
	if err != nil {
		t.Fatal(err)
	}
	defer levels.Close()
	for name, c := range map[string]struct {
		v     *VAE
		b     Bound
		tells string
	}{
		"no kind":                   {v, Bound{Estimator: "mle"}, "mle"},
		"a prior of no precision":   {v, Bound{WeightPrior: math.Inf(1)}, "precision"},
		"negative draws":            {v, Bound{K: -1}, "-1 draws"},
		"free bits that are no":     {v, Bound{FreeBits: math.NaN()}, "free bits"},
		"a flow without an inverse": {w, Bound{Estimator: DReG, K: 5}, "inverse"},
		"layers below a draw":       {levels, Bound{Estimator: DReG, K: 5}, "one stochastic layer"},
	} {
		if _, err := c.v.Maximise(c.b); err == nil || !strings.Contains(err.Error(), c.tells) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := New(Config{Shape: []int{4}, Prior: "cauchy"}); err == nil || errors.Is(err, ErrInput) {
		t.Errorf("%v", err)
	}
}
