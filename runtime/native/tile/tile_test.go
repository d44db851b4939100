package tile

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/elbo-ml/elbo/graph"
	"github.com/elbo-ml/elbo/runtime/native/kernel"
	"github.com/elbo-ml/elbo/runtime/native/pool"
	"github.com/elbo-ml/elbo/tensor"
)

// Every operand of a shape that AccessOf takes meets the elements that broadcasting's index loop gives it; a refused
// shape has repeated axes on both sides of, or between, others.
func TestAccessIsBroadcasting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		out := tensor.Shape(rapid.SliceOfN(rapid.IntRange(1, 5), 0, 4).Draw(t, "out"))
		shape := append(tensor.Shape{}, out[rapid.IntRange(0, len(out)).Draw(t, "dropped"):]...)
		for i := range shape {
			if rapid.Bool().Draw(t, "one") {
				shape[i] = 1
			}
		}
		a, ok := AccessOf(shape, out)
		strides := shape.Strides()
		for i := range out.Size() {
			at, rest := 0, i
			for axis := len(out) - 1; axis >= 0; axis-- {
				k := axis - len(out) + len(shape)
				if k >= 0 && shape[k] > 1 {
					at += rest % out[axis] * strides[k]
				}
				rest /= out[axis]
			}
			if ok && i/a.Div%a.Period != at {
				t.Fatalf("%v in %v, %+v: element %d meets %d, want %d", shape, out, a, i, i/a.Div%a.Period, at)
			}
		}
		if !ok {
			kinds := 0 // changes between repeated and other axes, from the last one on
			repeated := true
			for axis := len(out) - 1; axis >= 0; axis-- {
				if out[axis] == 1 {
					continue
				}
				k := axis - len(out) + len(shape)
				if r := k < 0 || shape[k] == 1; r != repeated {
					kinds, repeated = kinds+1, r
				}
			}
			if kinds < 3 {
				t.Fatalf("%v in %v was refused", shape, out)
			}
		}
	})
}

func loopOf(op string) *kernel.Loop {
	n := &graph.Node{Op: op, Inputs: make([]*graph.Value, 3), Outputs: []*graph.Value{{DType: tensor.Float32}}}
	for i := range n.Inputs {
		n.Inputs[i] = &graph.Value{DType: tensor.Float32}
	}
	switch op {
	case "Add", "Mul", "Greater":
		n.Inputs = n.Inputs[:2]
		if op == "Greater" {
			n.Outputs[0].DType = tensor.Bool
		}
	case "Where":
		n.Inputs[0].DType = tensor.Bool
	}
	return kernel.LoopOf(n)
}

func buffer(x []float32) *kernel.Buf {
	t := tensor.New(tensor.Float32, len(x))
	copy(tensor.Data[float32](t), x)
	b := kernel.NewBuf(tensor.Float32, tensor.Shape{len(x)})
	b.Use(t.Bytes())
	return b
}

// y = |a + b| where a > c, else d, and the sums of runs of a*b, with operands met in every way, at sizes about those of a
// piece, on any number of threads, whole and in blocks.
func TestChainIsItsLoop(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		run := rapid.SampledFrom([]int{1, 3, 20, 64, 129, 784, 2049, 5000}).Draw(t, "run")
		n := run * rapid.IntRange(1, 12).Draw(t, "runs")
		some := func(name string) (*kernel.Buf, Access, func(i int) float32) {
			var a Access
			switch rapid.IntRange(0, 3).Draw(t, name) {
			case 0:
				a = Access{1, n}
			case 1:
				a = Access{1, 1}
			case 2:
				a = Access{1, run}
			case 3:
				a = Access{run, n / run}
			}
			if a.Period == 1 {
				a.Div = 1
			}
			x := make([]float32, a.Period)
			for i := range x {
				x[i] = float32((i*37+len(name)*11)%19 - 9)
			}
			return buffer(x), a, func(i int) float32 { return x[i/a.Div%a.Period] }
		}
		a, aa, at := some("a")
		b, ba, bt := some("bb")
		c, ca, ct := some("ccc")
		d, da, dt := some("dddd")
		folded := rapid.Bool().Draw(t, "folded")
		ch := NewChain(n)
		for _, access := range []Access{aa, ba, ca, da} {
			ch.Operand(tensor.Float32, access)
		}
		sum := ch.Do(loopOf("Add"), 0, 1)
		above := ch.Do(loopOf("Greater"), 0, 2)
		y := ch.Do(loopOf("Where"), above, ch.Do(loopOf("Abs"), sum), 3)
		product := ch.Do(loopOf("Mul"), 0, 1)
		ch.Store(y, 0)
		ch.Store(sum, 1)
		out := []*kernel.Buf{buffer(make([]float32, n)), buffer(make([]float32, n)), buffer(make([]float32, n/run))}
		if folded {
			ch.Fold(&kernel.Fold{Run: func(acc float64, x []float32) float64 {
				for _, v := range x {
					acc += float64(v)
				}
				return acc
			}, Done: func(acc float64, n int) float32 { return float32(acc) }}, product, run, 2)
		}
		ch.Finish()
		p := pool.New(rapid.IntRange(1, 3).Draw(t, "threads"))
		defer p.Close()
		var scratch Scratch
		bound := ch.Bind(kernel.Cores{Pool: p}, &scratch, []*kernel.Buf{a, b, c, d}, out)
		if !folded && rapid.Bool().Draw(t, "blocks") {
			left := rapid.IntRange(0, run).Draw(t, "left")
			bound.Block(0, n/run, left, run)
			bound.Block(left, n/run, run-left, run)
		} else if err := bound.Run(); err != nil {
			t.Fatal(err)
		}
		sums := make([]float32, n/run)
		for i := range n {
			want := dt(i)
			if at(i) > ct(i) {
				want = float32(math.Abs(float64(at(i) + bt(i))))
			}
			if got := kernel.Data[float32](out[0])[i]; got != want {
				t.Fatalf("element %d of %d is %v, want %v", i, n, got, want)
			}
			if got := kernel.Data[float32](out[1])[i]; got != at(i)+bt(i) {
				t.Fatalf("sum %d of %d is %v, want %v", i, n, got, at(i)+bt(i))
			}
			sums[i/run] += at(i) * bt(i)
		}
		if folded {
			for i, want := range sums {
				if got := kernel.Data[float32](out[2])[i]; got != want {
					t.Fatalf("run %d of %d folds to %v, want %v", i, len(sums), got, want)
				}
			}
		}
	})
}
