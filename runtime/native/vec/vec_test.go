package vec

import (
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

var functions = []struct {
	name  string
	many  func(y, x []float32)
	one   func(float32) float32
	exact func(float64) float64
}{
	{"exp", Exp, Exp32, math.Exp},
	{"log", Log, Log32, math.Log},
	{"tanh", Tanh, Tanh32, math.Tanh},
	{"sigmoid", Sigmoid, Sigmoid32, func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }},
	{"softplus", Softplus, Softplus32, func(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }},
}

// sample is every 4999th float32 (all exponents, both signs, infinities and NaNs) and the special ones.
func sample() []float32 {
	var x []float32
	for bits := uint64(0); bits < 1<<32; bits += 4999 {
		x = append(x, math.Float32frombits(uint32(bits)))
	}
	inf := float32(math.Inf(1))
	return append(x, 0, float32(math.Copysign(0, -1)), inf, -inf, float32(math.NaN()), math.MaxFloat32, -math.MaxFloat32,
		math.SmallestNonzeroFloat32, 1, -1, 88.72284, -103.97, -104, 89, 110, -110, 0.08, -0.08, 10, 20)
}

// ulps is the distance from got to the exact value, in units of the last place of a float32 of that size.
func ulps(got float32, exact float64) float64 {
	want := float32(exact)
	if math.Float32bits(got) == math.Float32bits(want) || got != got && want != want {
		return 0
	}
	_, e := math.Frexp(exact)
	return math.Abs(float64(got)-exact) / math.Ldexp(1, max(e-24, -149))
}

func TestFunctionsAreWithinOneUlp(t *testing.T) {
	xs := sample()
	for _, f := range functions {
		worst, where := 0.0, float32(0)
		for _, x := range xs {
			if d := ulps(f.one(x), f.exact(float64(x))); d > worst || d != d {
				worst, where = d, x
			}
		}
		if !(worst <= 0.6) {
			t.Errorf("%s(%v) = %v is %.2f ulp from %v", f.name, where, f.one(where), worst, f.exact(float64(where)))
		}
	}
}

// same compares bits, any NaN being the same as any other.
func same(a, b float32) bool {
	return math.Float32bits(a) == math.Float32bits(b) || a != a && b != b
}

func TestFunctionsAgainstTheirTwins(t *testing.T) {
	xs := sample()
	ys := make([]float32, len(xs))
	for _, f := range functions {
		f.many(ys, xs)
		bad := 0
		for i, x := range xs {
			if want := f.one(x); !same(ys[i], want) {
				if bad++; bad < 5 {
					t.Errorf("%s(%v) = %v, the twin gives %v", f.name, x, ys[i], want)
				}
			}
		}
	}
}

// Every length, in place: nothing beyond the end is written.
func TestFunctionsAtEveryLength(t *testing.T) {
	for _, f := range functions {
		for n := range 20 {
			x := make([]float32, n+3)
			for i := range x {
				x[i] = 0.5 + float32(i)
			}
			old := slices.Clone(x)
			f.many(x[:n], x)
			for i := range x {
				want := old[i]
				if i < n {
					want = f.one(want)
				}
				if x[i] != want {
					t.Fatalf("%s of %d elements: element %d is %v, want %v", f.name, n, i, x[i], want)
				}
			}
		}
	}
}

func TestArithmeticAgainstPlainLoops(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	special := []float32{0, 1, -1, inf, -inf, nan, math.MaxFloat32, math.SmallestNonzeroFloat32}
	r := rand.New(rand.NewPCG(1, 1))
	for _, o := range []struct {
		name string
		vv   func(y, a, b []float32)
		vs   func(y, a []float32, b float32)
		sv   func(y []float32, a float32, b []float32)
		one  func(a, b float32) float32
	}{
		{"add", Add, AddScalar, nil, func(a, b float32) float32 { return a + b }},
		{"sub", Sub, SubScalar, ScalarSub, func(a, b float32) float32 { return a - b }},
		{"mul", Mul, MulScalar, nil, func(a, b float32) float32 { return a * b }},
		{"div", Div, DivScalar, ScalarDiv, func(a, b float32) float32 { return a / b }},
	} {
		for n := range 40 {
			draw := func() []float32 {
				x := make([]float32, n)
				for i := range x {
					x[i] = float32(r.NormFloat64())
					if r.IntN(4) == 0 {
						x[i] = special[r.IntN(len(special))]
					}
				}
				return x
			}
			a, b, s := draw(), draw(), float32(r.NormFloat64())
			y := make([]float32, n+2)
			check := func(form string, want func(i int) float32) {
				t.Helper()
				for i := range n {
					if !same(y[i], want(i)) {
						t.Fatalf("%s %s of %d elements: element %d is %v, want %v", o.name, form, n, i, y[i], want(i))
					}
				}
				if y[n] != 0 || y[n+1] != 0 {
					t.Fatalf("%s %s of %d elements wrote past the end", o.name, form, n)
				}
			}
			o.vv(y[:n], a, b)
			check("of slices", func(i int) float32 { return o.one(a[i], b[i]) })
			o.vs(y[:n], a, s)
			check("with a number on the right", func(i int) float32 { return o.one(a[i], s) })
			if o.sv != nil {
				o.sv(y[:n], s, b)
				check("with a number on the left", func(i int) float32 { return o.one(s, b[i]) })
			}
		}
	}
}

// The committed assembly is what go generate makes.
func TestAssemblyIsGenerated(t *testing.T) {
	dir := t.TempDir()
	names := []string{"vec_amd64.s", "vec_amd64.go"}
	cmd := exec.Command("go", "run", "./gen", "-out", filepath.Join(dir, names[0]), "-stubs", filepath.Join(dir, names[1]), "-pkg", "vec")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Skipf("the generator cannot be built here: %v\n%s", err, out)
	}
	for _, name := range names {
		want, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		// The first line tells the command with its paths.
		if !slices.Equal(got[slices.Index(got, '\n'):], want[slices.Index(want, '\n'):]) {
			t.Errorf("%s differs: run go generate", name)
		}
	}
}

func BenchmarkFunctions(b *testing.B) {
	x, y := make([]float32, 4096), make([]float32, 4096)
	for i := range x {
		x[i] = float32(i%200)/20 + 0.01
	}
	for _, f := range functions {
		b.Run(f.name, func(b *testing.B) {
			b.SetBytes(4 * 4096)
			for b.Loop() {
				f.many(y, x)
			}
		})
		b.Run(f.name+"/twin", func(b *testing.B) {
			b.SetBytes(4 * 4096)
			for b.Loop() {
				for i, v := range x {
					y[i] = f.one(v)
				}
			}
		})
	}
	b.Run("add", func(b *testing.B) {
		b.SetBytes(4 * 4096)
		for b.Loop() {
			Add(y, x, x)
		}
	})
}
