package vec

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// unaries are all functions of one slice.
var unaries = append([]unary{
	{"sqrt", Sqrt, sqrt32},
	{"reciprocal", Reciprocal, reciprocal32},
	{"square", Square, square32},
	{"cube", Cube, cube32},
	{"neg", Neg, neg32},
	{"abs", Abs, abs},
	{"sign", Sign, sign32},
	{"floor", Floor, floor32},
	{"ceil", Ceil, ceil32},
	{"round", Round, round32},
	{"relu", Relu, relu32},
	{"softsign", Softsign, softsign32},
	{"hardSwish", HardSwish, hardSwish32},
	{"hardSigmoid", func(y, x []float32) { HardSigmoid(y, x, 0.2, 0.4) }, func(x float32) float32 { return hardSigmoid32(x, 0.2, 0.4, 0) }},
	{"leakyRelu", func(y, x []float32) { LeakyRelu(y, x, 0.1) }, func(x float32) float32 { return leakyRelu32(x, 0.1, 0, 0) }},
	{"thresholdedRelu", func(y, x []float32) { ThresholdedRelu(y, x, 0.5) }, func(x float32) float32 { return thresholdedRelu32(x, 0.5, 0, 0) }},
	{"clip", func(y, x []float32) { Clip(y, x, -1, 2) }, func(x float32) float32 { return clip32(x, -1, 2, 0) }},
	{"elu", func(y, x []float32) { Elu(y, x, 0.7, 0.3, 1.1) }, func(x float32) float32 { return elu32(x, 0.7, 0.3, 1.1) }},
}, func() (f []unary) {
	for _, g := range functions {
		f = append(f, unary{g.name, g.many, g.one})
	}
	return f
}()...)

type unary struct {
	name string
	many func(y, x []float32)
	one  func(float32) float32
}

// same compares bits, any NaN being the same as any other.
func same(a, b float32) bool {
	return math.Float32bits(a) == math.Float32bits(b) || a != a && b != b
}

// atEveryLevel runs f with each instruction set in turn.
func atEveryLevel(t *testing.T, f func(t *testing.T)) {
	chosen := asm
	defer func() { asm = chosen }()
	for name, level := range levels() {
		asm = level
		t.Run(name, f)
	}
}

func TestFunctionsAgainstTheirTwins(t *testing.T) {
	xs := sample()
	ys, wants := make([]float32, len(xs)), make([]float32, len(xs))
	for _, f := range unaries {
		for i, x := range xs {
			wants[i] = f.one(x)
		}
		atEveryLevel(t, func(t *testing.T) {
			f.many(ys, xs)
			bad := 0
			for i, x := range xs {
				if !same(ys[i], wants[i]) {
					if bad++; bad < 5 {
						t.Errorf("%s(%v) = %v, the twin gives %v", f.name, x, ys[i], wants[i])
					}
				}
			}
		})
	}
}

// Every length, in place: nothing beyond the end is written.
func TestFunctionsAtEveryLength(t *testing.T) {
	atEveryLevel(t, func(t *testing.T) {
		for _, f := range unaries {
			for n := range 40 {
				x := make([]float32, n+3)
				for i := range x {
					x[i] = float32(i)/4 - 3
				}
				old := slices.Clone(x)
				f.many(x[:n], x)
				for i := range x {
					want := old[i]
					if i < n {
						want = f.one(want)
					}
					if !same(x[i], want) {
						t.Fatalf("%s of %d elements: element %d is %v, want %v", f.name, n, i, x[i], want)
					}
				}
			}
		}
	})
}

// draw is n numbers, many of them special.
func draw(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
		if r.IntN(3) == 0 {
			x[i] = special[r.IntN(len(special))]
		}
	}
	return x
}

func TestArithmeticAgainstTheTwins(t *testing.T) {
	operators := []struct {
		name string
		vv   func(y, a, b []float32)
		vs   func(y, a []float32, b float32)
		sv   func(y []float32, a float32, b []float32)
		one  func(a, b float32) float32
	}{
		{"add", Add, AddScalar, nil, add32},
		{"sub", Sub, SubScalar, ScalarSub, sub32},
		{"mul", Mul, MulScalar, nil, mul32},
		{"div", Div, DivScalar, ScalarDiv, div32},
		{"min", Min, MinScalar, nil, min32},
		{"max", Max, MaxScalar, nil, max32},
		{"prelu", PRelu, PReluScalar, ScalarPRelu, prelu32},
	}
	atEveryLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 1))
		for _, o := range operators {
			for n := range 200 {
				n %= 40
				a, b := draw(r, n), draw(r, n)
				s := draw(r, 1)[0]
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
	})
}

func TestAddScaled(t *testing.T) {
	atEveryLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(2, 2))
		for n := range 40 {
			y, x, a := draw(r, n+1), draw(r, n), draw(r, 1)[0]
			want := slices.Clone(y)
			for i, v := range x {
				want[i] += float32(a * v)
			}
			AddScaled(y[:n], x, a)
			for i := range y {
				if !same(y[i], want[i]) {
					t.Fatalf("element %d of %d is %v, want %v", i, n, y[i], want[i])
				}
			}
		}
	})
}

func TestEvery(t *testing.T) {
	atEveryLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(3, 3))
		for n := range 40 {
			for step := 1; step < 4; step++ {
				x, y := draw(r, max(0, (n-1)*step+1)), make([]float32, n+1)
				Every(y[:n], x, step)
				for i := range n {
					if !same(y[i], x[i*step]) {
						t.Fatalf("element %d of %d by steps of %d is %v, want %v", i, n, step, y[i], x[i*step])
					}
				}
				if y[n] != 0 {
					t.Fatalf("%d elements by steps of %d: it wrote past the end", n, step)
				}
			}
		}
	})
}

func TestComparisonsAgainstTheTwins(t *testing.T) {
	comparisons := []struct {
		name string
		vv   func(y []bool, a, b []float32)
		vs   func(y []bool, a []float32, b float32)
		one  func(a, b float32) bool
	}{
		{"less", Less, LessScalar, less32},
		{"lessEqual", LessEqual, LessEqualScalar, lessEqual32},
		{"equal", Equal, EqualScalar, equal32},
		{"greater", nil, GreaterScalar, greater32},
		{"greaterEqual", nil, GreaterEqualScalar, greaterEqual32},
	}
	atEveryLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		for _, c := range comparisons {
			for n := range 200 {
				n %= 40
				a, b := draw(r, n), draw(r, n)
				for i := range b {
					if r.IntN(3) == 0 {
						b[i] = a[i]
					}
				}
				y, want := make([]bool, n+2), make([]bool, n+2)
				if c.vv != nil {
					for i := range n {
						want[i] = c.one(a[i], b[i])
					}
					if c.vv(y[:n], a, b); !slices.Equal(y, want) {
						t.Fatalf("%s of %v and %v: %v, want %v", c.name, a, b, y, want)
					}
				}
				s := draw(r, 1)[0]
				for i := range n {
					want[i] = c.one(a[i], s)
				}
				if c.vs(y[:n], a, s); !slices.Equal(y, want) {
					t.Fatalf("%s of %v and %v: %v, want %v", c.name, a, s, y, want)
				}
			}
		}
	})
}

func TestChoicesAgainstPlainLoops(t *testing.T) {
	atEveryLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 3))
		for n := range 40 {
			c := make([]bool, n)
			for i := range c {
				c[i] = r.IntN(2) == 0
			}
			y, want := make([]float32, n+2), make([]float32, n+2)
			for i, v := range c {
				if v {
					want[i] = 1
				}
			}
			if Widen(y[:n], c); !slices.Equal(y, want) {
				t.Fatalf("widen %v: %v", c, y)
			}
			for form := range 4 {
				aStep, bStep := form&1, form>>1
				a, b := make([]float32, max(1, n*aStep)), make([]float32, max(1, n*bStep))
				for i := range a {
					a[i] = 1 + float32(i)
				}
				for i := range b {
					b[i] = -1 - float32(i)
				}
				for i, v := range c {
					want[i] = b[i*bStep]
					if v {
						want[i] = a[i*aStep]
					}
				}
				if Select(y[:n], c, a, b, aStep, bStep); !slices.Equal(y, want) {
					t.Fatalf("select of %v with steps %d and %d: %v, want %v", c, aStep, bStep, y, want)
				}
			}
		}
	})
}
