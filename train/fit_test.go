package train

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"path/filepath"
	goruntime "runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime/native"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train/data"
)

var long = flag.Bool("long", false, "run the long tests: 200 kills instead of 10")

// stripes is a source of rows of 16 numbers in [0,1]: a bar at a random place and brightness.
type stripes struct{ rows int }

func (s stripes) Len() int     { return s.rows }
func (s stripes) Shape() []int { return []int{4, 4} }
func (s stripes) Name() string { return fmt.Sprintf("stripes (%d x 4x4)", s.rows) }
func (s stripes) Close() error { return nil }

func (s stripes) Read(ctx context.Context, rows []int, dst []float32) error {
	clear(dst)
	for i, row := range rows {
		rng := rand.New(rand.NewPCG(uint64(row), 5))
		bar, light := rng.IntN(4), 0.7+0.3*rng.Float32()
		for j := range 4 {
			dst[16*i+4*bar+j] = light
		}
	}
	return ctx.Err()
}

// toy is a VAE with one hidden layer on each side, built from formulas, whose weights are those of seed.
type toy struct {
	dtype   tensor.DType
	weights map[string]*tensor.Tensor
	updated int
	logOf   bool // break it: take the logarithm of a negative number
}

func newToy(seed uint64) *toy {
	t := &toy{dtype: tensor.Float32, weights: map[string]*tensor.Tensor{}}
	rng := rand.New(rand.NewPCG(seed, 9))
	for _, l := range []struct {
		name    string
		out, in int
	}{{"encoder/hidden", 12, 16}, {"encoder/mean", 3, 12}, {"encoder/logvar", 3, 12}, {"decoder/hidden", 12, 3}, {"decoder/logits", 16, 12}} {
		w := tensor.New(tensor.Float32, l.out, l.in)
		for i := range w.Len() {
			tensor.Data[float32](w)[i] = 0.3 * float32(rng.NormFloat64())
		}
		t.weights[l.name+".weight"], t.weights[l.name+".bias"] = w, tensor.New(tensor.Float32, l.out)
	}
	return t
}

// in64 is the same model in float64.
func (t *toy) in64() *toy {
	t.dtype = tensor.Float64
	for name, w := range t.weights {
		x := tensor.New(tensor.Float64, w.Shape()...)
		copy(tensor.Data[float64](x), w.Floats())
		t.weights[name] = x
	}
	return t
}

func (t *toy) Updated() { t.updated++ }

func (t *toy) Objective() (*Objective, error) {
	g := graph.New("toy")
	var params []*graph.Value
	dense := func(name string, x *graph.Value) *graph.Value {
		w, b := g.Weight(name+".weight", t.weights[name+".weight"]), g.Weight(name+".bias", t.weights[name+".bias"])
		params = append(params, w, b)
		return g.Linear(x, w, b)
	}
	x := g.InputOf(t.dtype, "x", graph.Dims("batch", 16))
	eps := g.InputOf(t.dtype, "eps", graph.Dims("batch", 3))
	weight := g.InputOf(t.dtype, "kl_weight", graph.Dims())
	h := g.Tanh(dense("encoder/hidden", x))
	mean, logvar := dense("encoder/mean", h), dense("encoder/logvar", h)
	z := g.Add(mean, g.Mul(g.Exp(g.Half(logvar)), eps))
	logits := dense("decoder/logits", g.Tanh(dense("decoder/hidden", z)))
	if t.logOf {
		logits = g.Log(logits)
	}
	// log p(x|z) = sum x*logits - softplus(logits); KL = -1/2 sum 1 + logvar - mean^2 - e^logvar.
	rec := g.ReduceMean(g.ReduceSum(g.Sub(g.Mul(x, logits), g.Softplus(logits)), false, 1), false)
	one := g.Scalar(1, logvar)
	kl := g.ReduceMean(g.ReduceSum(g.Half(g.Sub(g.Add(g.Square(mean), g.Exp(logvar)), g.Add(one, logvar))), false, 1), false)
	return &Objective{Graph: g, Loss: g.Sub(g.Mul(weight, kl), rec), ELBO: g.Sub(rec, kl), Reconstruction: rec, KL: kl,
		X: x, Noise: []*graph.Value{eps}, KLWeight: weight, Params: params}, g.Err()
}

// bytes are all weights in order of name.
func (t *toy) bytes() []byte {
	var out []byte
	for _, name := range t.names() {
		out = append(out, t.weights[name].Bytes()...)
	}
	return out
}

func (t *toy) names() []string {
	var names []string
	for name := range t.weights {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func fit(t *testing.T, m *toy, o Options) *Report {
	t.Helper()
	r, err := Fit(t.Context(), m, stripes{600}, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestFitLearns(t *testing.T) {
	for _, m := range []*toy{newToy(1), newToy(1).in64()} {
		var seen []Progress
		r := fit(t, m, Options{Optimizer: Adam{LearningRate: 0.01}, Epochs: 20, Batch: 50, Seed: 3, Binarize: data.Dynamic, LogEvery: 60,
			Progress: func(p Progress) { seen = append(seen, p) }})
		if r.Steps != 240 || r.Epochs != 20 || r.Images != 12000 || r.Trained != 12*17+2*3*13+12*4+16*13 || r.Frozen != 0 || m.updated == 0 {
			t.Errorf("report %+v, updated %d times", r, m.updated)
		}
		if len(seen) != 4 || seen[3].Step != 240 || seen[3].Steps != 240 || seen[3].Epoch != 20 || seen[3].Epochs != 20 || seen[3].Remaining != 0 {
			t.Fatalf("progress %+v", seen)
		}
		if first, last := seen[0].ELBO, seen[3].ELBO; !(last > first+1 && last > -9) {
			t.Errorf("the ELBO went from %v to %v", first, last)
		}
		if p := seen[3]; math.Abs(p.ELBO-(p.Reconstruction-p.KL)) > 1e-4 || math.Abs(p.Loss+p.ELBO) > 1e-4 || p.KLWeight != 1 || p.LearningRate != 0.01 {
			t.Errorf("the numbers do not agree: %+v", p)
		}
		if math.Abs(r.ELBO-seen[3].ELBO) > 1 {
			t.Errorf("report of the last epoch %v, progress %v", r.ELBO, seen[3].ELBO)
		}
	}
}

// float32 and float64 follow the same path while rounding has not taken them apart.
func TestFloat32StepsFollowFloat64(t *testing.T) {
	narrow, wide := newToy(2), newToy(2).in64()
	o := Options{Optimizer: SGD{LearningRate: 0.1, Momentum: 0.9}, MaxSteps: 20, Batch: 30, Seed: 1}
	fit(t, narrow, o)
	fit(t, wide, o)
	for _, name := range wide.names() {
		want := tensor.Data[float64](wide.weights[name])
		for i, v := range tensor.Data[float32](narrow.weights[name]) {
			if math.Abs(float64(v)-want[i]) > 1e-4 {
				t.Fatalf("%s[%d] is %v, %v in float64", name, i, v, want[i])
			}
		}
	}
}

func TestSameSeedSameBitsOnAnyNumberOfThreads(t *testing.T) {
	run := func(seed uint64, threads int) []byte {
		m := newToy(4)
		fit(t, m, Options{MaxSteps: 30, Batch: 64, Seed: seed, Threads: threads, Binarize: data.Dynamic, Clip: 5, EMA: 0.9, KLWarmup: 10})
		return m.bytes()
	}
	want := run(7, 1)
	for _, threads := range []int{2, 3, 5} {
		if !bytes.Equal(run(7, threads), want) {
			t.Errorf("%d threads give other weights than 1", threads)
		}
	}
	if bytes.Equal(run(8, 1), want) {
		t.Error("another seed gives the same weights")
	}
}

func TestFrozenWeightsStay(t *testing.T) {
	m, before := newToy(5), newToy(5)
	r := fit(t, m, Options{MaxSteps: 10, Freeze: []string{"decoder/*"}})
	if r.Frozen != 12*4+16*13 {
		t.Errorf("%d numbers frozen", r.Frozen)
	}
	for name, w := range m.weights {
		same := bytes.Equal(w.Bytes(), before.weights[name].Bytes())
		if same != strings.HasPrefix(name, "decoder/") {
			t.Errorf("%s: unchanged is %v", name, same)
		}
	}
}

func TestKLWarmup(t *testing.T) {
	var weights []float64
	fit(t, newToy(6), Options{MaxSteps: 6, Batch: 10, KLWarmup: 4, KLWeight: 2, LogEvery: 1, Progress: func(p Progress) { weights = append(weights, p.KLWeight) }})
	if want := []float64{0, 0.5, 1, 1.5, 2, 2}; !slices.Equal(weights, want) {
		t.Errorf("KL weights %v, want %v", weights, want)
	}
}

// With a bound far below the norm, plain descent moves by rate*bound.
func TestClipBoundsTheStep(t *testing.T) {
	m, before := newToy(8), newToy(8)
	fit(t, m, Options{MaxSteps: 1, Optimizer: SGD{LearningRate: 1}, Clip: 0.01})
	sum := 0.0
	for name, w := range m.weights {
		was := tensor.Data[float32](before.weights[name])
		for i, v := range tensor.Data[float32](w) {
			d := float64(v) - float64(was[i])
			sum += d * d
		}
	}
	if got := math.Sqrt(sum); math.Abs(got-0.01) > 1e-4 {
		t.Errorf("the step has length %v, want 0.01", got)
	}
}

func TestNaNGuardNamesTheFirst(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(*toy, *Options)
		says  string
	}{
		{"a weight that is NaN from the start", func(m *toy, o *Options) {
			tensor.Data[float32](m.weights["decoder/hidden.bias"])[2] = float32(math.NaN())
		},
			`"decoder/hidden.bias" is the first to be not finite: NaN at [2]`},
		{"a frozen weight that is infinite", func(m *toy, o *Options) {
			tensor.Data[float32](m.weights["decoder/hidden.weight"])[4] = float32(math.Inf(1))
			o.Freeze = []string{"decoder/hidden*"}
		}, `frozen weight "decoder/hidden.weight" is the first to be not finite: +Inf at [1 1]`},
		{"a logarithm of negative numbers", func(m *toy, o *Options) { m.logOf = true }, "which Log computes, is the first"},
		{"a step too large", func(m *toy, o *Options) { o.Optimizer = SGD{LearningRate: 1e38}; o.MaxSteps = 20 }, "lower the learning rate"},
	}
	for _, tt := range tests {
		m := newToy(9)
		o := Options{MaxSteps: 3, Seed: 1}
		tt.spoil(m, &o)
		_, err := Fit(t.Context(), m, stripes{600}, o)
		if !errors.Is(err, ErrNotFinite) || !strings.Contains(err.Error(), tt.says) || !strings.HasPrefix(err.Error(), "train: step ") {
			t.Errorf("%s: %v", tt.name, err)
		}
		if strings.HasPrefix(tt.name, "a step") {
			for name, w := range m.weights {
				if _, at, bad := firstBad(w); bad {
					t.Errorf("%s: %s is not finite at %v: the weights from before the step were not kept", tt.name, name, at)
				}
			}
		}
	}
}

func TestBadOptionsAreRefused(t *testing.T) {
	tests := []struct {
		name string
		o    Options
		says string
	}{
		{"no length", Options{}, "number of epochs"},
		{"a batch of more than the data", Options{Epochs: 1, Batch: 601}, "600 rows"},
		{"a negative clip", Options{Epochs: 1, Clip: -1}, "clip"},
		{"an average that forgets nothing", Options{Epochs: 1, EMA: 1}, "EMA"},
		{"two warm-ups", Options{Epochs: 1, KLWarmup: 1, KLWarmupEpochs: 1}, "one of them"},
		{"resume from nowhere", Options{Epochs: 1, Resume: true}, "folder"},
		{"a bad optimiser", Options{Epochs: 1, Optimizer: Adam{Beta1: 3}}, "beta1"},
		{"a bad schedule", Options{Epochs: 1, Schedule: Stairs{}}, "stairs"},
		{"a pattern that fits nothing", Options{Epochs: 1, Freeze: []string{"decoder.*"}}, "decoder/logits.weight"},
	}
	for _, tt := range tests {
		if _, err := Fit(t.Context(), newToy(1), stripes{600}, tt.o); !errors.Is(err, ErrOptions) || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	if _, err := Fit(t.Context(), newToy(1), stripes{0}, Options{Epochs: 1}); !errors.Is(err, data.ErrEmpty) {
		t.Errorf("no data: %v", err)
	}
	if _, err := Fit(t.Context(), newToy(1), wide{stripes{600}}, Options{Epochs: 1}); !errors.Is(err, tensor.ErrShape) {
		t.Errorf("rows of another size: %v", err)
	}
}

type wide struct{ stripes }

func (wide) Shape() []int { return []int{5, 5} }

func TestStepsAllocateNothing(t *testing.T) {
	tr, err := newTrainer(newSided(3, 7), stripes{600}, Options{Engine: native.New(), Epochs: 1000, Batch: 50, Seed: 1, Clip: 1, EMA: 0.99, Binarize: data.Dynamic})
	if err != nil {
		t.Fatal(err)
	}
	defer tr.close()
	for i := range tr.streams {
		s := &tr.streams[i]
		s.source = quiet{s.source}
		if err := s.start(t.Context(), 0, 1); err != nil {
			t.Fatal(err)
		}
	}
	step := func() {
		if err := tr.next(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for range 50 { // plans, workspaces, the loader's minibatches
		step()
	}
	var before, after goruntime.MemStats
	goruntime.ReadMemStats(&before)
	for range 400 {
		step()
	}
	goruntime.ReadMemStats(&after)
	// The runtime itself allocates now and then, for a goroutine that sleeps; an allocation by the loop would be 400.
	if n := after.Mallocs - before.Mallocs; n > 40 {
		t.Errorf("%d allocations in 400 steps", n)
	}
}

// quiet gives rows without the allocations of making them.
type quiet struct{ data.Source }

func (quiet) Read(ctx context.Context, rows []int, dst []float32) error {
	for i := range dst {
		dst[i] = float32(i % 2)
	}
	return nil
}

func TestResumeIsBitIdentical(t *testing.T) {
	for _, rule := range rules {
		o := Options{Optimizer: rule, Schedule: Warmup{Steps: 5, Then: Cosine{}}, MaxSteps: 40, Batch: 70, Seed: 11, Binarize: data.Dynamic, Clip: 3,
			EMA: 0.95, KLWarmup: 30, CheckpointEvery: 25}
		whole := newToy(12)
		report := fit(t, whole, o)

		o.Checkpoint = filepath.Join(t.TempDir(), "run")
		for _, stop := range []int{3, 17, 28} {
			ctx, cancel := context.WithCancel(t.Context())
			o.LogEvery, o.Progress = 1, func(p Progress) {
				if p.Step == stop {
					cancel()
				}
			}
			r, err := Fit(ctx, newToy(12), stripes{600}, o)
			if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), filepath.Join(o.Checkpoint, "step-")) || r.Steps != stop {
				t.Fatalf("%v: stopped at %d: %+v, %v", rule, stop, r, err)
			}
			o.Resume = true
		}
		o.Progress = nil
		m := newToy(99) // weights that the checkpoint replaces
		r := fit(t, m, o)
		if r.Resumed != 28 || r.Steps != 40 || !bytes.Equal(m.bytes(), whole.bytes()) {
			t.Errorf("%v: resumed at %d of %d, equal to the uninterrupted run: %v", rule, r.Resumed, r.Steps, bytes.Equal(m.bytes(), whole.bytes()))
		}
		again := newToy(98) // resuming a finished run changes nothing
		if r.ELBO != report.ELBO || r.KL != report.KL {
			t.Errorf("%v: the resumed run reports %+v, the uninterrupted one %+v", rule, r, report)
		}
		if r := fit(t, again, o); r.Resumed != 40 || r.ELBO != report.ELBO || !bytes.Equal(again.bytes(), whole.bytes()) {
			t.Errorf("%v: the finished run resumed at %d with other weights", rule, r.Resumed)
		}
	}
}

// cut is a source whose reads fail after some minibatches.
type cut struct {
	stripes
	left *atomic.Int32
}

var errCut = errors.New("the cable is out")

func (c cut) Read(ctx context.Context, rows []int, dst []float32) error {
	if c.left.Add(-1) < 0 {
		return errCut
	}
	return c.stripes.Read(ctx, rows, dst)
}

func TestDataThatFailsLosesNothing(t *testing.T) {
	o := Options{MaxSteps: 20, Batch: 50, Checkpoint: t.TempDir(), CheckpointEvery: 100, Threads: 1}
	var left atomic.Int32
	left.Store(8)
	r, err := Fit(t.Context(), newToy(1), cut{stripes{600}, &left}, o)
	if !errors.Is(err, errCut) || r.Steps != 8 || !strings.Contains(err.Error(), "train: step 9: ") || !strings.Contains(err.Error(), "step-0000000008") {
		t.Fatalf("%+v, %v", r, err)
	}
	o.Resume = true
	m, whole := newToy(2), newToy(1)
	fit(t, m, o)
	o.Checkpoint, o.Resume = "", false
	fit(t, whole, o)
	if !bytes.Equal(m.bytes(), whole.bytes()) {
		t.Error("the weights differ from those of a run whose data did not fail")
	}
}

func TestResumeRefusesAnotherRun(t *testing.T) {
	dir := t.TempDir()
	o := Options{MaxSteps: 4, Batch: 50, Seed: 1, Checkpoint: dir}
	fit(t, newToy(1), o)
	if _, err := Fit(t.Context(), newToy(1), stripes{600}, o); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a fresh run in the folder of another: %v", err)
	}
	o.Resume = true
	tests := []struct {
		name   string
		change func(*Options)
		rows   int
		says   string
	}{
		{"batch", func(o *Options) { o.Batch = 60 }, 600, `batch was "50", now "60"`},
		{"seed", func(o *Options) { o.Seed = 2 }, 600, `seed was "1", now "2"`},
		{"optimiser", func(o *Options) { o.Optimizer = SGD{} }, 600, "optimizer was"},
		{"learning rate", func(o *Options) { o.Optimizer = Adam{LearningRate: 0.5} }, 600, "learning_rate=0.5"},
		{"data", func(o *Options) {}, 500, `rows was "600", now "500"`},
		{"binarisation", func(o *Options) { o.Binarize = data.Dynamic }, 600, "binarize"},
		{"average", func(o *Options) { o.EMA = 0.5 }, 600, "ema"},
		{"fewer steps than made", func(o *Options) { o.MaxSteps = 2 }, 600, "ends after 2"},
	}
	for _, tt := range tests {
		o := o
		tt.change(&o)
		m := newToy(2)
		_, err := Fit(t.Context(), m, stripes{tt.rows}, o)
		if !errors.Is(err, ErrResume) || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v", tt.name, err)
		}
		if !bytes.Equal(m.bytes(), newToy(2).bytes()) {
			t.Errorf("%s: a refused resume changed the model", tt.name)
		}
	}
	o.MaxSteps = 9
	if r := fit(t, newToy(2), o); r.Resumed != 4 || r.Steps != 9 {
		t.Errorf("lengthening a run: %+v", r)
	}
}

func TestCheckpointsEveryEpochAndByTime(t *testing.T) {
	var at []string
	o := Options{Epochs: 3, Batch: 200, Checkpoint: t.TempDir(), LogEvery: 1, Progress: func(p Progress) { at = append(at, filepath.Base(p.Checkpoint)) }}
	fit(t, newToy(1), o)
	if at[1] != "." || at[2] != "step-0000000003" || at[5] != "step-0000000006" {
		t.Errorf("checkpoints at %v, want one an epoch", at)
	}
	o.Checkpoint, o.CheckpointInterval, at = t.TempDir(), time.Nanosecond, nil
	fit(t, newToy(1), o)
	if at[0] != "step-0000000001" || at[1] != "step-0000000002" {
		t.Errorf("checkpoints at %v, want one a nanosecond", at)
	}
}
