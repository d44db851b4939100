package models

import (
	"context"
	"math"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
	"pgregory.net/rapid"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/native"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train"
)

// formula builds a function of matrices [batch, width].
type formula func(g *graph.Graph, in []*graph.Value) *graph.Value

// evaluate runs a formula on rows of the given width in float64.
func evaluate(t testing.TB, f formula, width int, in ...[]float64) []float64 {
	t.Helper()
	g := graph.New("formula")
	inputs, values := make([]*graph.Value, len(in)), make([]*tensor.Tensor, len(in))
	for i, x := range in {
		inputs[i] = g.InputOf(tensor.Float64, string(rune('a'+i)), graph.Dims("batch", width))
		values[i] = matrix(t, x, width)
	}
	g.Output("out", f(g, inputs))
	return run(t, g, values)[0]
}

func matrix(t testing.TB, x []float64, width int) *tensor.Tensor {
	t.Helper()
	m, err := tensor.Wrap(x, len(x)/width, width)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func run(t testing.TB, g *graph.Graph, in []*tensor.Tensor) [][]float64 {
	t.Helper()
	if err := g.Err(); err != nil {
		t.Fatal(err)
	}
	p, err := native.New().Compile(g, runtime.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	out := make([]*tensor.Tensor, len(g.Outputs))
	if err := p.Run(context.Background(), in, out); err != nil {
		t.Fatal(err)
	}
	all := make([][]float64, len(out))
	for i := range out {
		all[i] = out[i].Floats()
	}
	return all
}

func normalLogProb(g *graph.Graph, in []*graph.Value) *graph.Value {
	return NormalLogProb(g, in[0], in[1], in[2])
}
func logistic(g *graph.Graph, in []*graph.Value) *graph.Value {
	return DiscretizedLogisticLogProb(g, in[0], in[1], in[2])
}
func bernoulli(g *graph.Graph, in []*graph.Value) *graph.Value {
	return BernoulliLogProb(g, in[0], in[1])
}

func near(t testing.TB, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance*max(1, math.Abs(want))) {
		t.Errorf("%s is %.12g, want %.12g", what, got, want)
	}
}

func TestNormalLogProbIsTheDensity(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		x, mean := rapid.Float64Range(-4, 4).Draw(r, "x"), rapid.Float64Range(-3, 3).Draw(r, "mean")
		logvar := rapid.Float64Range(-5, 5).Draw(r, "logvar")
		want := distuv.Normal{Mu: mean, Sigma: math.Exp(logvar / 2)}.LogProb(x)
		near(t, "log density", evaluate(t, normalLogProb, 1, []float64{x}, []float64{mean}, []float64{logvar})[0], want, 1e-12)
	})
}

func TestRowsAreSummed(t *testing.T) {
	n := distuv.UnitNormal
	got := evaluate(t, func(g *graph.Graph, in []*graph.Value) *graph.Value { return StandardNormalLogProb(g, in[0]) }, 2, []float64{0.5, -1, 2, 0})
	near(t, "row 0", got[0], n.LogProb(0.5)+n.LogProb(-1), 1e-12)
	near(t, "row 1", got[1], n.LogProb(2)+n.LogProb(0), 1e-12)
}

// KL(N(1, e^0.5) || N(0, 1)) = (1 + 1.6487212707 - 1 - 0.5)/2, and KL of the prior to itself is nothing.
func TestNormalKLWorkedNumbers(t *testing.T) {
	kl := func(g *graph.Graph, in []*graph.Value) *graph.Value { return NormalKL(g, in[0], in[1]) }
	got := evaluate(t, kl, 2, []float64{1, 0, 0, 0}, []float64{0.5, 0, 0, 0})
	near(t, "KL", got[0], 0.57436063535006407, 1e-15)
	near(t, "KL of the prior", got[1], 0, 0)
}

// The closed form is the mean of log q - log p over draws.
func TestNormalKLIsTheExpectedLogRatio(t *testing.T) {
	q := distuv.Normal{Mu: 0.7, Sigma: math.Exp(-0.3)}
	eps := make([]float32, 200_000)
	runtime.Noise{Seed: 3}.Normal(0, eps)
	sum := 0.0
	for _, e := range eps {
		z := q.Mu + q.Sigma*float64(e)
		sum += q.LogProb(z) - distuv.UnitNormal.LogProb(z)
	}
	kl := func(g *graph.Graph, in []*graph.Value) *graph.Value { return NormalKL(g, in[0], in[1]) }
	near(t, "KL", evaluate(t, kl, 1, []float64{q.Mu}, []float64{-0.6})[0], sum/float64(len(eps)), 5e-3)
}

func TestBernoulliLogProb(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		p := rapid.Float64Range(1e-6, 1-1e-6).Draw(r, "p")
		x := float64(rapid.IntRange(0, 1).Draw(r, "x"))
		want := distuv.Bernoulli{P: p}.LogProb(x)
		near(t, "log p", evaluate(t, bernoulli, 1, []float64{x}, []float64{math.Log(p) - math.Log1p(-p)})[0], want, 1e-9)
		byProb := func(g *graph.Graph, in []*graph.Value) *graph.Value { return BernoulliProbLogProb(g, in[0], in[1]) }
		near(t, "log p of a probability", evaluate(t, byProb, 1, []float64{x}, []float64{p})[0], want, 1e-5)
	})
}

// Logits that saturate a sigmoid cost what they should, and no infinity.
func TestBernoulliLogProbOfSureLogits(t *testing.T) {
	got := evaluate(t, bernoulli, 1, []float64{1, 0, 1, 0}, []float64{500, 500, -500, -500})
	for i, want := range []float64{0, -500, -500, 0} {
		near(t, "log p", got[i], want, 1e-12)
	}
}

func levels() []float64 {
	x := make([]float64, 256)
	for k := range x {
		x[k] = float64(k)/256 - 0.5
	}
	return x
}

func repeated(v float64, n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = v
	}
	return x
}

// Whatever the mean (even beyond the range) and the scale, the 256 bins share out all of the mass.
func TestDiscretizedLogisticSumsToOne(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		mean, logscale := rapid.Float64Range(-1, 1).Draw(r, "mean"), rapid.Float64Range(-9, 4).Draw(r, "logscale")
		sum := 0.0
		for _, l := range evaluate(t, logistic, 1, levels(), repeated(mean, 256), repeated(logscale, 256)) {
			sum += math.Exp(l)
		}
		near(t, "the sum of the bins", sum, 1, 1e-9)
	})
}

func TestDiscretizedLogisticIsTheMassOfItsBin(t *testing.T) {
	cdf := func(x, mean, s float64) float64 { return 1 / (1 + math.Exp(-(x-mean)/s)) }
	const mean, logscale = 0.03, -2.5
	s := math.Exp(logscale)
	x := levels()
	got := evaluate(t, logistic, 1, x, repeated(mean, 256), repeated(logscale, 256))
	for k := 1; k < 255; k++ {
		near(t, "log mass", got[k], math.Log(cdf(x[k]+1.0/256, mean, s)-cdf(x[k], mean, s)), 1e-9)
	}
	near(t, "lowest bin", got[0], math.Log(cdf(x[1], mean, s)), 1e-9)
	near(t, "highest bin", got[255], math.Log(1-cdf(x[255], mean, s)), 1e-9)
}

// The two branches of log(1 - exp(-d)) meet where they change over, at exp(-logscale)/256 = 1.
func TestLogisticBranchesMeet(t *testing.T) {
	at := -math.Log(256)
	got := evaluate(t, logistic, 1, repeated(0, 2), repeated(0, 2), []float64{at - 1e-9, at + 1e-9})
	near(t, "log p", got[0], got[1], 1e-8)
}

// Gradients follow central differences everywhere a decoder may stray to, and are finite: the branch of Where that is
// not taken must not spoil them.
func TestGradientsOfTheDistributions(t *testing.T) {
	for name, c := range map[string]struct {
		f  formula
		in [][]float64
	}{
		"normal":               {normalLogProb, [][]float64{{0.2, -1}, {0.1, 3}, {-0.5, 2}}},
		"bernoulli":            {bernoulli, [][]float64{{0.2, 1}, {30, -40}}},
		"logistic inside":      {logistic, [][]float64{{-0.25, 0.125}, {0.1, -0.2}, {-3, -5.8}}},
		"logistic wide":        {logistic, [][]float64{{-0.25, 0.125}, {0.1, -0.2}, {3, 8}}},
		"logistic at edges":    {logistic, [][]float64{{-0.5, 255.0/256 - 0.5}, {0.3, -0.2}, {-2, -4}}},
		"logistic far, narrow": {logistic, [][]float64{{-0.25, 0.125}, {0.9, -0.9}, {-6.5, -6.9}}},
	} {
		t.Run(name, func(t *testing.T) {
			checkGradient(t, c.f, c.in)
		})
	}
}

func checkGradient(t *testing.T, f formula, in [][]float64) {
	g := graph.New("gradient")
	var inputs []*graph.Value
	var values []*tensor.Tensor
	for i, x := range in {
		inputs = append(inputs, g.InputOf(tensor.Float64, string(rune('a'+i)), graph.Dims("batch", len(x))))
		values = append(values, matrix(t, x, len(x)))
	}
	loss := g.ReduceSum(f(g, inputs), false, 0)
	grads, err := train.Gradients(g, loss, inputs)
	if err != nil {
		t.Fatal(err)
	}
	g.Output("loss", loss)
	for i, d := range grads {
		g.Output("d"+inputs[i].Name, d)
	}
	got := run(t, g, values)[1:]
	const h = 1e-5
	for i, x := range in {
		if i == 0 {
			continue // data: the bins' edges are steps
		}
		for j := range x {
			at := x[j]
			x[j] = at + h
			up := run(t, g, values)[0][0]
			x[j] = at - h
			down := run(t, g, values)[0][0]
			x[j] = at
			near(t, inputs[i].Name, got[i][j], (up-down)/(2*h), 1e-5)
		}
	}
}

func TestReparameterize(t *testing.T) {
	f := func(g *graph.Graph, in []*graph.Value) *graph.Value { return Reparameterize(g, in[0], in[1], in[2]) }
	near(t, "z", evaluate(t, f, 1, []float64{1}, []float64{2 * math.Log(3)}, []float64{-0.5})[0], -0.5, 1e-12)
}

func TestLogMeanExpStreams(t *testing.T) {
	for name, c := range map[string]struct {
		w    []float64
		want float64
	}{
		"one":              {[]float64{-3}, -3},
		"equal":            {[]float64{-1000, -1000}, -1000},
		"rising":           {[]float64{-1000, -900, 0}, -math.Log(3)},
		"falling":          {[]float64{0, -900, -1000}, -math.Log(3)},
		"impossible draws": {[]float64{math.Inf(-1), 0, math.Inf(-1), 0}, -math.Log(2)},
		"only impossible":  {[]float64{math.Inf(-1)}, math.Inf(-1)},
	} {
		var l logMeanExp
		for _, w := range c.w {
			l.add(w)
		}
		if got := l.value(); got != c.want && !(math.Abs(got-c.want) < 1e-12) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
