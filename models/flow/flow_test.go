package flow

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/diff/fd"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/models/layer"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/native"
	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/train"
)

// steps are one of every kind, for 4 units.
func steps() map[string]Flow {
	normed := func() *layer.Builder { return &layer.Builder{Normalise: true} }
	return map[string]Flow{
		"IAF":              IAF{Net: MADE{Hidden: []int{9, 7}}},
		"IAF, reversed":    IAF{Net: MADE{Hidden: []int{9}}, Reverse: true},
		"IAF, normalised":  IAF{Net: MADE{Hidden: []int{9, 7}, Layers: normed()}},
		"IAF of maps":      IAF{Net: MaskedConv{Shape: []int{1, 2, 2}, Maps: []int{3}}},
		"IAF of two maps":  IAF{Net: MaskedConv{Shape: []int{2, 1, 2}, Maps: []int{4, 4}, Layers: normed()}, Reverse: true},
		"MAF":              MAF{Net: MADE{Hidden: []int{8}}},
		"MAF, reversed":    MAF{Net: MADE{Hidden: []int{8, 8}}, Reverse: true},
		"linear":           LinearIAF{},
		"linear, reversed": LinearIAF{Reverse: true},
		"RealNVP":          RealNVP{Hidden: []int{6, 5}},
		"RealNVP, turned":  RealNVP{Hidden: []int{6}, Reverse: true, Layers: normed()},
		"planar":           Planar{},
	}
}

// initial draws weights of a size that bends the flows well.
func initial(seed uint64) graph.Init {
	r := rand.New(rand.NewPCG(seed, 1))
	return func(_ string, _ int, shape ...int) *tensor.Tensor {
		t := tensor.New(tensor.Float64, shape...)
		for i := range tensor.Data[float64](t) {
			tensor.Data[float64](t)[i] = 0.7 * r.NormFloat64()
		}
		return t
	}
}

// machine runs a graph of one batch of float64 rows.
type machine struct {
	t       testing.TB
	program runtime.Program
	outputs int
}

func compile(t testing.TB, g *graph.Graph) machine {
	t.Helper()
	if err := g.Err(); err != nil {
		t.Fatal(err)
	}
	p, err := native.New().Compile(g, runtime.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return machine{t, p, len(g.Outputs)}
}

func (m machine) run(in ...*tensor.Tensor) [][]float64 {
	m.t.Helper()
	out := make([]*tensor.Tensor, m.outputs)
	if err := m.program.Run(context.Background(), in, out); err != nil {
		m.t.Fatal(err)
	}
	all := make([][]float64, len(out))
	for i := range out {
		all[i] = out[i].Floats()
	}
	return all
}

func rows(t testing.TB, width int, x ...float64) *tensor.Tensor {
	t.Helper()
	m, err := tensor.Wrap(x, len(x)/width, width)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

const units4, features = 4, 2

// applied is z, and a context if told so, to z1 and logdet, and, where the flow has one, to its inverse of z.
func applied(t testing.TB, f Flow, seed uint64, withContext bool) (forward, inverse *machine) {
	build := func(invert bool) *machine {
		g := graph.New("flow")
		g.Init = initial(seed)
		z := g.InputOf(tensor.Float64, "z", graph.Dims("batch", units4))
		h := g.InputOf(tensor.Float64, "h", graph.Dims("batch", features))
		context := h
		if !withContext {
			context = nil
		}
		z1, logdet := f.Apply(g, "f", z, context)
		if !invert {
			g.Output("z1", z1)
			g.Output("logdet", logdet)
		} else if i, ok := f.(Inverter); ok {
			g.Output("z0", i.Invert(g, "f", z1, context))
		} else {
			return nil
		}
		m := compile(t, g)
		return &m
	}
	return build(false), build(true)
}

func each(t *testing.T, check func(t *testing.T, f Flow, withContext bool)) {
	for name, f := range steps() {
		for what, withContext := range map[string]bool{"": false, " in a context": true} {
			t.Run(name+what, func(t *testing.T) { check(t, f, withContext) })
		}
	}
}

func normals(seed uint64, n int) []float64 {
	r := rand.New(rand.NewPCG(seed, 2))
	x := make([]float64, n)
	for i := range x {
		x[i] = r.NormFloat64()
	}
	return x
}

func TestLogDetIsThatOfTheJacobian(t *testing.T) {
	each(t, func(t *testing.T, f Flow, withContext bool) {
		m, _ := applied(t, f, 3, withContext)
		for seed := range uint64(3) {
			z, h := normals(seed, units4), normals(seed+10, features)
			got := m.run(rows(t, units4, z...), rows(t, features, h...))[1][0]
			var j mat.Dense
			j.ReuseAs(units4, units4)
			fd.Jacobian(&j, func(y, x []float64) {
				copy(y, m.run(rows(t, units4, append([]float64{}, x...)...), rows(t, features, h...))[0])
			}, z, &fd.JacobianSettings{Formula: fd.Central})
			want, _ := mat.LogDet(&j)
			if math.Abs(got-want) > 1e-6 {
				t.Errorf("log det is %v, the Jacobian's %v", got, want)
			}
		}
	})
}

func TestInverse(t *testing.T) {
	each(t, func(t *testing.T, f Flow, withContext bool) {
		_, m := applied(t, f, 5, withContext)
		if m == nil {
			t.Skip("it has none")
		}
		z := normals(1, 3*units4)
		for i, got := range m.run(rows(t, units4, z...), rows(t, features, normals(2, 3*features)...))[0] {
			if math.Abs(got-z[i]) > 1e-9 {
				t.Errorf("unit %d comes back as %v, not %v", i, got, z[i])
			}
		}
	})
}

// Output i moves with the units before i and with the context, and with nothing else.
func TestAutoregressive(t *testing.T) {
	for name, n := range map[string]Autoregressive{
		"MADE":            MADE{Hidden: []int{11, 9}},
		"MADE, one layer": MADE{Hidden: []int{16}, Layers: &layer.Builder{Normalise: true}},
		"masked conv":     MaskedConv{Shape: []int{1, 2, 2}, Maps: []int{5, 5}},
	} {
		t.Run(name, func(t *testing.T) {
			g := graph.New("net")
			g.Init = initial(4)
			z, h := g.InputOf(tensor.Float64, "z", graph.Dims("batch", units4)), g.InputOf(tensor.Float64, "h", graph.Dims("batch", features))
			out := n.Predict(g, "n", z, h, "m", "s")
			g.Output("m", out[0])
			g.Output("s", out[1])
			m := compile(t, g)
			at, c := normals(1, units4), normals(2, features)
			base := m.run(rows(t, units4, at...), rows(t, features, c...))
			for j := range units4 {
				moved := append([]float64{}, at...)
				moved[j] += 0.5
				for o, y := range m.run(rows(t, units4, moved...), rows(t, features, c...)) {
					for i := range y {
						if changed := y[i] != base[o][i]; changed != (i > j) {
							t.Errorf("output %d of unit %d changes with unit %d: %v", o, i, j, changed)
						}
					}
				}
			}
			for o, y := range m.run(rows(t, units4, at...), rows(t, features, c[0]+1, c[1])) {
				for i := range y {
					if y[i] == base[o][i] {
						t.Errorf("output %d of unit %d does not see the context", o, i)
					}
				}
			}
		})
	}
}

// A map of two channels is read place by place: the second channel sees the first one at its own place.
func TestMapsAreReadInOrder(t *testing.T) {
	g := graph.New("net")
	g.Init = initial(4)
	z := g.InputOf(tensor.Float64, "z", graph.Dims("batch", 2*3*3))
	g.Output("m", MaskedConv{Shape: []int{2, 3, 3}, Maps: []int{8, 8, 8}}.Predict(g, "n", z, nil, "m")[0])
	m := compile(t, g)
	place := func(unit int) int { return unit%9*2 + unit/9 } // row and column first, then the channel
	at := normals(1, 18)
	base := m.run(rows(t, 18, at...))[0]
	seen := 0
	for j := range at {
		moved := append([]float64{}, at...)
		moved[j] += 0.5
		for i, y := range m.run(rows(t, 18, moved...))[0] {
			if y != base[i] {
				seen++
				if place(j) >= place(i) {
					t.Errorf("unit %d sees unit %d, which comes after it", i, j)
				}
			}
		}
	}
	if seen < 100 { // of 18*17/2 = 153
		t.Errorf("only %d pairs of units see one another", seen)
	}
}

// What a flow makes of a standard normal variable is a density: it integrates to 1. By the change of variables
// p(y) = N(z) exp(-log det) at z = f^-1(y).
func TestDensitiesIntegrateToOne(t *testing.T) {
	for name, f := range map[string]Inverter{
		"IAF": IAF{Net: MADE{Hidden: []int{6}}}, "MAF": MAF{Net: MADE{Hidden: []int{6}}}, "RealNVP": RealNVP{Hidden: []int{5}}, "linear": LinearIAF{},
	} {
		t.Run(name, func(t *testing.T) {
			g := graph.New("density")
			g.Init = initial(8)
			y := g.InputOf(tensor.Float64, "y", graph.Dims("batch", 2))
			z := f.Invert(g, "f", y, nil)
			_, logdet := f.Apply(g, "f", z, nil)
			g.Output("z", z)
			g.Output("logdet", logdet)
			const side, reach = 600, 40.0
			var grid []float64
			for i := range side {
				for j := range side {
					grid = append(grid, reach*(2*(float64(i)+0.5)/side-1), reach*(2*(float64(j)+0.5)/side-1))
				}
			}
			out := compile(t, g).run(rows(t, 2, grid...))
			total, cell := 0.0, math.Pow(2*reach/side, 2)
			for i, l := range out[1] {
				total += cell * math.Exp(distuv.UnitNormal.LogProb(out[0][2*i])+distuv.UnitNormal.LogProb(out[0][2*i+1])-l)
			}
			if math.Abs(total-1) > 1e-3 {
				t.Errorf("it integrates to %v", total)
			}
		})
	}
}

// A weight that a mask hides has no gradient, so that training leaves it out for good.
func TestMaskedWeightsHaveNoGradient(t *testing.T) {
	g := graph.New("net")
	g.Init = initial(4)
	z := g.InputOf(tensor.Float64, "z", graph.Dims("batch", units4))
	z1, logdet := IAF{Net: MADE{Hidden: []int{8}}}.Apply(g, "f", z, nil)
	loss := g.ReduceSum(g.Add(sum(g, g.Square(z1)), logdet), false)
	w := g.Value("f/m.weight")
	d, err := train.Gradients(g, loss, []*graph.Value{w})
	if err != nil {
		t.Fatal(err)
	}
	g.Output("d", d[0])
	got := compile(t, g).run(rows(t, units4, normals(1, 3*units4)...))[0]
	hidden := degrees(0, units4-1, 8)
	for i := range units4 {
		for j, degree := range hidden {
			if visible := degree < i+1; visible != (got[i*8+j] != 0) {
				t.Errorf("the weight of output %d from a unit of degree %d has the gradient %v", i, degree, got[i*8+j])
			}
		}
	}
}

func TestWhatDoesNotFitIsTold(t *testing.T) {
	for name, f := range map[string]Flow{
		"maps of another size": IAF{Net: MaskedConv{Shape: []int{1, 5, 5}}},
		"an even window":       IAF{Net: MaskedConv{Shape: []int{1, 1, 1}, Kernel: 2}},
		"one half":             RealNVP{},
	} {
		g := graph.New("flow")
		f.Apply(g, "f", g.Input("z", "batch", 1), nil)
		if g.Err() == nil {
			t.Errorf("%s: no error", name)
		}
	}
	g := graph.New("flow")
	IAF{}.Apply(g, "f", g.Input("z", "batch", "n"), nil)
	if g.Err() == nil {
		t.Error("an open number of units: no error")
	}
}
