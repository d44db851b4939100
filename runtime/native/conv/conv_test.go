package conv

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/elbo-ml/elbo/runtime/native/gemm"
	"github.com/elbo-ml/elbo/runtime/native/pool"
	"pgregory.net/rapid"
)

// links calls visit(wide, tap, narrow) for every position of the wide side that a tap of a position of the narrow side
// falls on.
func links(s *Spec, wide, narrow []int, visit func(i, t, j int)) {
	for j := range size(narrow) {
	taps:
		for t := range size(s.Kernel) {
			i, step, jj, tt := 0, 1, j, t
			for d := len(wide) - 1; d >= 0; d-- {
				at := jj%narrow[d]*s.Stride[d] + tt%s.Kernel[d]*s.Dilation[d] - s.PadBegin[d]
				if at < 0 || at >= wide[d] {
					continue taps
				}
				i += at * step
				step *= wide[d]
				jj /= narrow[d]
				tt /= s.Kernel[d]
			}
			visit(i, t, j)
		}
	}
}

// naive is the definition in float64; size bounds the rounding error.
func naive[T gemm.Float](s *Spec, x, w, bias []T, transpose bool) (y, magnitude []float64) {
	in, out, taps := size(s.In), size(s.Out), size(s.Kernel)
	y, magnitude = make([]float64, s.Batch*s.OutC*out), make([]float64, s.Batch*s.OutC*out)
	add := func(at int, v float64) {
		y[at] += v
		magnitude[at] += math.Abs(v)
	}
	if bias != nil {
		for i := range y {
			add(i, float64(bias[i/out%s.OutC]))
		}
	}
	gIn, gOut := s.InC/s.Group, s.OutC/s.Group
	wide, narrow := s.In, s.Out
	if transpose {
		wide, narrow = narrow, wide
	}
	links(s, wide, narrow, func(i, t, j int) {
		for n := range s.Batch {
			for o := range s.OutC {
				for k := range gIn {
					c := o/gOut*gIn + k
					xi, yi, wi := i, j, (o*gIn+k)*taps+t
					if transpose {
						xi, yi, wi = j, i, (c*gOut+o%gOut)*taps+t
					}
					add((n*s.OutC+o)*out+yi, float64(x[(n*s.InC+c)*in+xi])*float64(w[wi]))
				}
			}
		}
	})
	return y, magnitude
}

// draw makes a geometry of one to three dimensions. Out is as large as the wide or narrow side allows, or cropped.
func draw(t *rapid.T, transpose bool) *Spec {
	s := &Spec{Batch: rapid.IntRange(1, 5).Draw(t, "batch"), Group: rapid.SampledFrom([]int{1, 1, 2, 3}).Draw(t, "group")}
	s.InC = s.Group * rapid.IntRange(1, 5).Draw(t, "in channels")
	s.OutC = s.Group * rapid.IntRange(1, 5).Draw(t, "out channels")
	dims := rapid.IntRange(1, 3).Draw(t, "dims")
	most := [...]int{0, 200, 18, 6}[dims]
	for range dims {
		in := rapid.IntRange(1, most).Draw(t, "in")
		kernel := rapid.OneOf(rapid.IntRange(1, 5), rapid.Just(in)).Draw(t, "kernel")
		stride, dilation := rapid.IntRange(1, 3).Draw(t, "stride"), rapid.IntRange(1, 3).Draw(t, "dilation")
		pad, end := rapid.IntRange(0, 3).Draw(t, "pad"), rapid.IntRange(0, 3).Draw(t, "pad end")
		reach := (kernel-1)*dilation + 1
		out := (in+pad+end-reach)/stride + 1
		if transpose {
			out = (in-1)*stride + reach - pad - end + rapid.IntRange(0, stride-1).Draw(t, "output padding")
		}
		if out < 1 {
			out = 1
		}
		s.In, s.Out, s.Kernel = append(s.In, in), append(s.Out, out), append(s.Kernel, kernel)
		s.Stride, s.Dilation, s.PadBegin = append(s.Stride, stride), append(s.Dilation, dilation), append(s.PadBegin, pad)
	}
	return s
}

func random[T gemm.Float](r *rand.Rand, n int) []T {
	x := make([]T, n)
	for i := range x {
		x[i] = T(r.NormFloat64())
	}
	return x
}

// operands makes x, w, bias and a y that holds anything.
func operands[T gemm.Float](s *Spec, seed uint64) (x, w, bias, y []T) {
	r := rand.New(rand.NewPCG(seed, 0))
	x = random[T](r, s.Batch*s.InC*size(s.In))
	w = random[T](r, s.OutC*(s.InC/s.Group)*size(s.Kernel))
	bias = random[T](r, s.OutC)
	y = make([]T, s.Batch*s.OutC*size(s.Out))
	for i := range y {
		y[i] = T(math.NaN())
	}
	return x, w, bias, y
}

// Forward and Transpose make a convolution and run it.
func Forward[T gemm.Float](p *pool.Pool, threads int, s *Spec, x, w, bias, y []T) {
	New[T](s, false, threads).Run(p, threads, x, w, bias, y, nil)
}

func Transpose[T gemm.Float](p *pool.Pool, threads int, s *Spec, x, w, bias, y []T) {
	New[T](s, true, threads).Run(p, threads, x, w, bias, y, nil)
}

type function[T gemm.Float] func(p *pool.Pool, threads int, s *Spec, x, w, bias, y []T)

func TestForwardAgainstFloat64Loops(t *testing.T) {
	t.Run("float32", func(t *testing.T) { againstLoops(t, Forward[float32], false, 1.0/(1<<24)) })
	t.Run("float64", func(t *testing.T) { againstLoops(t, Forward[float64], false, 1.0/(1<<53)) })
}

func TestTransposeAgainstFloat64Loops(t *testing.T) {
	t.Run("float32", func(t *testing.T) { againstLoops(t, Transpose[float32], true, 1.0/(1<<24)) })
	t.Run("float64", func(t *testing.T) { againstLoops(t, Transpose[float64], true, 1.0/(1<<53)) })
}

func againstLoops[T gemm.Float](t *testing.T, f function[T], transpose bool, epsilon float64) {
	p := pool.New(3)
	defer p.Close()
	rapid.Check(t, func(t *rapid.T) {
		compare(t, p, f, draw(t, transpose), transpose, epsilon,
			rapid.Bool().Draw(t, "bias"), rapid.Uint64().Draw(t, "seed"))
	})
}

type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

func compare[T gemm.Float](t failer, p *pool.Pool, f function[T], s *Spec, transpose bool, epsilon float64, biased bool, seed uint64) {
	t.Helper()
	x, w, bias, y := operands[T](s, seed)
	if !biased {
		bias = nil
	}
	f(p, 1, s, x, w, bias, y)
	want, magnitude := naive(s, x, w, bias, transpose)
	terms := float64(s.InC/s.Group*size(s.Kernel) + 4)
	for i, v := range y {
		if !(math.Abs(float64(v)-want[i]) <= terms*epsilon*magnitude[i]) {
			t.Fatalf("%+v: y[%d] = %v, want %v", *s, i, v, want[i])
		}
	}
	for threads := 2; threads <= 3; threads++ {
		again := make([]T, len(y))
		f(p, threads, s, x, w, bias, again)
		if !slices.Equal(again, y) {
			t.Fatalf("%+v: other bits with %d threads", *s, threads)
		}
	}
	last := *s // the last image alone
	last.Batch = 1
	one := make([]T, len(y)/s.Batch)
	f(p, 1, &last, x[len(x)-len(x)/s.Batch:], w, bias, one)
	if !slices.Equal(one, y[len(y)-len(one):]) {
		t.Fatalf("%+v: other bits for the last image alone", *s)
	}
}

func square(batch, group, inC, outC, in, kernel, out, stride, dilation, pad int) *Spec {
	two := func(v int) []int { return []int{v, v} }
	return &Spec{Batch: batch, Group: group, InC: inC, OutC: outC, In: two(in), Kernel: two(kernel), Out: two(out),
		Stride: two(stride), Dilation: two(dilation), PadBegin: two(pad)}
}

// Each shape takes a way of its own through the package.
var shapes = []struct {
	name      string
	transpose bool
	s         *Spec
}{
	{"3x3", false, square(4, 1, 32, 64, 28, 3, 28, 1, 1, 1)},
	{"4x4, stride 2", false, square(8, 1, 32, 64, 28, 4, 14, 2, 1, 1)},
	{"3x3, small images", false, square(20, 1, 64, 64, 7, 3, 7, 1, 1, 1)},
	{"1x1", false, square(4, 1, 64, 128, 14, 1, 14, 1, 1, 0)},
	{"1x1, stride 2", false, square(4, 1, 64, 128, 14, 1, 7, 2, 1, 0)},
	{"depthwise 3x3", false, square(4, 64, 64, 64, 28, 3, 28, 1, 1, 1)},
	{"depthwise 3x3, stride 2", false, square(4, 64, 64, 64, 28, 3, 14, 2, 1, 1)},
	{"kernel over all of x", false, square(20, 1, 64, 128, 7, 7, 1, 1, 1, 0)},
	{"weight gradient of 4x4, stride 2", false, square(32, 1, 20, 64, 28, 14, 4, 1, 2, 1)},
	{"weight gradient of 3x3", false, square(32, 1, 20, 64, 14, 14, 3, 1, 1, 1)},
	{"transposed 4x4, stride 2", true, square(4, 1, 64, 32, 14, 4, 28, 2, 1, 1)},
	{"transposed 4x4, stride 2, small images", true, square(20, 1, 128, 64, 7, 4, 14, 2, 1, 1)},
	{"transposed 7x7 of one element", true, square(20, 1, 128, 64, 1, 7, 7, 1, 1, 0)},
	{"transposed, kernel as large as x", true, square(4, 1, 8, 8, 14, 14, 27, 1, 1, 0)},
	{"3x3 to few channels", false, square(4, 1, 64, 3, 28, 3, 28, 1, 1, 1)},
	{"transposed 4x4, stride 2, to one channel", true, square(20, 1, 32, 1, 14, 4, 28, 2, 1, 1)},
	{"dilation beyond x", false, square(2, 1, 5, 6, 3, 2, 3, 1000, 2000, 2000)},
	{"transposed, dilation beyond y", true, square(2, 1, 5, 6, 3, 2, 3, 1, 3000000, 3000000)},
	{"transposed, stride beyond y", true, square(2, 1, 5, 6, 3, 2, 3, 1<<30, 1, 0)},
	{"transposed depthwise", true, square(4, 64, 64, 64, 14, 4, 28, 2, 1, 1)},
}

func TestShapes(t *testing.T) {
	p := pool.New(3)
	defer p.Close()
	for _, c := range shapes {
		t.Run(c.name, func(t *testing.T) {
			s := *c.s
			s.Batch = min(s.Batch, 7) // the float64 loops are slow
			if s.Group == 1 {
				s.InC, s.OutC = max(s.InC/4, 5), min(max(s.OutC/4, 5), s.OutC)
			}
			f := Forward[float32]
			if c.transpose {
				f = Transpose[float32]
			}
			compare(t, p, f, &s, c.transpose, 1.0/(1<<24), true, 1)
		})
	}
}

// Transpose is the adjoint of Forward: <Forward(x), y> = <x, Transpose(y)>, with the same weights.
func TestTransposeIsAdjoint(t *testing.T) {
	p := pool.New(2)
	defer p.Close()
	rapid.Check(t, func(t *rapid.T) {
		s := draw(t, false)
		x, w, _, y := operands[float64](s, rapid.Uint64().Draw(t, "seed"))
		Forward(p, 1, s, x, w, nil, y)
		b := *s
		b.InC, b.OutC, b.In, b.Out = s.OutC, s.InC, s.Out, s.In
		dy := random[float64](rand.New(rand.NewPCG(9, 9)), len(y))
		dx := make([]float64, len(x))
		Transpose(p, 1, &b, dy, w, nil, dx)
		var left, right, magnitude float64
		for i := range y {
			left += y[i] * dy[i]
			magnitude += math.Abs(y[i] * dy[i])
		}
		for i := range x {
			right += x[i] * dx[i]
		}
		if math.Abs(left-right) > 1e-12*(magnitude+1) {
			t.Fatalf("%+v: %v and %v", *s, left, right)
		}
	})
}

func TestNoSpatialDimension(t *testing.T) {
	s := &Spec{Batch: 2, Group: 1, InC: 2, OutC: 1}
	y := make([]float32, 2)
	Forward(pool.Shared(), 1, s, []float32{1, 2, 3, 4}, []float32{10, 1}, []float32{5}, y)
	if want := []float32{17, 39}; !slices.Equal(y, want) {
		t.Errorf("%v, want %v", y, want)
	}
}

func TestConvDoesNotAllocate(t *testing.T) {
	p := pool.New(2)
	defer p.Close()
	for _, c := range shapes {
		x, w, bias, y := operands[float32](c.s, 1)
		for _, threads := range []int{1, 2} {
			f := New[float32](c.s, c.transpose, threads)
			// Two threads may by chance not have met before: warm up more than once.
			for range 5 {
				f.Run(p, threads, x, w, bias, y, nil)
			}
			if got := testing.AllocsPerRun(30, func() { f.Run(p, threads, x, w, bias, y, nil) }); got != 0 {
				t.Errorf("%s, %d threads: %v allocations", c.name, threads, got)
			}
		}
	}
}

func BenchmarkConv(b *testing.B) {
	for _, c := range shapes {
		x, w, bias, y := operands[float32](c.s, 1)
		products := float64(c.s.Batch * c.s.OutC * size(c.s.Out) * c.s.InC / c.s.Group * size(c.s.Kernel))
		if c.transpose {
			products = float64(c.s.Batch * c.s.InC * size(c.s.In) * c.s.OutC / c.s.Group * size(c.s.Kernel))
		}
		for threads := 1; threads <= 2; threads++ {
			b.Run(fmt.Sprintf("%s/threads=%d", c.name, threads), func(b *testing.B) {
				p := pool.New(threads)
				defer p.Close()
				f := New[float32](c.s, c.transpose, threads)
				for b.Loop() {
					f.Run(p, threads, x, w, bias, y, nil)
				}
				b.ReportMetric(2*products*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
			})
		}
	}
}

// counts is a Finisher that counts how often each element of y is finished, and whether it is what it stays.
type counts struct {
	mu    sync.Mutex
	y     []float32
	seen  []float32
	count []int
}

func (c *counts) Block(lo, rows, cols, step int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for ; rows > 0; rows-- {
		for i := lo; i < lo+cols; i++ {
			c.count[i]++
			c.seen[i] = c.y[i]
		}
		lo += step
	}
}

func TestEachElementIsFinishedOnce(t *testing.T) {
	p := pool.New(3)
	defer p.Close()
	rapid.Check(t, func(t *rapid.T) {
		transpose := rapid.Bool().Draw(t, "transpose")
		s := draw(t, transpose)
		x, w, bias, y := operands[float32](s, 1)
		c := counts{y: y, seen: make([]float32, len(y)), count: make([]int, len(y))}
		threads := rapid.IntRange(1, 3).Draw(t, "threads")
		New[float32](s, transpose, threads).Run(p, threads, x, w, bias, y, &c)
		for i, n := range c.count {
			if n != 1 || c.seen[i] != y[i] {
				t.Fatalf("%+v: element %d finished %d times, as %v of %v", *s, i, n, c.seen[i], y[i])
			}
		}
	})
}

// Weights packed once give the bits that weights packed for each run do, in every convolution of the same order.
func TestPackedWeights(t *testing.T) {
	p := pool.New(2)
	defer p.Close()
	rapid.Check(t, func(t *rapid.T) {
		transpose := rapid.Bool().Draw(t, "transpose")
		s := draw(t, transpose)
		s.InC, s.OutC = s.Group*rapid.IntRange(1, 30).Draw(t, "inputs"), s.Group*rapid.IntRange(1, 50).Draw(t, "outputs")
		x, w, bias, y := operands[float32](s, rapid.Uint64().Draw(t, "seed"))
		f := New[float32](s, transpose, 2)
		f.Run(p, 2, x, w, bias, y, nil)
		order := f.Order()
		if order == "" {
			return // nothing is packed
		}
		twice := *s
		twice.Batch *= 2
		if other := New[float32](&twice, transpose, 2); other.Order() != "" && other.Order() != order {
			t.Fatalf("%+v: another batch has another order, %s and not %s", *s, other.Order(), order)
		}
		again := make([]float32, len(y))
		f.Use(f.Pack(w))
		f.Run(p, 2, x, make([]float32, len(w)), bias, again, nil)
		if !slices.Equal(y, again) {
			t.Fatalf("%+v: other numbers", *s)
		}
	})
}

// The gradient of the weights is the adjoint of Forward in them: <Forward(x; w), dy> = <w, Weights(x, dy)>.
func TestWeightsAreAdjoint(t *testing.T) {
	p := pool.New(3)
	defer p.Close()
	rapid.Check(t, func(t *rapid.T) {
		s := draw(t, false)
		if rapid.Bool().Draw(t, "one group") {
			s.InC, s.OutC, s.Group = rapid.IntRange(1, 40).Draw(t, "inputs"), rapid.IntRange(1, 30).Draw(t, "outputs"), 1
		}
		x, w, _, y := operands[float64](s, rapid.Uint64().Draw(t, "seed"))
		Forward(p, 1, s, x, w, nil, y)
		dy := random[float64](rand.New(rand.NewPCG(9, 9)), len(y))
		dw := slices.Repeat([]float64{math.NaN()}, len(w))
		NewWeights[float64](s).Run(p, 1, x, dy, dw)
		var left, right, magnitude float64
		for i := range y {
			left += y[i] * dy[i]
			magnitude += math.Abs(y[i] * dy[i])
		}
		for i := range w {
			right += w[i] * dw[i]
		}
		if math.Abs(left-right) > 1e-12*(magnitude+1) {
			t.Fatalf("%+v: %v and %v", *s, left, right)
		}
	})
}

// Each weight's gradient is what a weight of one there and zero elsewhere gives.
func TestWeightsAgainstForward(t *testing.T) {
	p := pool.New(3)
	defer p.Close()
	for _, s := range []*Spec{
		square(3, 1, 2, 3, 6, 3, 6, 1, 1, 1), square(50, 1, 40, 70, 14, 4, 7, 2, 1, 1), square(9, 1, 3, 13, 9, 2, 3, 2, 3, 0),
		square(2, 1, 5, 6, 3, 2, 3, 1000, 2000, 2000), square(4, 2, 6, 4, 3, 2, 3, 1000, 2000, 2000),
		square(5, 12, 12, 12, 11, 3, 11, 1, 1, 1), square(5, 6, 6, 12, 12, 5, 6, 2, 1, 2), square(4, 3, 36, 30, 8, 3, 8, 1, 1, 1), square(3, 4, 16, 16, 9, 3, 4, 2, 2, 1),
		{Batch: 4, Group: 1, InC: 3, OutC: 2, In: []int{4, 5, 6}, Kernel: []int{2, 3, 1}, Out: []int{3, 2, 6}, Stride: []int{1, 2, 1}, Dilation: []int{1, 1, 1}, PadBegin: []int{0, 0, 0}},
	} {
		x, w, _, y := operands[float32](s, 3)
		dy := random[float32](rand.New(rand.NewPCG(9, 9)), len(y))
		dw := make([]float32, len(w))
		f := NewWeights[float32](s)
		f.Run(p, 1, x, dy, dw)
		for threads := 2; threads <= 3; threads++ {
			again := make([]float32, len(w))
			f.Run(p, threads, x, dy, again)
			if !slices.Equal(again, dw) {
				t.Fatalf("%+v: other bits with %d threads", *s, threads)
			}
		}
		for range 40 {
			i := rand.IntN(len(w))
			clear(w)
			w[i] = 1
			Forward(p, 1, s, x, w, nil, y)
			want, magnitude := 0.0, 0.0
			for j := range y {
				want += float64(y[j]) * float64(dy[j])
				magnitude += math.Abs(float64(y[j]) * float64(dy[j]))
			}
			if math.Abs(float64(dw[i])-want) > 1e-5*magnitude {
				t.Fatalf("%+v: dw[%d] = %v, want %v", *s, i, dw[i], want)
			}
		}
		if n := testing.AllocsPerRun(20, func() { f.Run(p, 2, x, dy, dw) }); n != 0 {
			t.Errorf("%+v: %v allocations", *s, n)
		}
	}
}
