package models

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gonum.org/v1/gonum/stat"

	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train"
	"github.com/elbo-ml/elbo/train/data"
)

// pictures are n rows of numbers in [0,1].
func pictures(n int, row ...int) *tensor.Tensor {
	x := tensor.New(tensor.Float32, append([]int{n}, row...)...)
	for i := range n {
		runtime.Noise{Seed: 1}.Uniform(uint64(i), tensor.Data[float32](x.Rows(i, i+1)))
	}
	return x
}

// configs are one of every body and likelihood.
func configs() map[string]Config {
	all := map[string]Config{}
	for _, l := range []Likelihood{Bernoulli, Gaussian, DiscretizedLogistic, LogisticMixture} {
		all["dense "+string(l)] = Config{Shape: []int{5, 4}, Latent: 3, Hidden: []int{7, 6}, Likelihood: l, Seed: 1}
		all["conv "+string(l)] = Config{Body: "conv", Shape: []int{2, 5, 6}, Latent: 3, Hidden: []int{3, 4}, Likelihood: l, Activation: "elu", Seed: 1}
	}
	all["conv grey"] = Config{Body: "conv", Shape: []int{7, 7}, Latent: 2, Hidden: []int{3}, Seed: 1}
	all["conv grey mixture"] = Config{Body: "conv", Shape: []int{7, 7}, Latent: 2, Hidden: []int{3}, Likelihood: LogisticMixture, Components: 3, Seed: 1}
	all["no hidden layer"] = Config{Shape: []int{3}, Latent: 2, Hidden: []int{}, Seed: 1}
	return all
}

func eachConfig(t *testing.T, f func(t *testing.T, v *VAE, c Config)) {
	for name, c := range configs() {
		t.Run(name, func(t *testing.T) {
			v, err := New(c)
			if err != nil {
				t.Fatal(err)
			}
			defer v.Close()
			f(t, v, c)
		})
	}
}

func TestSamplesAreRowsOfNumbersInRange(t *testing.T) {
	eachConfig(t, func(t *testing.T, v *VAE, c Config) {
		x, err := v.Sample(context.Background(), 4, Seed(1))
		if err != nil {
			t.Fatal(err)
		}
		if !x.Shape().Equal(append(tensor.Shape{4}, c.Shape...)) {
			t.Errorf("sample has shape %v", x.Shape())
		}
		for i, p := range tensor.Data[float32](x) {
			if !(p >= 0 && p <= 1) {
				t.Fatalf("sample holds %v at %d", p, i)
			}
		}
	})
}

// A row's score is what it is, whoever shares its batch.
func TestRowsDoNotDependOnTheBatch(t *testing.T) {
	ctx := context.Background()
	eachConfig(t, func(t *testing.T, v *VAE, c Config) {
		x := pictures(5, c.Shape...)
		all, err := v.Score(ctx, x, ScoreOptions{K: 3, Seed: 2, FirstRow: 10})
		if err != nil {
			t.Fatal(err)
		}
		one, err := v.Score(ctx, x.Rows(3, 4), ScoreOptions{K: 3, Seed: 2, FirstRow: 13})
		if err != nil {
			t.Fatal(err)
		}
		for _, pair := range [][2]float64{{all.ELBO[3], one.ELBO[0]}, {all.KL[3], one.KL[0]}, {all.IWAE[3], one.IWAE[0]}} {
			near(t, "row 3", pair[1], pair[0], 1e-5)
		}
		samples, err := v.Sample(ctx, 6, Seed(5))
		if err != nil {
			t.Fatal(err)
		}
		part, err := v.Sample(ctx, 2, Seed(5), FirstRow(4))
		if err != nil {
			t.Fatal(err)
		}
		near(t, "sample", largestDifference(samples.Rows(4, 6), part), 0, 1e-6)
	})
}

// A temperature of 0 leaves the mode of the prior, so that all samples are one.
func TestTemperature(t *testing.T) {
	ctx := context.Background()
	v := small(t)
	for temperature, same := range map[float64]bool{0: true, 1: false} {
		x, err := v.Sample(ctx, 2, Seed(1), Temperature(temperature))
		if err != nil {
			t.Fatal(err)
		}
		if got := largestDifference(x.Rows(0, 1), x.Rows(1, 2)) == 0; got != same {
			t.Errorf("at temperature %v two samples are the same: %v", temperature, got)
		}
	}
}

func largestDifference(a, b *tensor.Tensor) float64 {
	d, y := 0.0, b.Floats()
	for i, x := range a.Floats() {
		d = max(d, math.Abs(x-y[i]))
	}
	return d
}

// The importance-weighted bound lies above the ELBO and rises with k (Burda et al., 2015, theorem 1), in the mean.
func TestTheBoundTightens(t *testing.T) {
	v := small(t)
	x := pictures(64, 4, 4)
	mean := func(k int) float64 {
		l, err := v.LogLikelihood(context.Background(), x, k, Seed(1))
		if err != nil {
			t.Fatal(err)
		}
		return stat.Mean(l, nil)
	}
	one, ten, hundred := mean(1), mean(10), mean(100)
	if !(one < ten && ten < hundred+0.02) {
		t.Errorf("bounds are %v, %v, %v for 1, 10 and 100 samples", one, ten, hundred)
	}
}

func TestReconstructDrawsOnlyWhenSeeded(t *testing.T) {
	ctx := context.Background()
	v := small(t)
	x := pictures(2, 4, 4)
	get := func(opts ...SampleOption) []float32 {
		y, err := v.Reconstruct(ctx, x, opts...)
		if err != nil {
			t.Fatal(err)
		}
		return tensor.Data[float32](y)
	}
	if !slices.Equal(get(), get()) || !slices.Equal(get(Seed(1)), get(Seed(1))) {
		t.Error("the same call gives other numbers")
	}
	if slices.Equal(get(), get(Seed(1))) || slices.Equal(get(Seed(2)), get(Seed(1))) {
		t.Error("the seed changes nothing")
	}
}

func TestBadInputIsTold(t *testing.T) {
	ctx := context.Background()
	v := small(t)
	with := func(value float32) *tensor.Tensor {
		x := pictures(3, 16)
		tensor.Data[float32](x)[2*16+5] = value
		return x
	}
	for name, c := range map[string]struct {
		x     *tensor.Tensor
		tells string
	}{
		"nothing":    {nil, "missing"},
		"wrong size": {pictures(2, 4, 5), "20 numbers ([4,5]), the model takes 16 ([4,4])"},
		"one row":    {tensor.New(tensor.Float32, 16), "[n, ...]"},
		"bytes":      {tensor.New(tensor.Uint8, 1, 16), "uint8"},
		"NaN":        {with(float32(math.NaN())), "row 2 of x holds NaN at element 5"},
		"too large":  {with(255), "row 2 of x holds 255"},
		"negative":   {with(-0.1), "row 2 of x holds -0.1"},
	} {
		for what, err := range map[string]error{
			"encode": second(v.Encode(ctx, c.x)), "score": second(v.Score(ctx, c.x, ScoreOptions{})), "reconstruct": second(v.Reconstruct(ctx, c.x)),
		} {
			if !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), c.tells) {
				t.Errorf("%s of %s: %v", what, name, err)
			}
		}
	}
	z := tensor.New(tensor.Float32, 2, 3)
	tensor.Data[float32](z)[4] = float32(math.Inf(1))
	if _, err := v.Decode(ctx, z); !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), "row 1 of z") {
		t.Errorf("an infinite z: %v", err)
	}
	if _, err := v.Sample(ctx, -1); !errors.Is(err, ErrInput) {
		t.Errorf("-1 samples: %v", err)
	}
	if _, err := v.Sample(ctx, math.MaxInt); !errors.Is(err, ErrInput) {
		t.Errorf("too many samples: %v", err)
	}
	if _, err := v.Score(ctx, pictures(1, 16), ScoreOptions{K: -1}); !errors.Is(err, ErrInput) {
		t.Errorf("-1 draws: %v", err)
	}
}

func second[T any](_ T, err error) error { return err }

func TestNoRowsIsNoError(t *testing.T) {
	q, err := small(t).Encode(context.Background(), tensor.New(tensor.Float32, 0, 16))
	if err != nil || q.Mean.Len() != 0 {
		t.Errorf("%v, %v", q, err)
	}
}

func TestBadConfigIsRefused(t *testing.T) {
	for name, c := range map[string]Config{
		"no shape":        {},
		"a negative side": {Shape: []int{-1}},
		"huge":            {Shape: []int{1 << 20}, Hidden: []int{1 << 20}},
		"body":            {Shape: []int{4}, Body: "transformer"},
		"activation":      {Shape: []int{4}, Activation: "sine"},
		"likelihood":      {Shape: []int{4}, Likelihood: "cauchy"},
		"conv of vectors": {Shape: []int{4}, Body: "conv"},
		"conv of nothing": {Shape: []int{4, 4}, Body: "conv", Hidden: []int{}},
		"overflow":        {Shape: []int{1 << 24, 1 << 24, 1 << 24}, Latent: 1},
	} {
		if v, err := New(c); err == nil {
			v.Close()
			t.Errorf("%s is accepted", name)
		}
	}
}

func TestTheSeedMakesTheWeights(t *testing.T) {
	weights := func(seed uint64) []float32 {
		v, err := New(Config{Shape: []int{50}, Latent: 2, Hidden: []int{40}, Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		defer v.Close()
		return tensor.Data[float32](v.encoder.graph.Value("fc1.weight").Data)
	}
	a := weights(1)
	if !slices.Equal(a, weights(1)) || slices.Equal(a, weights(2)) {
		t.Error("weights are no function of the seed")
	}
	all := make([]float64, len(a))
	for i, w := range a {
		all[i] = float64(w)
	}
	mean, deviation := stat.MeanStdDev(all, nil)
	if math.Abs(mean) > 0.02 || math.Abs(deviation*math.Sqrt(50)-1) > 0.05 {
		t.Errorf("weights are N(%v, %v^2), want N(0, 1/50)", mean, deviation)
	}
}

// A model answers many callers at once, also while its programs are made anew.
func TestConcurrentUse(t *testing.T) {
	ctx := context.Background()
	v := small(t)
	want := sample(t, v)
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for range 10 {
				x, err := v.Sample(ctx, 3, Seed(4))
				if err != nil || !cmp.Equal(tensor.Data[float32](x), want) {
					t.Errorf("a sample differs: %v", err)
					return
				}
				v.Updated()
			}
		})
	}
	wait.Wait()
	if err := errors.Join(v.Close(), v.Close()); err != nil {
		t.Error(err)
	}
	if _, err := v.Sample(ctx, 1); !errors.Is(err, ErrClosed) {
		t.Errorf("a closed model gives %v", err)
	}
}

func TestCancelledContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := small(t).Sample(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// Every body trains: the bound rises, and the model that is used is the one that was trained.
func TestEveryModelTrains(t *testing.T) {
	ctx := context.Background()
	for name, c := range configs() {
		t.Run(name, func(t *testing.T) {
			v, err := New(c)
			if err != nil {
				t.Fatal(err)
			}
			defer v.Close()
			src := memory{pictures(40, c.Shape...)}
			before, err := Evaluate(ctx, v, src, EvalOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := train.Fit(ctx, v, src, train.Options{MaxSteps: 60, Batch: 20, Optimizer: train.Adam{LearningRate: 0.01}, Threads: 1}); err != nil {
				t.Fatal(err)
			}
			after, err := Evaluate(ctx, v, src, EvalOptions{Batch: 7})
			if err != nil {
				t.Fatal(err)
			}
			if !(after.ELBO > before.ELBO) {
				t.Errorf("the bound went from %v to %v", before.ELBO, after.ELBO)
			}
			w := reopened(t, v)
			saved, err := Evaluate(ctx, w, src, EvalOptions{})
			if err != nil {
				t.Fatal(err)
			}
			near(t, "the saved model's bound", saved.ELBO, after.ELBO, 1e-6)
		})
	}
}

// memory is a source over a tensor.
type memory struct{ x *tensor.Tensor }

func (m memory) Len() int     { return m.x.Shape()[0] }
func (m memory) Shape() []int { return m.x.Shape()[1:] }
func (m memory) Name() string { return "memory" }
func (m memory) Close() error { return nil }
func (m memory) Read(_ context.Context, rows []int, dst []float32) error {
	size := len(dst) / len(rows)
	for i, r := range rows {
		copy(dst[i*size:(i+1)*size], tensor.Data[float32](m.x.Rows(r, r+1)))
	}
	return nil
}

var _ data.Source = memory{}

func TestEvaluateCountsActiveUnits(t *testing.T) {
	v := small(t)
	// A unit whose posterior is the prior's says nothing; the others' means are made to differ from 0.
	w := tensor.Data[float32](v.encoder.graph.Value("mean.weight").Data)
	b := tensor.Data[float32](v.encoder.graph.Value("mean.bias").Data)
	clear(w)
	copy(b, []float32{0, 1, -1})
	v.Updated()
	e, err := Evaluate(context.Background(), v, memory{pictures(10, 4, 4)}, EvalOptions{Limit: 7, K: 2})
	if err != nil {
		t.Fatal(err)
	}
	if e.ActiveUnits != 2 || e.N != 7 || e.K != 2 || e.Engine != "native" {
		t.Errorf("%+v", e)
	}
	near(t, "KL", e.KL, 1, 1e-6) // 1/2 of 1 for each of the two
	near(t, "ELBO", e.ELBO, e.Reconstruction-e.KL, 1e-12)
	if e.IWAE == 0 || e.ELBOError <= 0 {
		t.Errorf("%+v", e)
	}
	near(t, "bits per dim", e.BitsPerDim*16*math.Log(2), -e.IWAE, 1e-12)
}

// Of levels of grey the bits are those of their masses: here every number is a logistic around 0 with a scale of an eighth,
// and z says nothing.
func TestBitsPerDimOfLevels(t *testing.T) {
	v, err := New(Config{Shape: []int{2, 2}, Latent: 2, Hidden: []int{3}, Likelihood: DiscretizedLogistic, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	for _, p := range []*part{v.encoder, v.decoder} {
		for _, w := range p.graph.Weights {
			clear(tensor.Data[float32](w.Data))
		}
	}
	const scale = 0.125
	for i := range 4 {
		tensor.Data[float32](v.decoder.graph.Value("logscale.bias").Data)[i] = float32(math.Log(scale))
	}
	v.Updated()
	levels := []float64{0, 100, 200, 255}
	x := tensor.New(tensor.Float32, 3, 2, 2)
	for i := range x.Len() {
		tensor.Data[float32](x)[i] = float32(levels[i%4] / 255)
	}
	below := func(edge float64) float64 { return 1 / (1 + math.Exp(-edge/scale)) }
	bits := 0.0
	for _, k := range levels {
		lo, hi := below(k/256-0.5), below((k+1)/256-0.5)
		if k == 0 {
			lo = 0
		}
		if k == 255 {
			hi = 1
		}
		bits -= math.Log2(hi-lo) / 4
	}
	for _, k := range []int{1, 3} {
		e, err := Evaluate(t.Context(), v, memory{x}, EvalOptions{K: k})
		if err != nil {
			t.Fatal(err)
		}
		near(t, "bits per dim", e.BitsPerDim, bits, 1e-5)
	}
	g, err := New(Config{Shape: []int{2, 2}, Latent: 2, Hidden: []int{3}, Likelihood: Gaussian, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	if e, err := Evaluate(t.Context(), g, memory{x}, EvalOptions{}); err != nil || e.BitsPerDim != 0 {
		t.Errorf("a density has %v bits (%v)", e, err)
	}
}

func TestEvaluateRefusesOtherRows(t *testing.T) {
	if _, err := Evaluate(context.Background(), small(t), memory{pictures(2, 5, 5)}, EvalOptions{}); !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), "25 numbers") {
		t.Errorf("%v", err)
	}
}

func TestRelativeDifference(t *testing.T) {
	for name, c := range map[string]struct {
		a, b []float64
		want float64
	}{
		"same":        {[]float64{1, 2}, []float64{1, 2}, 0},
		"apart":       {[]float64{1, -4}, []float64{1, -3}, 0.25},
		"not numbers": {[]float64{math.NaN()}, []float64{1}, math.Inf(1)},
		"zeros":       {[]float64{0}, []float64{0}, 0},
	} {
		if got := relativeDifference(c.a, c.b); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
