package train

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"gonum.org/v1/gonum/integrate/quad"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/runtime/native"
	"github.com/elbo-ml/elbo/tensor"
)

// layerCase is a graph of one layer on data [3, ...] in float64.
type layerCase struct {
	name  string
	data  []any
	w     []int
	build func(g *graph.Graph, x, w *graph.Value) *graph.Value
}

func layerNode(op string, a graph.Attrs, swap bool) func(g *graph.Graph, x, w *graph.Value) *graph.Value {
	return func(g *graph.Graph, x, w *graph.Value) *graph.Value {
		if swap {
			return g.Node(op, a, w, x)
		}
		return g.Node(op, a, x, w)
	}
}

var layerCases = []layerCase{
	{"Linear", []any{"batch", 4}, []int{5, 4}, func(g *graph.Graph, x, w *graph.Value) *graph.Value {
		return g.Linear(x, w, g.Const(random64(9, 5)))
	}},
	{"Gemm that scales", []any{"batch", 4}, []int{4, 5}, layerNode("Gemm", graph.Attrs{"alpha": float32(-1.5)}, false)},
	{"MatMul of sequences", []any{"batch", 2, 4}, []int{4, 3}, layerNode("MatMul", nil, false)},
	{"MatMul from the left", []any{"batch", 4, 2}, []int{3, 4}, layerNode("MatMul", nil, true)},
	{"a transposed weight", []any{"batch", 4}, []int{5, 4}, func(g *graph.Graph, x, w *graph.Value) *graph.Value {
		return g.MatMul(x, g.Transpose(w, 1, 0))
	}},
	{"Conv", []any{"batch", 2, 5, 5}, []int{3, 2, 3, 3}, layerNode("Conv", graph.Attrs{"strides": []int64{2, 2}, "pads": []int64{1, 1, 1, 1}}, false)},
	{"Conv in groups", []any{"batch", 4, 4}, []int{4, 2, 3}, layerNode("Conv", graph.Attrs{"group": int64(2)}, false)},
	{"ConvTranspose", []any{"batch", 2, 3, 3}, []int{2, 3, 3, 3}, layerNode("ConvTranspose", graph.Attrs{"strides": []int64{2, 2}}, false)},
}

func random64(seed uint64, shape ...int) *tensor.Tensor {
	rng := rand.New(rand.NewPCG(seed, 77))
	t := tensor.New(tensor.Float64, shape...)
	for i := range tensor.Data[float64](t) {
		tensor.Data[float64](t)[i] = rng.NormFloat64()
	}
	return t
}

func (c layerCase) graph() *graph.Graph {
	g := graph.New(c.name)
	x := g.InputOf(tensor.Float64, "x", graph.Dims(c.data...))
	g.Output("y", c.build(g, x, g.Weight("w", random64(3, c.w...))))
	return g
}

// runs evaluates g on the inputs by name; a symbol stands for 3 rows.
func runs(t testing.TB, g *graph.Graph, in map[string]*tensor.Tensor) []*tensor.Tensor {
	t.Helper()
	if err := errors.Join(g.Err(), graph.Verify(g)); err != nil {
		t.Fatal(err)
	}
	p, err := native.New().Compile(g, runtime.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	list := make([]*tensor.Tensor, len(g.Inputs))
	for i, v := range g.Inputs {
		if list[i] = in[v.Name]; list[i] == nil {
			t.Fatalf("nothing feeds %v", v)
		}
	}
	out := make([]*tensor.Tensor, len(g.Outputs))
	if err := p.Run(t.Context(), list, out); err != nil {
		t.Fatal(err)
	}
	return out
}

// sized is the shape of v for 3 rows.
func sized(v *graph.Value) []int {
	shape := make([]int, len(v.Shape))
	for i, d := range v.Shape {
		n, ok := d.Known()
		if shape[i] = n; !ok {
			shape[i] = 3
		}
	}
	return shape
}

func constant64(x float64, shape ...int) *tensor.Tensor {
	t := tensor.New(tensor.Float64, shape...)
	fill(tensor.Data[float64](t), x)
	return t
}

// feed gives x at random and every noise input the number eps.
func feed(g *graph.Graph, eps float64) map[string]*tensor.Tensor {
	in := map[string]*tensor.Tensor{}
	for _, v := range g.Inputs {
		if in[v.Name] = constant64(eps, sized(v)...); v.Name == "x" {
			in[v.Name] = random64(4, sized(v)...)
		}
	}
	return in
}

// What local reparameterisation draws has the mean and the variance of the layer with sampled weights: y at eps = 0 is the
// mean, at eps = 1 it is one standard deviation more.
func TestLocalReparameterizationHasTheMomentsOfSampledWeights(t *testing.T) {
	const draws = 3000
	for _, kind := range []Dropout{GaussianDropoutB, VariationalDropoutB, GaussianWeights, SparseDropout} {
		for _, c := range layerCases {
			t.Run(fmt.Sprintf("%v/%s", kind, c.name), func(t *testing.T) {
				o := VariationalOptions{Dropout: kind, Rate: 0.3, Examples: 10, LogVariance: -1}
				if kind == VariationalDropoutB {
					o.Per = PerUnit
				}
				local, err := Variational(c.graph(), o)
				if err != nil {
					t.Fatal(err)
				}
				mean := runs(t, local.Graph, feed(local.Graph, 0))[0].Floats()
				above := runs(t, local.Graph, feed(local.Graph, 1))[0].Floats()
				o.Sampling = Shared
				shared, err := Variational(c.graph(), o)
				if err != nil {
					t.Fatal(err)
				}
				p, err := native.New().Compile(shared.Graph, runtime.Options{Threads: 1})
				if err != nil {
					t.Fatal(err)
				}
				defer p.Close()
				in := feed(shared.Graph, 0)
				eps := in[shared.Noise[0].Name]
				rng := rand.New(rand.NewPCG(5, 6))
				sampled := make([][]float64, len(mean))
				for range draws {
					for i := range tensor.Data[float64](eps) {
						tensor.Data[float64](eps)[i] = rng.NormFloat64()
					}
					out := make([]*tensor.Tensor, 1)
					if err := p.Run(t.Context(), []*tensor.Tensor{in["x"], eps}, out); err != nil {
						t.Fatal(err)
					}
					for i, y := range out[0].Floats() {
						sampled[i] = append(sampled[i], y)
					}
				}
				for i, ys := range sampled {
					m, sd := stat.MeanStdDev(ys, nil)
					want := above[i] - mean[i]
					if !(want > 0) {
						t.Fatalf("element %d has the deviation %v", i, want)
					}
					if d := math.Abs(m-mean[i]) / stat.StdErr(sd, draws); !(d <= 5) {
						t.Errorf("element %d: mean %v, sampled %v, %.1f standard errors apart", i, mean[i], m, d)
					}
					// The deviation of n normal draws has a relative standard error of 1/sqrt(2n).
					if d := math.Abs(sd/want-1) * math.Sqrt(2*draws); !(d <= 5) {
						t.Errorf("element %d: deviation %v, sampled %v, %.1f standard errors apart", i, want, sd, d)
					}
				}
			})
		}
	}
}

// Noise on the inputs reaches each output through the linear map: the layer of x (1 + sqrt(alpha) eps).
func TestDropoutOnInputsIsTheLayerOfNoisyInputs(t *testing.T) {
	for _, c := range layerCases {
		g := c.graph()
		for _, kind := range []Dropout{GaussianDropoutA, VariationalDropoutA, BinaryDropout} {
			v, err := Variational(g, VariationalOptions{Dropout: kind, Rate: 0.2, Examples: 10})
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			in := feed(v.Graph, 0.7)
			got := runs(t, v.Graph, in)[0].Floats()
			factor := 1 + math.Sqrt(0.25)*0.7
			if kind == BinaryDropout {
				factor = 1 / 0.8 // 0.7 keeps
			}
			x := in["x"].Clone()
			for i := range tensor.Data[float64](x) {
				tensor.Data[float64](x)[i] *= factor
			}
			want := runs(t, g, map[string]*tensor.Tensor{"x": x})[0].Floats()
			for i := range want {
				if !(math.Abs(got[i]-want[i]) <= 1e-9) {
					t.Fatalf("%v, %s: element %d is %v, want %v", kind, c.name, i, got[i], want[i])
				}
			}
		}
	}
}

// Weights drawn for each datapoint are those drawn for the minibatch when all datapoints have the same noise.
func TestSeparateWeightsAreSharedOnesForEachRow(t *testing.T) {
	for _, c := range layerCases[:2] {
		o := VariationalOptions{Dropout: GaussianDropoutB, Sampling: Shared}
		shared, err := Variational(c.graph(), o)
		if err != nil {
			t.Fatal(err)
		}
		o.Sampling = Separate
		separate, err := Variational(c.graph(), o)
		if c.name != "Linear" { // scaled by alpha
			if !errors.Is(err, ErrOptions) {
				t.Errorf("%s: error %v, want one about options", c.name, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		eps := random64(8, c.w...)
		in := feed(shared.Graph, 0)
		in[shared.Noise[0].Name] = eps
		want := runs(t, shared.Graph, in)[0].Floats()
		each := tensor.New(tensor.Float64, append([]int{3}, c.w...)...)
		for i := range 3 {
			copy(each.Rows(i, i+1).Bytes(), eps.Bytes())
		}
		in[separate.Noise[0].Name] = each
		got := runs(t, separate.Graph, in)[0].Floats()
		for i := range want {
			if !(math.Abs(got[i]-want[i]) <= 1e-12) {
				t.Fatalf("element %d is %v, want %v", i, got[i], want[i])
			}
		}
	}
}

// meanLog is E log |1 + sqrt(alpha) eps| by numerical integration: the exact -KL from the log-uniform prior is
// log(alpha)/2 - E log|eps|, but for a constant. The logarithm's pole at t = -1/sqrt(alpha) is taken by t = pole +- u^2.
func meanLog(alpha float64) float64 {
	pole := -1 / math.Sqrt(alpha)
	side := func(sign float64) float64 {
		reach := math.Sqrt(12 + math.Abs(pole))
		return quad.Fixed(func(u float64) float64 {
			if u == 0 {
				return 0
			}
			return 2 * u * math.Log(math.Sqrt(alpha)*u*u) * distuv.UnitNormal.Prob(pole+sign*u*u)
		}, 0, reach, 2000, nil, 0)
	}
	return side(1) + side(-1)
}

// klOf is the KL of one layer of w at one alpha, for a rewritten Linear of 2 weights.
func klOf(t testing.TB, kind Dropout, logAlpha float64) float64 {
	t.Helper()
	g := graph.New("one")
	x := g.InputOf(tensor.Float64, "x", graph.Dims("batch", 2))
	w, err := tensor.Wrap([]float64{0.5, -2}, 2, 1)
	if err != nil {
		t.Fatal(err)
	}
	g.Output("y", g.MatMul(x, g.Weight("w", w)))
	v, err := Variational(g, VariationalOptions{Dropout: kind, Rate: 0.1, Examples: 1})
	if err != nil {
		t.Fatal(err)
	}
	p := tensor.Data[float64](v.Params[0].Data)
	for i := range p {
		if kind == SparseDropout {
			p[i] = logAlpha + math.Log(w.Floats()[i]*w.Floats()[i])
		} else {
			p[i] = (logAlpha - math.Log1p(-math.Exp(logAlpha))) / pace // the logit of alpha
		}
	}
	v.Graph.Outputs = []*graph.Value{v.KL}
	graph.Prune(v.Graph)
	return runs(t, v.Graph, feed(v.Graph, 0))[0].Floats()[0]
}

func TestBoundedKLAgainstIntegration(t *testing.T) {
	exact := func(alpha float64) float64 { return -(0.5*math.Log(alpha) - meanLog(alpha)) + -meanLog(1) }
	for _, alpha := range []float64{0.01, 0.05, 0.1, 0.3, 0.5, 0.8, 0.99} {
		got := klOf(t, VariationalDropoutB, math.Log(alpha)) / 2
		if want := exact(alpha); !(math.Abs(got-want) <= 0.035) {
			t.Errorf("alpha %v: KL of a weight %.4f, by integration %.4f", alpha, got, want)
		}
		// One noise variable for both weights, and a third of its KL.
		if a, a2 := klOf(t, VariationalDropoutA, math.Log(alpha)), klOf(t, VariationalDropoutA2, math.Log(alpha)); math.Abs(a-2*got) > 1e-9 || math.Abs(a-3*a2) > 1e-9 {
			t.Errorf("alpha %v: KL of A %v, of A2 %v, of B for each weight %v", alpha, a, a2, got)
		}
	}
}

func TestSparseKLAgainstIntegration(t *testing.T) {
	// As alpha grows, log|eps| goes to log(alpha)/2 + E log|N(0,1)|, and the KL to 0.
	limit := -(math.Ln2 + 0.57721566490153286) / 2
	for _, logAlpha := range []float64{-7, -4, -2, -1, 0, 1, 2, 3, 5, 7} {
		alpha := math.Exp(logAlpha)
		want := -(0.5*logAlpha - meanLog(alpha) + limit)
		if got := klOf(t, SparseDropout, logAlpha) / 2; !(math.Abs(got-want) <= 0.02) {
			t.Errorf("log alpha %v: KL of a weight %.4f, by integration %.4f", logAlpha, got, want)
		}
	}
}

func TestGaussianKLIsThatOfGaussians(t *testing.T) {
	g := layerCases[1].graph()
	v, err := Variational(g, VariationalOptions{Dropout: GaussianWeights, Prior: 0.7, LogVariance: -1.5, Examples: 5})
	if err != nil {
		t.Fatal(err)
	}
	want := 0.0
	prior := distuv.Normal{Mu: 0, Sigma: 0.7}
	for _, w := range g.Value("w").Data.Floats() {
		q := distuv.Normal{Mu: w, Sigma: math.Exp(-0.75)}
		want += distuv.KullbackLeibler{}.DistNormal(q, prior) / 5
	}
	v.Graph.Outputs = []*graph.Value{v.KL}
	graph.Prune(v.Graph)
	if got := runs(t, v.Graph, feed(v.Graph, 0))[0].Floats()[0]; !(math.Abs(got-want) <= 1e-9) {
		t.Errorf("KL %v, want %v", got, want)
	}
}

// The gradients of loss and KL by every weight, rate and variance agree with central differences.
func TestVariationalGradients(t *testing.T) {
	for _, kind := range []Dropout{VariationalDropoutA, VariationalDropoutA2, VariationalDropoutB, GaussianWeights, SparseDropout} {
		for _, c := range layerCases {
			if c.name == "a transposed weight" {
				continue
			}
			for _, per := range []Per{PerLayer, PerUnit, PerWeight} {
				o := VariationalOptions{Dropout: kind, Rate: 0.3, Per: per, Examples: 4, LogVariance: -2}
				if o.check() != nil {
					continue
				}
				v, err := Variational(c.graph(), o)
				if err != nil {
					t.Fatal(err)
				}
				g := v.Graph
				y := g.Outputs[0]
				loss := g.Add(g.ReduceSum(g.Tanh(y), false), v.KL)
				params := append([]*graph.Value{g.Value("w")}, v.Params...)
				tensors := map[string]*tensor.Tensor{}
				for i, p := range params {
					tensors[p.Name] = p.Data.Clone()
					if i > 0 {
						for k := range tensors[p.Name].Len() { // apart from each other
							tensor.Data[float64](tensors[p.Name])[k] += 0.1 * float64(k%5) / pace
						}
					}
				}
				grads, err := Gradients(g, loss, params)
				if err != nil {
					t.Fatal(err)
				}
				if err := g.WeightsToInputs(params...); err != nil {
					t.Fatal(err)
				}
				g.Outputs = append([]*graph.Value{loss}, grads...)
				in := feed(g, 0.6)
				for name, x := range tensors {
					in[name] = x
				}
				out := runs(t, g, in)
				for i, p := range params {
					x, dx := tensor.Data[float64](in[p.Name]), out[1+i].Floats()
					for _, k := range []int{0, len(x) / 2, len(x) - 1} {
						const h = 1e-5
						at := x[k]
						x[k] = at + h
						up := runs(t, g, in)[0].Floats()[0]
						x[k] = at - h
						down := runs(t, g, in)[0].Floats()[0]
						x[k] = at
						if want := (up - down) / (2 * h); !(math.Abs(dx[k]-want) <= 1e-5*(1+math.Abs(want))) {
							t.Errorf("%v per %v, %s: gradient %d of %s is %v, by differences %v", kind, per, c.name, k, p.Name, dx[k], want)
						}
					}
				}
			}
		}
	}
}

// A rate for each unit stands along the inputs of a layer where the noise is on those, and along its outputs otherwise.
func TestAlphaForEachUnit(t *testing.T) {
	for _, c := range []struct {
		layer    int
		inputs   string
		outputs  string
		elements string
	}{
		{0, "[1,4]", "[5,1]", "[5,4]"},
		{1, "[1,4]", "[1,5]", "[4,5]"},
		{2, "[1,1,4]", "[1,3]", "[4,3]"},
		{3, "[1,4,1]", "[3,1]", "[3,4]"},
		{5, "[1,2,1,1]", "[3,1,1,1]", "[3,2,3,3]"},
		{6, "[1,4,1]", "[4,1,1]", "[4,2,3]"},
		{7, "[1,2,1,1]", "[1,3,1,1]", "[2,3,3,3]"},
	} {
		for _, k := range []struct {
			kind Dropout
			per  Per
			want string
		}{{VariationalDropoutA, PerUnit, c.inputs}, {VariationalDropoutB, PerUnit, c.outputs}, {VariationalDropoutB, PerWeight, c.elements}, {VariationalDropoutB, PerLayer, "[1]"}} {
			v, err := Variational(layerCases[c.layer].graph(), VariationalOptions{Dropout: k.kind, Per: k.per, Examples: 1})
			if err != nil {
				t.Fatal(err)
			}
			if got := v.Params[0].Data.Shape().String(); got != k.want {
				t.Errorf("%s, %v per %v: alpha %s, want %s", layerCases[c.layer].name, k.kind, k.per, got, k.want)
			}
		}
	}
}

func TestVariationalRefuses(t *testing.T) {
	for _, c := range []struct {
		name, want string
		o          VariationalOptions
	}{
		{"no kind", "kind of dropout is missing", VariationalOptions{}},
		{"a rate of 1", "rate is 1", VariationalOptions{Dropout: BinaryDropout, Rate: 1}},
		{"a rate that is no number", "rate is NaN", VariationalOptions{Dropout: BinaryDropout, Rate: math.NaN()}},
		{"no examples", "number of examples", VariationalOptions{Dropout: SparseDropout}},
		{"a rate per weight on inputs", "noise on inputs", VariationalOptions{Dropout: VariationalDropoutA, Per: PerWeight, Examples: 1}},
		{"a rate that is not learned", "learns no rate", VariationalOptions{Dropout: BinaryDropout, Per: PerUnit}},
		{"weights that are not drawn", "draws no weights", VariationalOptions{Dropout: GaussianDropoutA, Sampling: Separate}},
		{"a pattern that matches nothing", `"v*" matches no weight`, VariationalOptions{Dropout: BinaryDropout, Only: []string{"v*"}}},
		{"nothing left to put noise on", "no Gemm", VariationalOptions{Dropout: BinaryDropout, Except: []string{"w"}}},
		{"nothing to put noise on", "no Gemm", VariationalOptions{Dropout: BinaryDropout, InputRate: Zero}},
	} {
		_, err := Variational(layerCases[0].graph(), c.o)
		if !errors.Is(err, ErrOptions) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
}

// Names of kinds and shares come back as what they name.
func TestDropoutNames(t *testing.T) {
	for _, name := range DropoutNames() {
		if d, err := ParseDropout(name); err != nil || d.String() != name {
			t.Errorf("%q is read as %v, %v", name, d, err)
		}
	}
	for _, name := range perNames {
		if p, err := ParsePer(name); err != nil || p.String() != name {
			t.Errorf("%q is read as %v, %v", name, p, err)
		}
	}
	if _, err := ParseDropout("none"); !errors.Is(err, ErrOptions) {
		t.Errorf("error %v", err)
	}
}
