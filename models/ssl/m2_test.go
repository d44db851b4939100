package ssl

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/elbo-ml/elbo/models"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/native"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train"
	"github.com/elbo-ml/elbo/train/data"
)

// configs are small models of every kind of x.
func configs() map[string]Config {
	return map[string]Config{
		"bernoulli": {Shape: []int{2, 3}, Classes: 3, Latent: 2, Hidden: []int{5, 4}, Seed: 1},
		"gaussian":  {Shape: []int{6}, Classes: 3, Latent: 2, Hidden: []int{5}, Likelihood: models.Gaussian, Seed: 2},
		"features":  {Shape: []int{6}, Classes: 4, Latent: 3, Hidden: []int{5}, Features: true, Seed: 3},
	}
}

// model is New with every weight drawn, so that none of the terms is trivial.
func model(t *testing.T, c Config) *M2 {
	t.Helper()
	m, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	stream := uint64(0)
	for _, part := range []string{"classifier", "encoder", "decoder"} {
		for _, w := range m.graphs[part].Weights {
			stream++
			v := tensor.Data[float32](w.Data)
			runtime.Noise{Seed: 9, Stream: stream}.Normal(0, v)
			for i := range v {
				v[i] *= 0.5
			}
		}
	}
	return m
}

// noiseRows are n rows of standard normal numbers, or uniform ones.
func noiseRows(n, size int, stream uint64, uniform bool) *tensor.Tensor {
	t := tensor.New(tensor.Float32, n, size)
	for i := range n {
		row := tensor.Data[float32](t.Rows(i, i+1))
		if noise := (runtime.Noise{Seed: 4, Stream: stream}); uniform {
			noise.Uniform(uint64(i), row)
		} else {
			noise.Normal(uint64(i), row)
		}
	}
	return t
}

func source(t *testing.T, name string, x *tensor.Tensor) data.Source {
	t.Helper()
	s, err := data.FromTensor(name, x)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The graph's loss is the paper's formula, summed class by class in float64, and its gradient is the difference quotient of
// that formula.
func TestObjectiveIsThePapersFormula(t *testing.T) {
	for name, c := range configs() {
		for _, sampled := range []bool{false, true} {
			if sampled && !c.Features {
				continue
			}
			m := model(t, c)
			r := newReference(m, c)
			width := 6
			if sampled {
				width = 12
			}
			// Five labelled rows of which a step takes two, seven others of which it takes three.
			all := source(t, "rows", noiseRows(12, width, 1, !c.Features))
			labels := make([]int, 12)
			for i := range labels {
				labels[i] = data.Unlabelled
				if i < 5 {
					labels[i] = i % c.Classes
				}
			}
			o := Options{Options: train.Options{Batch: 3, MaxSteps: 1}, LabelledBatch: 2, Alpha: 0.7, WeightDeviation: 2}
			tr, err := m.training(t.Context(), all, labels, &o)
			if err != nil {
				t.Fatal(err)
			}
			obj, err := tr.Objective()
			if err != nil {
				t.Fatal(err)
			}
			grads, err := train.Gradients(obj.Graph, obj.Loss, obj.Params)
			if err != nil {
				t.Fatal(err)
			}
			for i, d := range grads {
				obj.Graph.Output("gradient:"+obj.Params[i].Name, d)
			}
			in := map[string]*tensor.Tensor{"kl_weight": tensor.New(tensor.Float32)}
			tensor.Data[float32](in["kl_weight"])[0] = 1
			var labelled, unlabelled []datapoint
			one := noiseRows(2, width+c.Classes, 2, !c.Features)
			for i := range 2 {
				row := tensor.Data[float32](one.Rows(i, i+1))
				clear(row[width:])
				row[width+i+1] = 1
			}
			in["labelled"], in["eps_labelled"], in["eps_x_labelled"] = one, noiseRows(2, c.Latent, 3, false), noiseRows(2, 6, 4, false)
			in["x"], in["eps"], in["eps_x"] = noiseRows(3, width, 5, !c.Features), noiseRows(3, c.Classes*c.Latent, 6, false), noiseRows(3, 6, 7, false)
			for i := range 2 {
				d := datapoint{row: floats(one, i)[:width], eps: floats(in["eps_labelled"], i), class: i + 1}
				if sampled {
					d.epsX = floats(in["eps_x_labelled"], i)
				}
				labelled = append(labelled, d)
			}
			for i := range 3 {
				d := datapoint{row: floats(in["x"], i), eps: floats(in["eps"], i)}
				if sampled {
					d.epsX = floats(in["eps_x"], i)
				}
				unlabelled = append(unlabelled, d)
			}
			p, err := native.New().Compile(obj.Graph, runtime.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			ins, outs := []*tensor.Tensor{}, make([]*tensor.Tensor, len(obj.Graph.Outputs))
			for _, v := range obj.Graph.Inputs {
				ins = append(ins, in[v.Name])
			}
			if err := p.Run(t.Context(), ins, outs); err != nil {
				t.Fatal(err)
			}
			loss := func() float64 { return r.loss(labelled, unlabelled, 5, 7, 0.7, 2) }
			out := func(name string) *tensor.Tensor { return outs[named(obj.Graph.Outputs, name)] }
			if got, want := out("loss").Floats()[0], loss(); math.Abs(got-want) > 1e-5*math.Abs(want) {
				t.Errorf("%s, sampled %v: the loss is %v, want %v", name, sampled, got, want)
			}
			elbo, rec, kl := out("elbo").Floats()[0], out("reconstruction").Floats()[0], out("kl").Floats()[0]
			if math.Abs(elbo-(rec-kl)) > 1e-5*math.Abs(rec) {
				t.Errorf("%s: elbo %v is not %v - %v", name, elbo, rec, kl)
			}
			for _, v := range obj.Params {
				w, d := r.weights[v.Name], out("gradient:"+v.Name).Floats()
				for _, i := range []int{0, len(w) / 2, len(w) - 1} {
					const h = 1e-5
					at := w[i]
					w[i] = at + h
					up := loss()
					w[i] = at - h
					down := loss()
					w[i] = at
					if want := (up - down) / (2 * h); math.Abs(d[i]-want) > 1e-4*(1+math.Abs(want)) {
						t.Errorf("%s, sampled %v: the gradient of %s[%d] is %v, want %v", name, sampled, v.Name, i, d[i], want)
					}
				}
			}
		}
	}
}

// Importance sampling is Bayes' rule over the reference's weights, and one batch is as good as another.
func TestPosteriorIsBayesRule(t *testing.T) {
	for name, c := range configs() {
		m := model(t, c)
		r := newReference(m, c)
		x := noiseRows(4, 6, 1, !c.Features)
		const k, seed = 3, 11
		got, err := m.Posterior(t.Context(), x, k, seed, 2)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 4 {
			sums, total := make([]float64, c.Classes), 0.0
			for draw := range k {
				eps := make([]float32, c.Classes*c.Latent)
				runtime.Noise{Seed: seed, Stream: uint64(draw)}.Normal(uint64(2+i), eps)
				for y := range sums {
					e := make([]float64, c.Latent)
					for j := range e {
						e[j] = float64(eps[y*c.Latent+j])
					}
					reconstruction, _, ratio := r.joint(floats(x, i), y, e)
					sums[y] += math.Exp(reconstruction + ratio)
				}
			}
			for _, s := range sums {
				total += s
			}
			for y, s := range sums {
				if p := floats(got, i)[y]; math.Abs(p-s/total) > 1e-4 {
					t.Errorf("%s: p(%d|x%d) is %v, want %v", name, y, i, p, s/total)
				}
			}
		}
		part, err := m.Posterior(t.Context(), x.Rows(1, 3), k, seed, 3)
		if err != nil || !slices.Equal(floats(part, 0), floats(got, 1)) {
			t.Errorf("%s: row 1 alone gives %v, with others %v (%v)", name, floats(part, 0), floats(got, 1), err)
		}
	}
}

func TestClassifyIsTheReference(t *testing.T) {
	for name, c := range configs() {
		m := model(t, c)
		r := newReference(m, c)
		x := noiseRows(3, 6, 1, !c.Features)
		q, err := m.Classify(t.Context(), x)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 3 {
			for y, want := range r.classify(floats(x, i)) {
				if got := math.Log(floats(q, i)[y]); math.Abs(got-want) > 1e-4 {
					t.Errorf("%s: log q(%d|x%d) is %v, want %v", name, y, i, got, want)
				}
			}
		}
	}
}

// blobs are rows of two clusters a class apart, in [0,1], with a label for every tenth row.
func blobs(t *testing.T, n int) (rows data.Source, labels, truth []int) {
	t.Helper()
	x := noiseRows(n, 6, 8, false)
	for i := range n {
		y := i % 3
		row := tensor.Data[float32](x.Rows(i, i+1))
		for j := range row {
			mean := float32(0.25)
			if j/2 == y {
				mean = 0.75
			}
			row[j] = min(max(mean+0.08*row[j], 0), 1)
		}
		truth, labels = append(truth, y), append(labels, data.Unlabelled)
		if i < n/10 {
			labels[i] = y
		}
	}
	return source(t, "blobs", x), labels, truth
}

func TestFitLearnsFromAFewLabels(t *testing.T) {
	rows, labels, truth := blobs(t, 300)
	m, err := New(Config{Shape: []int{6}, Classes: 3, Latent: 2, Hidden: []int{16}, Likelihood: models.Gaussian, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	o := Options{Options: train.Options{Epochs: 30, Batch: 27, Seed: 1, Optimizer: train.Adam{LearningRate: 0.01}}}
	report, err := Fit(t.Context(), m, rows, labels, o)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, term := range report.Terms {
		names = append(names, term.Name)
	}
	if want := []string{"labelled_bound", "unlabelled_bound", "class_entropy", "classifier_loss", "weight_prior"}; !slices.Equal(names, want) {
		t.Errorf("terms %v, want %v", names, want)
	}
	if report.Images != 30*10*(27+3) {
		t.Errorf("%d rows seen", report.Images)
	}
	for _, k := range []int{0, 20} {
		e, err := m.Evaluate(t.Context(), rows, truth, k, 1)
		if err != nil {
			t.Fatal(err)
		}
		if e.N != 300 || e.Error > 2 || !(e.LogLoss < 0.2) {
			t.Errorf("with %d draws: %+v", k, e)
		}
	}
	// With all labels there is one stream.
	if _, err := Fit(t.Context(), m, rows, truth, o); err != nil {
		t.Error(err)
	}
}

func TestM2ThroughABundleTrainsOn(t *testing.T) {
	rows, labels, _ := blobs(t, 60)
	x := noiseRows(5, 6, 1, true)
	for name, m := range stacks(t) {
		path := filepath.Join(t.TempDir(), "m2.elbo")
		if err := m.Save(path, models.SaveOptions{}); err != nil {
			t.Fatal(err)
		}
		back, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer back.Close()
		o := Options{Options: train.Options{MaxSteps: 5, Batch: 20, Seed: 3}}
		var got [2]*tensor.Tensor
		for i, v := range []*M2{m, back} {
			if _, err := Fit(t.Context(), v, rows, labels, o); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if got[i], err = v.Classify(t.Context(), x); err != nil {
				t.Fatal(err)
			}
		}
		if !slices.Equal(tensor.Data[float32](got[0]), tensor.Data[float32](got[1])) {
			t.Errorf("%s: trained on from a bundle it is another model", name)
		}
		if _, err := models.Open(path); !errors.Is(err, models.ErrBundle) {
			t.Errorf("%s: as a VAE it opens: %v", name, err)
		}
	}
}

// stacks are an M2 and an M1+M2 of rows of 6 numbers and 3 classes.
func stacks(t *testing.T) map[string]*M2 {
	t.Helper()
	m1, err := models.New(models.Config{Shape: []int{2, 3}, Latent: 4, Hidden: []int{8}, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m1.Close() })
	stack, err := Stack(m1, []int{0, 3}, Config{Classes: 3, Latent: 2, Hidden: []int{5}, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stack.Close() })
	return map[string]*M2{"m2": model(t, configs()["bernoulli"]), "m1m2": stack}
}

func TestShapesOfWhatAnM2Gives(t *testing.T) {
	ctx := context.Background()
	x := noiseRows(5, 6, 1, true)
	for name, m := range stacks(t) {
		a, err := m.Analogies(ctx, x)
		if err != nil {
			t.Fatal(err)
		}
		if want := (tensor.Shape{15, 2, 3}); !a.Shape().Equal(want) {
			t.Errorf("%s: analogies are %v, want %v", name, a.Shape(), want)
		}
		for _, v := range tensor.Data[float32](a) {
			if !(v >= 0 && v <= 1) {
				t.Fatalf("%s: a pixel is %v", name, v)
			}
		}
		if g := m.Graphs(); (len(g) == 5) != m.Stacked() || m.Classes() != 3 {
			t.Errorf("%s: %d parts, %d classes", name, len(g), m.Classes())
		}
	}
}

func TestActiveUnitsVary(t *testing.T) {
	m1, err := models.New(models.Config{Shape: []int{6}, Latent: 3, Hidden: []int{4}, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer m1.Close()
	graphs, err := m1.Graphs()
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range graphs[0].Graph.Weights {
		if w.Name == "encoder/mean.weight" { // [3, 4]: unit 1 stops to see x
			clear(tensor.Data[float32](w.Data)[4:8])
			for i, v := range tensor.Data[float32](w.Data) {
				tensor.Data[float32](w.Data)[i] = 10 * v
			}
		}
	}
	m1.Updated()
	rows, _, _ := blobs(t, 50)
	keep, err := Active(t.Context(), m1, rows)
	if err != nil || !slices.Equal(keep, []int{0, 2}) {
		t.Errorf("units %v vary, want 0 and 2: %v", keep, err)
	}
	if _, err := Stack(m1, []int{3}, Config{Classes: 2}); err == nil || !strings.Contains(err.Error(), "no unit 3") {
		t.Errorf("a unit that is not there: %v", err)
	}
}

func TestBadInputIsRefused(t *testing.T) {
	rows, labels, truth := blobs(t, 30)
	ctx := t.Context()
	m := model(t, configs()["bernoulli"])
	fit := func(change func(rows *data.Source, labels *[]int, o *Options)) error {
		s, l, o := rows, slices.Clone(labels), Options{Options: train.Options{MaxSteps: 1, Batch: 10}}
		change(&s, &l, &o)
		_, err := Fit(ctx, m, s, l, o)
		return err
	}
	for name, c := range map[string]struct {
		err  error
		kind error
		says string
	}{
		"a label out of range":                  {fit(func(_ *data.Source, l *[]int, _ *Options) { (*l)[4] = 3 }), data.ErrLabels, "row 4 is 3"},
		"too few labels":                        {fit(func(_ *data.Source, l *[]int, _ *Options) { *l = (*l)[:9] }), data.ErrLabels, "9 labels"},
		"a class without examples":              {fit(func(_ *data.Source, l *[]int, _ *Options) { (*l)[1] = data.Unlabelled }), data.ErrLabels, "class 1 has no example"},
		"rows of another size":                  {fit(func(s *data.Source, _ *[]int, _ *Options) { *s = source(t, "wide", noiseRows(30, 7, 1, true)) }), nil, "hold 7 numbers"},
		"an infinite alpha":                     {fit(func(_ *data.Source, _ *[]int, o *Options) { o.Alpha = math.Inf(1) }), train.ErrOptions, "alpha"},
		"a batch of more labels than there are": {fit(func(_ *data.Source, _ *[]int, o *Options) { o.LabelledBatch = 4 }), train.ErrOptions, "a batch of 4"},
		"two batches of one stream":             {fit(func(_ *data.Source, l *[]int, o *Options) { *l, o.LabelledBatch = truth, 4 }), nil, "leave the labelled batch"},
	} {
		if c.err == nil || c.kind != nil && !errors.Is(c.err, c.kind) || !strings.Contains(c.err.Error(), c.says) {
			t.Errorf("%s: %v", name, c.err)
		}
	}
	nan := noiseRows(2, 6, 1, true)
	tensor.Data[float32](nan)[7] = float32(math.NaN())
	for name, err := range map[string]error{
		"NaN":             func() error { _, err := m.Classify(ctx, nan); return err }(),
		"a short row":     func() error { _, err := m.Classify(ctx, noiseRows(2, 5, 1, true)); return err }(),
		"nothing":         func() error { _, err := m.Classify(ctx, nil); return err }(),
		"no draws":        func() error { _, err := m.Posterior(ctx, noiseRows(2, 6, 1, true), 0, 1, 0); return err }(),
		"another class":   func() error { _, err := m.Encode(ctx, noiseRows(1, 6, 1, true), []int{3}); return err }(),
		"missing classes": func() error { _, err := m.Generate(ctx, noiseRows(2, 2, 1, true), []int{1}); return err }(),
	} {
		if !errors.Is(err, models.ErrInput) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, c := range map[string]Config{
		"no shape": {Classes: 2}, "one class": {Shape: []int{3}, Classes: 1}, "a strange likelihood": {Shape: []int{3}, Classes: 2, Likelihood: "cauchy"},
		"a strange activation": {Shape: []int{3}, Classes: 2, Activation: "step"}, "no hidden layer": {Shape: []int{3}, Classes: 2, Hidden: []int{}},
		"too many weights": {Shape: []int{1 << 20}, Classes: 2, Hidden: []int{1 << 20}}, "a negative size": {Shape: []int{-3}, Classes: 2},
	} {
		if _, err := New(c); err == nil {
			t.Errorf("%s: built", name)
		}
	}
	if _, err := m.Evaluate(ctx, rows, make([]int, 7), 0, 0); !errors.Is(err, data.ErrLabels) {
		t.Errorf("labels of other rows: %v", err)
	}
}

// A bundle whose parts do not belong together is refused with a line that says what is wrong.
func TestPartsThatDoNotFitAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(b *models.Bundle, other *M2)
		says  string
	}{
		"no decoder":    {func(b *models.Bundle, _ *M2) { drop(b, "decoder") }, "no decoder"},
		"half an M1":    {func(b *models.Bundle, _ *M2) { drop(b, "pixels") }, "one of the parts features and pixels"},
		"other classes": {func(b *models.Bundle, m *M2) { b.Graphs["classifier"] = m.graphs["classifier"] }, "do not agree"},
		"another M1":    {func(b *models.Bundle, m *M2) { b.Graphs["features"] = m.graphs["features"] }, "does not give and take the 2 features"},
		"a strange part": {func(b *models.Bundle, _ *M2) {
			b.Graphs["odd"], b.Manifest.Parts["odd"] = b.Graphs["encoder"], models.Part{}
		}, `no part called "odd"`},
		"another picture": {func(b *models.Bundle, _ *M2) { b.Manifest.Shape = []int{7} }, "rows of [7] hold 7 numbers"},
		"another kind":    {func(b *models.Bundle, _ *M2) { b.Manifest.Kind = "vae" }, "which has a classifier"},
	} {
		m := stacks(t)["m1m2"]
		m1, err := models.New(models.Config{Shape: []int{2, 3}, Latent: 4, Hidden: []int{8}, Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		defer m1.Close()
		other, err := Stack(m1, []int{0, 1, 3}, Config{Classes: 5, Latent: 2, Hidden: []int{5}})
		if err != nil {
			t.Fatal(err)
		}
		b := &models.Bundle{Manifest: m.Manifest(), Graphs: m.Graphs()}
		c.spoil(b, other)
		path := filepath.Join(t.TempDir(), "odd.elbo")
		if err := b.Save(path, models.SaveOptions{}); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path); !errors.Is(err, models.ErrBundle) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func drop(b *models.Bundle, part string) {
	delete(b.Graphs, part)
	delete(b.Manifest.Parts, part)
}
