package native

import (
	"context"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime"
	"github.com/elbo-ml/elbo/tensor"
)

// random is a tensor of the given shape with small integers, whose sums are exact in any order.
func random(t *rapid.T, dims []int) *tensor.Tensor {
	x := tensor.New(tensor.Float32, dims...)
	for i := range tensor.Data[float32](x) {
		tensor.Data[float32](x)[i] = float32(rapid.IntRange(-4, 4).Draw(t, "x"))
	}
	return x
}

func randomDims(t *rapid.T) []int {
	return rapid.SliceOfN(rapid.IntRange(1, 4), 0, 4).Draw(t, "dims")
}

// coordinates of element i.
func coordinates(shape tensor.Shape, i int) []int {
	c := make([]int, len(shape))
	for axis := len(shape) - 1; axis >= 0; axis-- {
		c[axis] = i % shape[axis]
		i /= shape[axis]
	}
	return c
}

// at is the element of x at the coordinates of a tensor it broadcasts to.
func at(x *tensor.Tensor, coordinates []int) float64 {
	i := 0
	for axis, n := range x.Shape() {
		c := coordinates[len(coordinates)-len(x.Shape())+axis]
		i = i*n + c%n
	}
	return x.Floats()[i]
}

func runOnce(t *rapid.T, g *graph.Graph, threads int, in ...*tensor.Tensor) []*tensor.Tensor {
	if err := g.Err(); err != nil {
		t.Fatal(err)
	}
	p, err := New().Compile(g, runtime.Options{Threads: threads})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	out := make([]*tensor.Tensor, len(g.Outputs))
	if err := p.Run(context.Background(), in, out); err != nil {
		t.Fatal(err)
	}
	return out
}

// input is an input of g of x's type and shape.
func input(g *graph.Graph, name string, x *tensor.Tensor) *graph.Value {
	dims := make(graph.Shape, len(x.Shape()))
	for i, n := range x.Shape() {
		dims[i] = graph.N(n)
	}
	return g.InputOf(x.DType(), name, dims)
}

// thinned is the shape of an operand that broadcasts to dims.
func thinned(t *rapid.T, dims []int) []int {
	out := append([]int(nil), dims[rapid.IntRange(0, len(dims)).Draw(t, "dropped"):]...)
	for i := range out {
		if rapid.Bool().Draw(t, "one") {
			out[i] = 1
		}
	}
	return out
}

func TestBroadcastingIsTheIndexLoop(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dims := randomDims(t)
		a, b, full := random(t, thinned(t, dims)), random(t, thinned(t, dims)), random(t, dims)
		g := graph.New("g")
		va, vb, vf := input(g, "a", a), input(g, "b", b), input(g, "full", full)
		g.Output("sub", g.Sub(g.Add(vf, va), vb))
		g.Output("where", g.Where(g.Less(va, vb), vf, vb))
		g.Output("expand", g.Expand(va, g.Int64s(dims...)))
		out := runOnce(t, g, 2, a, b, full)
		for i := range full.Len() {
			c := coordinates(dims, i)
			av, bv, fv := at(a, c), at(b, c), at(full, c)
			picked := bv
			if av < bv {
				picked = fv
			}
			for k, want := range []float64{fv + av - bv, picked, av} {
				if got := at(out[k], c); got != want {
					t.Fatalf("%v and %v: %s at %v is %v, want %v", a, b, g.Outputs[k].Name, c, got, want)
				}
			}
		}
	})
}

func TestReductionsAreTheIndexLoop(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dims := randomDims(t)
		x := random(t, dims)
		kept := append([]int(nil), dims...)
		axes := []int64{}
		for i := range dims {
			if rapid.Bool().Draw(t, "reduced") {
				axes = append(axes, int64(i))
				kept[i] = 1
			}
		}
		if len(axes) == 0 {
			return
		}
		g := graph.New("g")
		v := input(g, "x", x)
		list := make([]int, len(axes))
		for i, a := range axes {
			list[i] = int(a)
		}
		g.Output("sum", g.ReduceSum(v, true, list...))
		g.Output("max", g.ReduceMax(v, true, list...))
		g.Output("lse", g.ReduceLogSumExp(v, true, list...))
		out := runOnce(t, g, 2, x)
		sum, top, lse := make([]float64, tensor.Shape(kept).Size()), make([]float64, tensor.Shape(kept).Size()), make([]float64, tensor.Shape(kept).Size())
		for i := range top {
			top[i] = math.Inf(-1)
		}
		for i, e := range x.Floats() {
			k := 0
			for axis, c := range coordinates(dims, i) {
				k = k*kept[axis] + c%kept[axis]
			}
			sum[k] += e
			top[k] = max(top[k], e)
			lse[k] += math.Exp(e)
		}
		for k := range sum {
			if got := out[0].Floats()[k]; got != sum[k] {
				t.Fatalf("%v over %v: sum %v, want %v", x, axes, got, sum[k])
			}
			if got := out[1].Floats()[k]; got != top[k] {
				t.Fatalf("%v over %v: max %v, want %v", x, axes, got, top[k])
			}
			if got := out[2].Floats()[k]; !near(got, math.Log(lse[k]), 1e-6) {
				t.Fatalf("%v over %v: lse %v, want %v", x, axes, got, math.Log(lse[k]))
			}
		}
	})
}

func TestMovesAreTheIndexLoop(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dims := randomDims(t)
		x := random(t, dims)
		perm := rapid.Permutation(seq(len(dims))).Draw(t, "perm")
		starts, ends, steps := make([]int, len(dims)), make([]int, len(dims)), make([]int, len(dims))
		for i, n := range dims {
			steps[i] = rapid.SampledFrom([]int{-2, -1, 1, 2}).Draw(t, "step")
			starts[i] = rapid.IntRange(0, n-1).Draw(t, "start")
			ends[i] = n
			if steps[i] < 0 {
				ends[i] = -n - 1
			}
		}
		g := graph.New("g")
		v := input(g, "x", x)
		g.Output("transpose", g.Transpose(v, perm...))
		g.Output("slice", g.Node("Slice", nil, v, g.Int64s(starts...), g.Int64s(ends...), g.Int64s(seq(len(dims))...), g.Int64s(steps...)))
		out := runOnce(t, g, 2, x)
		for i, got := range out[0].Floats() {
			c, from := coordinates(out[0].Shape(), i), make([]int, len(dims))
			for axis, p := range perm {
				from[p] = c[axis]
			}
			if want := at(x, from); got != want {
				t.Fatalf("transpose %v of %v at %v is %v, want %v", perm, x, c, got, want)
			}
		}
		for i, got := range out[1].Floats() {
			c := coordinates(out[1].Shape(), i)
			for axis := range c {
				c[axis] = starts[axis] + c[axis]*steps[axis]
			}
			if want := at(x, c); got != want {
				t.Fatalf("slice %v %v of %v reads %v at %v, want %v", starts, steps, x, got, c, want)
			}
		}
	})
}

func seq(n int) []int {
	s := make([]int, n)
	for i := range s {
		s[i] = i
	}
	return s
}

// Random chains of operators share and reuse memory; the reference computes each value apart.
func TestMemoryIsReusedSafely(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := random(t, []int{3, 4})
		g := graph.New("g")
		values := []*graph.Value{input(g, "x", x)}
		want := [][]float64{x.Floats()}
		for range rapid.IntRange(1, 20).Draw(t, "nodes") {
			i := rapid.IntRange(0, len(values)-1).Draw(t, "a")
			j := rapid.IntRange(0, len(values)-1).Draw(t, "b")
			a, b := values[i], values[j]
			y := make([]float64, 12)
			var v *graph.Value
			switch rapid.IntRange(0, 4).Draw(t, "op") {
			case 0:
				v = g.Add(a, b)
				for k := range y {
					y[k] = want[i][k] + want[j][k]
				}
			case 1:
				v = g.Sub(g.Neg(a), b)
				for k := range y {
					y[k] = -want[i][k] - want[j][k]
				}
			case 2:
				v = g.Reshape(g.Abs(g.Reshape(a, g.Int64s(12))), g.Int64s(3, 4))
				for k := range y {
					y[k] = math.Abs(want[i][k])
				}
			case 3:
				v = g.Add(a, g.ReduceMax(b, true, 1))
				for k := range y {
					top := want[j][k/4*4 : k/4*4+4]
					y[k] = want[i][k] + max(top[0], top[1], top[2], top[3])
				}
			case 4:
				v = g.Transpose(g.Reshape(g.Neg(g.Transpose(a, 1, 0)), g.Int64s(4, 3)), 1, 0)
				for k := range y {
					y[k] = -want[i][k]
				}
			}
			values, want = append(values, v), append(want, y)
		}
		var picked []int
		for i, v := range values {
			if i == len(values)-1 || rapid.Bool().Draw(t, "output") {
				g.Outputs = append(g.Outputs, v)
				picked = append(picked, i)
			}
		}
		for k, y := range runOnce(t, g, 1, x) {
			for e, got := range y.Floats() {
				if got != want[picked[k]][e] && math.Abs(want[picked[k]][e]) < 1e6 {
					t.Fatalf("output %d, element %d is %v, want %v", k, e, got, want[picked[k]][e])
				}
			}
		}
	})
}

func TestPlaceKeepsLivingSpansApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var spans []*span
		total := 0
		for range rapid.IntRange(0, 30).Draw(t, "n") {
			s := &span{size: rapid.IntRange(0, 1000).Draw(t, "size"), first: rapid.IntRange(0, 20).Draw(t, "first")}
			s.last = s.first + rapid.IntRange(0, 8).Draw(t, "life")
			spans = append(spans, s)
			total += s.size + align
		}
		size := place(spans)
		if size > total {
			t.Errorf("%d bytes for %d", size, total)
		}
		for i, a := range spans {
			if a.offset%align != 0 || a.offset+a.size > size {
				t.Fatalf("%+v in an arena of %d", *a, size)
			}
			for _, b := range spans[:i] {
				if a.first <= b.last && b.first <= a.last && a.offset < b.offset+b.size && b.offset < a.offset+a.size {
					t.Fatalf("%+v overlaps %+v", *a, *b)
				}
			}
		}
	})
}
