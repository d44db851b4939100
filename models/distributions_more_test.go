package models

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
	"pgregory.net/rapid"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime"
)

// two and one are formulas of the first inputs.
func two(f func(g *graph.Graph, a, b *graph.Value) *graph.Value) formula {
	return func(g *graph.Graph, in []*graph.Value) *graph.Value { return f(g, in[0], in[1]) }
}

func one(f func(g *graph.Graph, a *graph.Value) *graph.Value) formula {
	return func(g *graph.Graph, in []*graph.Value) *graph.Value { return f(g, in[0]) }
}

// probabilities is the softmax of logits.
func probabilities(logits []float64) []float64 {
	p, sum := make([]float64, len(logits)), 0.0
	for i, l := range logits {
		p[i] = math.Exp(l)
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
	return p
}

// uniforms are n numbers of the generator.
func uniforms(n int) []float64 {
	u := make([]float32, n)
	runtime.Noise{Seed: 5}.Uniform(0, u)
	wide := make([]float64, n)
	for i, v := range u {
		wide[i] = float64(v)
	}
	return wide
}

// Log-densities, entropies and divergences of coins and classes are gonum's.
func TestCoinsAndClassesAgainstGonum(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		draw := func(name string) []float64 {
			return rapid.SliceOfN(rapid.Float64Range(-6, 6), 4, 4).Draw(r, name)
		}
		a, b := draw("a"), draw("b")
		p, q := probabilities(a), probabilities(b)
		c := distuv.NewCategorical(p, nil)
		x := []float64{0, 0, 0, 0}
		class := rapid.IntRange(0, 3).Draw(r, "class")
		x[class] = 1
		near(t, "log p of a class", evaluate(t, two(CategoricalLogProb), 4, x, a)[0], c.LogProb(float64(class)), 1e-12)
		near(t, "entropy of a class", evaluate(t, one(CategoricalEntropy), 4, a)[0], c.Entropy(), 1e-12)
		near(t, "KL of classes", evaluate(t, two(CategoricalKL), 4, a, b)[0], stat.KullbackLeibler(p, q), 1e-12)

		coin := func(l float64) float64 { return 1 / (1 + math.Exp(-l)) }
		entropy, kl := 0.0, 0.0
		for i := range a {
			entropy += distuv.Bernoulli{P: coin(a[i])}.Entropy()
			kl += stat.KullbackLeibler([]float64{coin(a[i]), coin(-a[i])}, []float64{coin(b[i]), coin(-b[i])})
		}
		near(t, "entropy of coins", evaluate(t, one(BernoulliEntropy), 4, a)[0], entropy, 1e-12)
		near(t, "KL of coins", evaluate(t, two(BernoulliKL), 4, a, b)[0], kl, 1e-12)
	})
}

// The divergence of two normals is the mean of log q - log p over q, by quadrature, and that to the standard normal is
// NormalKL.
func TestNormalsKL(t *testing.T) {
	f := func(g *graph.Graph, in []*graph.Value) *graph.Value { return NormalsKL(g, in[0], in[1], in[2], in[3]) }
	rapid.Check(t, func(r *rapid.T) {
		number := func(name string) float64 { return rapid.Float64Range(-2, 2).Draw(r, name) }
		q := distuv.Normal{Mu: number("mean"), Sigma: math.Exp(number("logvar") / 2)}
		p := distuv.Normal{Mu: number("to mean"), Sigma: math.Exp(number("to logvar") / 2)}
		want, step := 0.0, 1e-3
		for z := -12.0; z < 12; z += step {
			x := q.Mu + q.Sigma*z
			want += distuv.UnitNormal.Prob(z) * step * (q.LogProb(x) - p.LogProb(x))
		}
		got := evaluate(t, f, 1, []float64{q.Mu}, []float64{2 * math.Log(q.Sigma)}, []float64{p.Mu}, []float64{2 * math.Log(p.Sigma)})[0]
		near(t, "KL", got, want, 1e-6)
		unit := evaluate(t, f, 1, []float64{q.Mu}, []float64{2 * math.Log(q.Sigma)}, []float64{0}, []float64{0})[0]
		near(t, "KL to the prior", unit, evaluate(t, two(NormalKL), 1, []float64{q.Mu}, []float64{2 * math.Log(q.Sigma)})[0], 1e-12)
		near(t, "entropy", evaluate(t, one(NormalEntropy), 1, []float64{2 * math.Log(q.Sigma)})[0], q.Entropy(), 1e-12)
	})
}

// Draws have the frequencies that they should, and a uniform number of 0 or close to 1 gives a number, too.
func TestDrawsHaveTheirFrequencies(t *testing.T) {
	const n = 40_000
	logits := []float64{1, -1, 0.3}
	all := make([]float64, 0, 3*n)
	for range n {
		all = append(all, logits...)
	}
	classes := func(g *graph.Graph, in []*graph.Value) *graph.Value { return CategoricalSample(g, in[0], in[1]) }
	x := evaluate(t, classes, 3, all, uniforms(3*n))
	coins := evaluate(t, two(BernoulliSample), 3, all, uniforms(3*n))
	for c, want := range probabilities(logits) {
		count, heads := 0.0, 0.0
		for i := range n {
			count += x[3*i+c]
			heads += coins[3*i+c]
		}
		near(t, "share of a class", count/n, want, 0.01)
		near(t, "share of heads", heads/n, 1/(1+math.Exp(-logits[c])), 0.01)
	}
	for i := range n {
		if s := x[3*i] + x[3*i+1] + x[3*i+2]; s != 1 {
			t.Fatalf("draw %d has %v classes", i, s)
		}
	}
	last := 1 - 1.0/(1<<24)
	if got := evaluate(t, classes, 3, []float64{0, 0, 0, 0, 0, 0}, []float64{0, 0, last, last, 0, 0}); got[2] != 1 || got[3] != 1 || got[0] != 0 {
		t.Errorf("draws of the extremes: %v", got)
	}
}

// Each level is drawn with the mass that the log-density gives it, alone and in a mixture.
func TestDiscretizedDrawsHaveTheirMasses(t *testing.T) {
	const n, k = 60_000, 2
	sample := func(g *graph.Graph, in []*graph.Value) *graph.Value {
		return DiscretizedLogisticSample(g, in[0], in[1], in[2])
	}
	x := evaluate(t, sample, 1, repeated(0.45, n), repeated(-3, n), uniforms(n))
	masses := evaluate(t, logistic, 1, levels(), repeated(0.45, 256), repeated(-3, 256))
	compareMasses(t, "logistic", x, masses)

	logits, means, scales := []float64{0.5, -0.5}, []float64{-0.48, 0.2}, []float64{-3, -4}
	tiled := func(v []float64, n int) []float64 {
		var out []float64
		for range n {
			out = append(out, v...)
		}
		return out
	}
	column := func(g *graph.Graph, v *graph.Value) *graph.Value { return g.Unsqueeze(v, 2) } // [n, k] to [n, k, 1]
	draw := func(g *graph.Graph, in []*graph.Value) *graph.Value {
		u := g.Slice(in[4], []int{0}, []int{1}, []int{1})
		return LogisticMixtureSample(g, column(g, in[0]), column(g, in[1]), column(g, in[2]), column(g, in[3]), u)
	}
	u := uniforms(2 * k * n)
	x = evaluate(t, draw, k, tiled(logits, n), tiled(means, n), tiled(scales, n), u[:k*n], u[k*n:])
	masses = evaluate(t, mixture, k, twice(levels()), tiled(logits, 256), tiled(means, 256), tiled(scales, 256))
	compareMasses(t, "mixture", x, masses)
}

// mixture takes rows of two: of x only the first counts, of the parameters they are the components of one element.
func mixture(g *graph.Graph, in []*graph.Value) *graph.Value {
	row := func(v *graph.Value) *graph.Value { return g.Unsqueeze(v, 2) }
	return LogisticMixtureLogProb(g, g.Slice(in[0], []int{0}, []int{1}, []int{1}), row(in[1]), row(in[2]), row(in[3]))
}

// twice is each number two times.
func twice(x []float64) []float64 {
	var out []float64
	for _, v := range x {
		out = append(out, v, v)
	}
	return out
}

func compareMasses(t *testing.T, name string, x, masses []float64) {
	t.Helper()
	counts, sum := make([]float64, 256), 0.0
	for _, v := range x {
		k := (v + 0.5) * 256
		if k != math.Trunc(k) || k < 0 || k > 255 {
			t.Fatalf("%s: drew %v, which is no level", name, v)
		}
		counts[int(k)]++
	}
	worst := 0.0
	for k, l := range masses {
		sum += math.Exp(l)
		worst = max(worst, math.Abs(counts[k]/float64(len(x))-math.Exp(l)))
	}
	near(t, name+": the sum of the bins", sum, 1, 1e-9)
	if worst > 0.006 {
		t.Errorf("%s: a level's share is %v off its mass", name, worst)
	}
}

// A mixture of equal components is its component, and its gradient follows central differences.
func TestMixtureOfEqualsIsTheComponent(t *testing.T) {
	x := []float64{-0.25, 0.125}
	got := evaluate(t, mixture, 2, twice(x), []float64{0.7, -2, 1, 1}, repeated(0.1, 4), repeated(-2, 4))
	for i, v := range x {
		near(t, "log p", got[i], evaluate(t, logistic, 1, []float64{v}, []float64{0.1}, []float64{-2})[0], 1e-12)
	}
}

func TestGradientsOfTheFurtherDistributions(t *testing.T) {
	normals := func(g *graph.Graph, in []*graph.Value) *graph.Value {
		return NormalsKL(g, in[0], in[1], in[2], in[3])
	}
	for name, c := range map[string]struct {
		f  formula
		in [][]float64
	}{
		"normals":              {normals, [][]float64{{0.2, -1}, {0.5, -0.5}, {0.1, 3}, {-0.5, 2}}},
		"categorical":          {two(CategoricalLogProb), [][]float64{{0, 1, 0}, {0.5, -1, 2}}},
		"categorical KL":       {two(CategoricalKL), [][]float64{{0.3, 1, 0}, {0.5, -1, 2}}},
		"coins' KL":            {two(BernoulliKL), [][]float64{{0.3, 1, 0}, {0.5, -1, 2}}},
		"mixture":              {mixture, [][]float64{{0.25, 0}, {0.3, -0.6}, {0.2, -0.3}, {-2, -3}}},
		"mixture, far, narrow": {mixture, [][]float64{{0.25, 0}, {0.3, -0.6}, {-0.4, -0.3}, {-6, -6.5}}},
	} {
		t.Run(name, func(t *testing.T) { checkGradient(t, c.f, c.in) })
	}
}
