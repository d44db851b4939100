package kernel

import (
	"math"

	"github.com/elbo-ml/elbo/tensor"
)

// reducer folds elements of type T into an accumulator of type A. Sums of float32 accumulate in float64, so that the
// order in which they are taken costs no accuracy.
type reducer[T, A any] struct {
	start A
	run   func(A, []T) A // folds a run of elements into one accumulator
	vec   func([]A, []T) // folds element i into accumulator i
	// rows folds as many rows as are told, each step after the last, as vec does one by one; or it is nil.
	rows  func(acc []A, x []T, rows, step int)
	merge func(A, A) A         // joins two accumulators
	done  func(acc A, n int) T // of n elements
}

func init() {
	register(
		reduction("ReduceSum", sums32(total[float32]), sums[float64](total[float64]), intSums[int32](), intSums[int64]()),
		reductionFloat("ReduceMean", sums32(mean[float32]), sums[float64](mean[float64])),
		reductionFloat("ReduceLogSum", sums32(logTotal[float32]), sums[float64](logTotal[float64])),
		reductionFloat("ReduceSumSquare", squares32(total[float32]), sumsOf[float64](square, total[float64])),
		reductionFloat("ReduceL1", sumsOf[float32](math.Abs, total[float32]), sumsOf[float64](math.Abs, total[float64])),
		reductionFloat("ReduceL2", squares32(rootTotal[float32]), sumsOf[float64](square, rootTotal[float64])),
		reductionFloat("ReduceLogSumExp", logSumExp32(), logSumExp[float64]()),
		reduction("ReduceMax", largest32(), extremes(maximum, math.Inf(-1)), extremes(maximum[int32], math.MinInt32), extremes(maximum[int64], math.MinInt64)),
		reduction("ReduceMin", smallest32(), extremes(minimum, math.Inf(1)), extremes(minimum[int32], math.MaxInt32), extremes(minimum[int64], math.MaxInt64)),
		reduction("ReduceProd", products[float32](), products[float64](), intProducts[int32](), intProducts[int64]()),
	)
}

func reduction[A, B, C, D any](op string, f32 reducer[float32, A], f64 reducer[float64, B], i32 reducer[int32, C], i64 reducer[int64, D]) *Kernel {
	return &Kernel{Op: op, Types: numbers(reduce(f32), reduce(f64), reduce(i32), reduce(i64)), Fold: f32.fold()}
}

func reductionFloat[A, B any](op string, f32 reducer[float32, A], f64 reducer[float64, B]) *Kernel {
	return &Kernel{Op: op, Types: floats(reduce(f32), reduce(f64)), Fold: f32.fold()}
}

// reducedAxes are the axes to be reduced: input 1 or attribute axes, all when there are none.
func reducedAxes(c *Call, rank int) ([]bool, error) {
	axes := c.Node.Ints("axes")
	if c.Node.Input(1) != nil {
		var err error
		if axes, err = c.Ints(1); err != nil {
			return nil, err
		}
	}
	reduced := make([]bool, rank)
	if len(axes) == 0 && c.Node.Int("noop_with_empty_axes", 0) == 0 {
		for i := range reduced {
			reduced[i] = true
		}
	}
	for _, axis := range axes {
		axis, err := axisOf(axis, rank)
		if err != nil {
			return nil, err
		}
		if rank > 0 {
			reduced[axis] = true
		}
	}
	return reduced, nil
}

func reduce[T Number, A any](r reducer[T, A]) Bind {
	return func(c *Call) (Task, error) {
		x, y := c.In[0], c.Out[0]
		reduced, err := reducedAxes(c, len(x.Shape))
		if err != nil {
			return nil, err
		}
		return bindReduce(c.Cores, r, x, y, reduced), nil
	}
}

// layout is a reduction's index arithmetic: neighbouring axes of one kind are merged, so that kinds alternate.
type layout struct {
	kept, folded               tensor.Shape // extents, outermost first
	keptStrides, foldedStrides []int
	inner                      int  // extent of the innermost axis of x
	innerFolded                bool // whether that axis is reduced
	count                      int  // elements that go into each output
}

func newLayout(shape tensor.Shape, reduced []bool) layout {
	var dims []int
	var kinds []bool
	for axis, d := range shape {
		if d == 1 {
			continue
		}
		if last := len(dims) - 1; last >= 0 && kinds[last] == reduced[axis] {
			dims[last] *= d
			continue
		}
		dims, kinds = append(dims, d), append(kinds, reduced[axis])
	}
	if len(dims) == 0 {
		dims, kinds = []int{1}, []bool{true}
	}
	last := len(dims) - 1
	l := layout{inner: dims[last], innerFolded: kinds[last], count: 1}
	for i, stride := range tensor.Shape(dims).Strides() {
		if kinds[i] {
			l.count *= dims[i]
		}
		switch {
		case i == last:
		case kinds[i]:
			l.folded, l.foldedStrides = append(l.folded, dims[i]), append(l.foldedStrides, stride)
		default:
			l.kept, l.keptStrides = append(l.kept, dims[i]), append(l.keptStrides, stride)
		}
	}
	return l
}

func offsetOf(dims tensor.Shape, strides []int, i int) int {
	off := 0
	for axis := len(dims) - 1; axis >= 0; axis-- {
		off += i % dims[axis] * strides[axis]
		i /= dims[axis]
	}
	return off
}

// foldRun is the longest run folded into one accumulator. Longer ones are cut, always at the same places, and the
// pieces merged in order: so a reduction to one number can use many cores and still has the same bits on any number.
const foldRun = 1 << 14

func bindReduce[T Number, A any](p Cores, r reducer[T, A], x, y *Buf, reduced []bool) Task {
	l := newLayout(x.Shape, reduced)
	switch {
	case y.Len() == 0:
		return nothing
	case x.Len() == 0:
		return func() error {
			fill(Data[T](y), r.done(r.start, 0))
			return nil
		}
	case l.innerFolded:
		return reduceRuns(p, r, x, y, l)
	}
	return reduceColumns(p, r, x, y, l)
}

// reduceRuns reduces where the elements of an output stand in contiguous runs.
func reduceRuns[T Number, A any](p Cores, r reducer[T, A], x, y *Buf, l layout) Task {
	runs := l.folded.Size()
	pieces := (l.inner + foldRun - 1) / foldRun
	if pieces == 1 && l.count < foldRun || y.Len() > 1 {
		body := func(lo, hi int) {
			xv, yv := Data[T](x), Data[T](y)
			for i := lo; i < hi; i++ {
				base, acc := offsetOf(l.kept, l.keptStrides, i), r.start
				for j := range runs {
					at := base + offsetOf(l.folded, l.foldedStrides, j)
					acc = r.run(acc, xv[at:at+l.inner])
				}
				yv[i] = r.done(acc, l.count)
			}
		}
		n, step := y.Len(), rowGrain(l.count)
		return func() error {
			p.For(n, step, body)
			return nil
		}
	}
	// One output: its runs are cut into pieces.
	parts := make([]A, runs*pieces)
	body := func(lo, hi int) {
		xv := Data[T](x)
		for i := lo; i < hi; i++ {
			run, piece := i/pieces, i%pieces
			base := offsetOf(l.folded, l.foldedStrides, run)
			parts[i] = r.run(r.start, xv[base+piece*foldRun:base+min((piece+1)*foldRun, l.inner)])
		}
	}
	step := rowGrain(min(l.inner, foldRun))
	return func() error {
		p.For(len(parts), step, body)
		acc := r.start
		for _, part := range parts {
			acc = r.merge(acc, part)
		}
		Data[T](y)[0] = r.done(acc, l.count)
		return nil
	}
}

// reduceColumns reduces where neighbouring outputs take neighbouring elements: whole rows are folded into a row of
// accumulators.
func reduceColumns[T Number, A any](p Cores, r reducer[T, A], x, y *Buf, l layout) Task {
	accs := make([]A, y.Len())
	rows, inner := l.folded.Size(), l.inner
	body := func(lo, hi int) {
		xv, yv := Data[T](x), Data[T](y)
		for lo < hi {
			outer, from := lo/inner, lo%inner
			to := min(inner, from+hi-lo)
			acc := accs[lo : lo+to-from]
			fill(acc, r.start)
			base := offsetOf(l.kept, l.keptStrides, outer)
			if r.rows != nil && len(l.folded) == 1 {
				r.rows(acc, xv[base+from:], rows, l.foldedStrides[0])
			} else {
				for j := range rows {
					at := base + offsetOf(l.folded, l.foldedStrides, j)
					r.vec(acc, xv[at+from:at+to])
				}
			}
			for i, a := range acc {
				yv[lo+i] = r.done(a, l.count)
			}
			lo += to - from
		}
	}
	n, step := y.Len(), max(64, rowGrain(rows))
	return func() error {
		p.For(n, step, body)
		return nil
	}
}
