package native

import (
	"math/rand/v2"
	"testing"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/tensor"
)

// drawWindow is a pooling node's attributes for an input of the given spatial extents.
func drawWindow(r *rand.Rand, dims []int) graph.Attrs {
	var kernel, strides, dilations, begin, end []int64
	for _, d := range dims {
		k := 1 + r.IntN(min(3, d))
		step := 1
		if (k-1)*2+1 <= d {
			step += r.IntN(2)
		}
		kernel, dilations = append(kernel, int64(k)), append(dilations, int64(step))
		strides = append(strides, int64(1+r.IntN(3)))
		begin, end = append(begin, int64(r.IntN(k))), append(end, int64(r.IntN(k)))
	}
	return graph.Attrs{"kernel_shape": kernel, "strides": strides, "dilations": dilations, "pads": append(begin, end...), "ceil_mode": int64(r.IntN(2))}
}

func drawImages(r *rand.Rand, dtype tensor.DType, shape ...int) *tensor.Tensor {
	t := tensor.New(dtype, shape...)
	for i := range t.Len() {
		if dtype == tensor.Float64 {
			tensor.Data[float64](t)[i] = float64(r.IntN(100))
		} else {
			tensor.Data[float32](t)[i] = float32(r.IntN(100))
		}
	}
	return t
}

// A maximum that is folded axis by axis is the one that the walk over each window finds, which also tells where it is; and the
// mean is that of the elements which a window of a single image of ones sums up.
func TestPoolingAgainstEachWindow(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	for range 150 {
		dims := make([]int, 1+r.IntN(3))
		shape := []int{1 + r.IntN(2), 1 + r.IntN(3)}
		for i := range dims {
			dims[i] = 1 + r.IntN(20/len(dims))
			shape = append(shape, dims[i])
		}
		attrs := drawWindow(r, dims)
		for _, dtype := range []tensor.DType{tensor.Float32, tensor.Float64} {
			x := drawImages(r, dtype, shape...)
			g := graph.New("largest")
			in := input(g, "x", x)
			g.Output("y", g.NodeN("MaxPool", 1, attrs, in)[0])
			both := g.NodeN("MaxPool", 2, attrs, in)
			g.Output("walked", both[0])
			g.Output("places", both[1])
			g.Output("found", g.Node("GatherElements", nil, g.Reshape(in, g.Int64s(-1)), g.Reshape(both[1], g.Int64s(-1))))
			if g.Err() != nil {
				continue // a window that does not fit
			}
			y := run(t, g, x)
			compare(t, y[0], y[1])
			flat, err := y[0].Reshape(y[0].Len())
			if err != nil {
				t.Fatal(err)
			}
			compare(t, y[3], flat)
		}
	}
}

func TestAveragePoolAgainstSums(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	for range 150 {
		h, w := 3+r.IntN(9), 3+r.IntN(9)
		attrs := drawWindow(r, []int{h, w})
		attrs["ceil_mode"] = int64(0)
		delete(attrs, "dilations")
		x := drawImages(r, tensor.Float64, 2, 1, h, w)
		padded := r.IntN(2)
		g := graph.New("mean")
		in := input(g, "x", x)
		kernel := []int{1, 1}
		for _, k := range attrs["kernel_shape"].([]int64) {
			kernel = append(kernel, int(k))
		}
		ones := tensor.New(tensor.Float64, kernel...)
		for i := range ones.Len() {
			tensor.Data[float64](ones)[i] = 1
		}
		window := graph.Attrs{"strides": attrs["strides"], "pads": attrs["pads"]}
		counted := g.Node("Conv", window, g.Expand(g.Scalar(1, in), g.ShapeOf(in)), g.Const(ones))
		if padded != 0 {
			counted = g.Scalar(float64(ones.Len()), in)
		}
		g.Output("want", g.Div(g.Node("Conv", window, in, g.Const(ones)), counted))
		attrs["count_include_pad"] = int64(padded)
		g.Output("y", g.Node("AveragePool", attrs, in))
		y := run(t, g, x)
		compare(t, y[1], y[0])
	}
}

// Bools are taken eight at a time: at every length, and beyond the end nothing is written.
func TestLogicAtEveryLength(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	for n := range 40 {
		a, b := tensor.New(tensor.Bool, n), tensor.New(tensor.Bool, n)
		for i := range n {
			tensor.Data[bool](a)[i], tensor.Data[bool](b)[i] = r.IntN(2) == 1, r.IntN(2) == 1
		}
		one := tensor.Scalar(r.IntN(2) == 1)
		g := graph.New("truths")
		x, y, s := input(g, "a", a), input(g, "b", b), input(g, "one", one)
		for i, v := range []*graph.Value{g.Node("And", nil, x, y), g.Node("Or", nil, x, y), g.Node("Xor", nil, x, y), g.Node("Not", nil, x),
			g.Node("And", nil, x, s), g.Node("Xor", nil, s, x), g.Cast(x, tensor.Int64), g.Cast(x, tensor.Float32)} {
			g.Output(string(rune('p'+i)), v)
		}
		out := run(t, g, a, b, one)
		for i := range n {
			p, q, c := tensor.Data[bool](a)[i], tensor.Data[bool](b)[i], tensor.Data[bool](one)[0]
			for k, want := range []bool{p && q, p || q, p != q, !p, p && c, p != c} {
				if got := tensor.Data[bool](out[k])[i]; got != want {
					t.Fatalf("operator %d, element %d of %d: %v, want %v", k, i, n, got, want)
				}
			}
			if want := float64(map[bool]int{true: 1}[p]); out[6].Floats()[i] != want || out[7].Floats()[i] != want {
				t.Fatalf("element %d of %d cast from %v: %v and %v", i, n, p, out[6].Floats()[i], out[7].Floats()[i])
			}
		}
	}
}

// Transpositions and blocks of every type of element move each element where its index says.
func TestMovesAgainstIndices(t *testing.T) {
	r := rand.New(rand.NewPCG(10, 10))
	for range 60 {
		shape := []int{1 + r.IntN(3), 1 + r.IntN(40), 1 + r.IntN(40), 1 + r.IntN(5)}
		perm := r.Perm(4)
		x := tensor.New(tensor.Int64, shape...)
		for i := range x.Len() {
			tensor.Data[int64](x)[i] = int64(i % 120)
		}
		for _, dtype := range []tensor.DType{tensor.Int8, tensor.Int16, tensor.Float32, tensor.Int64} {
			g := graph.New("moves")
			in := g.Cast(input(g, "x", x), dtype)
			g.Output("y", g.Transpose(in, perm...))
			y := run(t, g, x)[0]
			out, strides, own := y.Shape(), y.Shape().Strides(), x.Shape().Strides()
			for i, v := range y.Floats() {
				at := 0
				for axis := range out {
					at += i / strides[axis] % out[axis] * own[perm[axis]]
				}
				if want := float64(at % 120); v != want {
					t.Fatalf("%v of %v by %v: element %d is %v, want %v", dtype, shape, perm, i, v, want)
				}
			}
		}
		b := 1 + r.IntN(3)
		images := drawImages(r, tensor.Float32, 2, b*b*2, 1+r.IntN(9), 1+r.IntN(20))
		g := graph.New("blocks")
		a := graph.Attrs{"blocksize": int64(b)}
		g.Output("y", g.Node("SpaceToDepth", a, g.Node("DepthToSpace", a, input(g, "x", images))))
		compare(t, run(t, g, images)[0], images)
	}
}
