package mcmc

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distmv"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/native"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train"
	"github.com/elbo-ml/elbo/train/data"
)

// The linear-Gaussian model of the tests: z ~ N(0, I_2), x ~ N(A z + b, s^2 I_4), so that p(x) = N(b, A A' + s^2 I) and
// p(z|x) = N(C A'(x - b)/s^2, C) with C = (I + A'A/s^2)^-1.
var (
	lgA = mat.NewDense(4, 2, []float64{1, 0.5, -0.5, 1, 0.3, -1, 0.8, 0.2})
	lgB = []float64{0.5, -0.2, 0.1, 1}
)

const lgS = 0.4

func linearGaussian(t *testing.T) *Target {
	t.Helper()
	g := graph.New("linear-gaussian")
	x, z := g.Input("x", "batch", 4), g.Input("z", "batch", 2)
	w, b := tensor.New(tensor.Float32, 2, 4), tensor.New(tensor.Float32, 4)
	for i := range 4 {
		tensor.Data[float32](b)[i] = float32(lgB[i])
		for j := range 2 {
			tensor.Data[float32](w)[j*4+i] = float32(lgA.At(i, j))
		}
	}
	mean := g.Add(g.MatMul(z, g.Weight("w", w)), g.Weight("b", b))
	g.Output("log_likelihood", models.NormalLogProb(g, x, mean, g.Scalar(2*math.Log(lgS), mean)))
	target, err := FromGraph(g, native.New(), runtime.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { target.Close() })
	return target
}

// lgData are n rows of x, near and far from what the model expects, with the exact log p(x) of each.
func lgData(t *testing.T, n int) (*tensor.Tensor, []float64) {
	t.Helper()
	var cov mat.SymDense
	cov.SymOuterK(1, lgA)
	for i := range 4 {
		cov.SetSym(i, i, cov.At(i, i)+lgS*lgS)
	}
	p, ok := distmv.NewNormal(lgB, &cov, nil)
	if !ok {
		t.Fatal("the covariance is not positive")
	}
	x, exact := tensor.New(tensor.Float32, n, 4), make([]float64, n)
	for i := range n {
		runtime.Noise{Seed: 9}.Normal(uint64(i), tensor.Data[float32](x.Rows(i, i+1)))
		exact[i] = p.LogProb(x.Rows(i, i+1).Floats())
	}
	return x, exact
}

func TestChainsSampleThePosterior(t *testing.T) {
	target := linearGaussian(t)
	x, _ := lgData(t, 1)
	const chains, draws = 400, 40
	c, err := target.Chains(t.Context(), repeat(x, chains), nil, Options{Seed: 1, StepSize: 0.05})
	if err != nil {
		t.Fatal(err)
	}
	rate := 0.0
	for i := range 60 {
		r, err := c.Step(t.Context(), 1, true)
		if err != nil {
			t.Fatal(err)
		}
		if i >= 40 {
			rate += r / 20
		}
	}
	if math.Abs(rate-0.9) > 0.05 {
		t.Errorf("acceptance is tuned to 0.9 and comes to %.3f", rate)
	}
	sum, square := make([]float64, 2), mat.NewDense(2, 2, nil)
	for range draws {
		if _, err := c.Step(t.Context(), 1, false); err != nil {
			t.Fatal(err)
		}
		z := c.Z.Floats()
		for i := range chains {
			for j := range 2 {
				sum[j] += z[2*i+j] / (chains * draws)
				for k := range 2 {
					square.Set(j, k, square.At(j, k)+z[2*i+j]*z[2*i+k]/(chains*draws))
				}
			}
		}
	}
	var precision, covariance mat.Dense
	precision.Mul(lgA.T(), lgA)
	precision.Scale(1/(lgS*lgS), &precision)
	for j := range 2 {
		precision.Set(j, j, precision.At(j, j)+1)
	}
	if err := covariance.Inverse(&precision); err != nil {
		t.Fatal(err)
	}
	d := mat.NewVecDense(4, nil)
	for i, v := range x.Floats() {
		d.SetVec(i, (v-lgB[i])/(lgS*lgS))
	}
	var mean mat.VecDense
	mean.MulVec(lgA.T(), d)
	mean.MulVec(&covariance, &mean)
	for j := range 2 {
		if math.Abs(sum[j]-mean.AtVec(j)) > 0.02 {
			t.Errorf("mean %d of the samples is %.4f, of the posterior %.4f", j, sum[j], mean.AtVec(j))
		}
		for k := range 2 {
			if got := square.At(j, k) - sum[j]*sum[k]; math.Abs(got-covariance.At(j, k)) > 0.01 {
				t.Errorf("covariance %d,%d of the samples is %.4f, of the posterior %.4f", j, k, got, covariance.At(j, k))
			}
		}
	}
}

// A row's chain is what it is, whoever runs beside it.
func TestChainsDoNotDependOnTheBatch(t *testing.T) {
	target := linearGaussian(t)
	x, _ := lgData(t, 5)
	run := func(x *tensor.Tensor, first uint64) []float64 {
		c, err := target.Chains(t.Context(), x, nil, Options{Seed: 4, FirstRow: first})
		if err != nil {
			t.Fatal(err)
		}
		for range 5 {
			if _, err := c.Step(t.Context(), 1, true); err != nil {
				t.Fatal(err)
			}
		}
		return c.Z.Floats()
	}
	all := run(x, 0)
	for i := range 5 {
		if got := run(x.Rows(i, i+1), uint64(i)); !slices.Equal(got, all[2*i:2*i+2]) {
			t.Errorf("row %d alone comes to %v, among others to %v", i, got, all[2*i:2*i+2])
		}
	}
}

func TestAISFindsTheExactLikelihood(t *testing.T) {
	target := linearGaussian(t)
	x, exact := lgData(t, 20)
	got, err := AIS(t.Context(), target, x, AISOptions{Chains: 40, Temperatures: 200})
	if err != nil {
		t.Fatal(err)
	}
	for i := range got {
		if math.Abs(got[i]-exact[i]) > 0.15 {
			t.Errorf("row %d: %.3f, exactly %.3f", i, got[i], exact[i])
		}
	}
	// Few temperatures and one chain still have no bias in p(x) itself.
	mean := 0.0
	const times = 40
	for seed := range uint64(times) {
		got, err := AIS(t.Context(), target, x.Rows(0, 8), AISOptions{Options: Options{Seed: seed}, Chains: 16, Temperatures: 10})
		if err != nil {
			t.Fatal(err)
		}
		for i := range got {
			mean += math.Exp(got[i]-exact[i]) / (8 * times)
		}
	}
	if math.Abs(mean-1) > 0.1 {
		t.Errorf("the estimates of p(x) are %.3f times p(x) on average", mean)
	}
}

func TestMarginalFindsTheExactLikelihood(t *testing.T) {
	target := linearGaussian(t)
	x, exact := lgData(t, 300)
	got, err := Marginal(t.Context(), target, x, MarginalOptions{Draws: 200})
	if err != nil {
		t.Fatal(err)
	}
	worst, mean := 0.0, 0.0
	for i := range got {
		worst = max(worst, math.Abs(got[i]-exact[i]))
		mean += (got[i] - exact[i]) / 300
	}
	if worst > 0.3 || math.Abs(mean) > 0.01 {
		t.Errorf("off by %.3f on average and by %.3f at worst", mean, worst)
	}
}

// Estimates of a VAE agree with each other and lie above its bound.
func TestEstimatesOfAVAE(t *testing.T) {
	v, err := models.New(models.Config{Shape: []int{28, 28}, Latent: 2, Hidden: []int{16}, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	glyphs, err := data.Open("glyphs:500", data.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer glyphs.Close()
	if _, err := train.Fit(t.Context(), v, glyphs, train.Options{Epochs: 4, Batch: 20, Optimizer: train.Adam{LearningRate: 3e-3}}); err != nil {
		t.Fatal(err)
	}
	x := tensor.New(tensor.Float32, 6, 28, 28)
	if err := glyphs.Read(t.Context(), []int{0, 1, 2, 3, 4, 5}, tensor.Data[float32](x)); err != nil {
		t.Fatal(err)
	}
	target, err := NewTarget(v, runtime.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	ais, err := AIS(t.Context(), target, x, AISOptions{Chains: 16, Temperatures: 300})
	if err != nil {
		t.Fatal(err)
	}
	marginal, err := Marginal(t.Context(), target, x, MarginalOptions{})
	if err != nil {
		t.Fatal(err)
	}
	iwae, err := v.LogLikelihood(t.Context(), x, 2000)
	if err != nil {
		t.Fatal(err)
	}
	bound, err := v.Score(t.Context(), x, models.ScoreOptions{K: 100})
	if err != nil {
		t.Fatal(err)
	}
	for i := range ais {
		if math.Abs(ais[i]-iwae[i]) > 0.5 || math.Abs(marginal[i]-iwae[i]) > 0.5 || ais[i] < bound.ELBO[i]-0.5 {
			t.Errorf("row %d: AIS %.2f, appendix D %.2f, importance weighting %.2f, the bound %.2f", i, ais[i], marginal[i], iwae[i], bound.ELBO[i])
		}
	}
}

// Monte Carlo EM raises log p(x) of a decoder, leaves the encoder alone, and repeats itself.
func TestMonteCarloEM(t *testing.T) {
	glyphs, err := data.Open("glyphs:200", data.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer glyphs.Close()
	fit := func() (p EMProgress, first float64, weights []float64) {
		v, err := models.New(models.Config{Shape: []int{28, 28}, Latent: 2, Hidden: []int{16}, Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		defer v.Close()
		o := EMOptions{Steps: 60, Batch: 50, Optimizer: train.AdaGrad{LearningRate: 0.1}, Progress: func(q EMProgress) {
			if p = q; q.Step == 1 {
				first = q.LogProb
			}
		}}
		if err := MonteCarloEM(t.Context(), v, glyphs, o); err != nil {
			t.Fatal(err)
		}
		fresh, err := models.New(models.Config{Shape: []int{28, 28}, Latent: 2, Hidden: []int{16}, Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		defer fresh.Close()
		has, want := params(t, v), params(t, fresh)
		for name, w := range has {
			changed := !slices.Equal(w, want[name])
			if decoder := name[:7] == "decoder"; changed != decoder {
				t.Errorf("%s has changed: %v", name, changed)
			}
		}
		return p, first, has["decoder/fc1.weight"]
	}
	p, first, weights := fit()
	if p.LogProb < first+200 || p.Evaluations != 60*50*15 || p.Accepted < 0.5 {
		t.Errorf("log p(x|z) went from %.1f to %.1f in %d evaluations with %.2f accepted", first, p.LogProb, p.Evaluations, p.Accepted)
	}
	if _, _, again := fit(); !slices.Equal(weights, again) {
		t.Error("the same seed gave other weights")
	}
}

func params(t *testing.T, v *models.VAE) map[string][]float64 {
	t.Helper()
	obj, err := v.Objective()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]float64{}
	for _, p := range obj.Params {
		all[p.Name] = p.Data.Floats()
	}
	return all
}

func TestWhatCannotBeUsedIsRefused(t *testing.T) {
	target := linearGaussian(t)
	x, _ := lgData(t, 3)
	wide := tensor.New(tensor.Float32, 3, 5)
	nan := tensor.New(tensor.Float32, 1, 4)
	tensor.Data[float32](nan)[2] = float32(math.NaN())
	for name, err := range map[string]error{
		"rows of another size":   second(AIS(t.Context(), target, wide, AISOptions{})),
		"no chains":              second(AIS(t.Context(), target, x, AISOptions{Chains: -1})),
		"fewer draws than units": second(Marginal(t.Context(), target, x, MarginalOptions{Draws: 3})),
		"acceptance of 1":        second(target.Chains(t.Context(), x, nil, Options{Accept: 1})),
		"z of another size":      second(target.Chains(t.Context(), x, wide, Options{})),
	} {
		if !errors.Is(err, ErrInput) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := target.Chains(t.Context(), nan, nil, Options{}); !errors.Is(err, ErrNotFinite) {
		t.Errorf("a row of NaN: %v", err)
	}
	vamp, err := models.New(models.Config{Shape: []int{4}, Latent: 2, Hidden: []int{3}, Prior: models.VampPrior})
	if err != nil {
		t.Fatal(err)
	}
	defer vamp.Close()
	if _, err := NewTarget(vamp, runtime.Options{}); !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), "vampprior") {
		t.Errorf("a prior that is not N(0, I): %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := AIS(ctx, target, x, AISOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func second[T any](_ T, err error) error { return err }
