package kernel

import (
	"math"

	"github.com/elbo-ml/elbo/runtime/native/vec"
)

func total[T Float](acc float64, n int) T { return T(acc) }

func mean[T Float](acc float64, n int) T { return T(acc / float64(n)) }

func logTotal[T Float](acc float64, n int) T { return T(math.Log(acc)) }

func rootTotal[T Float](acc float64, n int) T { return T(math.Sqrt(acc)) }

func square(x float64) float64 { return x * x }

// sums is the sum of the elements, in float64; four partial sums keep the adder busy.
func sums[T Float](done func(float64, int) T) reducer[T, float64] {
	return reducer[T, float64]{
		run: func(acc float64, x []T) float64 {
			var a, b, c, d float64
			for ; len(x) >= 4; x = x[4:] {
				a += float64(x[0])
				b += float64(x[1])
				c += float64(x[2])
				d += float64(x[3])
			}
			for _, v := range x {
				a += float64(v)
			}
			return acc + ((a + b) + (c + d))
		},
		vec: func(acc []float64, x []T) {
			acc = acc[:len(x)]
			for i, v := range x {
				acc[i] += float64(v)
			}
		},
		merge: func(a, b float64) float64 { return a + b },
		done:  done,
	}
}

// sums32 is sums with vectors.
func sums32(done func(float64, int) float32) reducer[float32, float64] {
	r := sums[float32](done)
	r.run = func(acc float64, x []float32) float64 { return acc + vec.Sum(x) }
	r.rows = vec.SumColumns
	return r
}

// squares32 is the sum of the elements' squares, with vectors.
func squares32(done func(float64, int) float32) reducer[float32, float64] {
	r := sumsOf[float32](square, done)
	r.run = func(acc float64, x []float32) float64 { return acc + vec.SumSquares(x) }
	return r
}

// largest32 and smallest32 are the extremes with vectors.
func largest32() reducer[float32, float32] {
	r := extremes(maximum, float32(math.Inf(-1)))
	r.run = func(acc float32, x []float32) float32 { return max(acc, vec.Largest(x)) }
	r.vec = func(acc, x []float32) { vec.Max(acc, acc, x) }
	return r
}

func smallest32() reducer[float32, float32] {
	r := extremes(minimum, float32(math.Inf(1)))
	r.run = func(acc float32, x []float32) float32 { return min(acc, vec.Smallest(x)) }
	r.vec = func(acc, x []float32) { vec.Min(acc, acc, x) }
	return r
}

// logSumExp32 is logSumExp with vectors.
func logSumExp32() reducer[float32, scaled] {
	r := logSumExp[float32]()
	r.run = func(acc scaled, x []float32) scaled {
		top := vec.Largest(x)
		if math.IsInf(float64(top), 0) || top != top {
			return acc.plus(scaled{float64(top), 1})
		}
		return acc.plus(scaled{float64(top), vec.SumExp(x, top)})
	}
	return r
}

// sumsOf is the sum of f of the elements.
func sumsOf[T Float](f func(float64) float64, done func(float64, int) T) reducer[T, float64] {
	return reducer[T, float64]{
		run: func(acc float64, x []T) float64 {
			for _, v := range x {
				acc += f(float64(v))
			}
			return acc
		},
		vec: func(acc []float64, x []T) {
			for i, v := range x {
				acc[i] += f(float64(v))
			}
		},
		merge: func(a, b float64) float64 { return a + b },
		done:  done,
	}
}

func intSums[T int32 | int64]() reducer[T, T] {
	return byPairs(0, func(a, b T) T { return a + b })
}

func intProducts[T int32 | int64]() reducer[T, T] {
	return byPairs(1, func(a, b T) T { return a * b })
}

func extremes[T Number](pick func(a, b T) T, start T) reducer[T, T] { return byPairs(start, pick) }

// byPairs folds with f, in the elements' own type.
func byPairs[T any](start T, f func(a, b T) T) reducer[T, T] {
	return reducer[T, T]{
		start: start,
		run: func(acc T, x []T) T {
			for _, v := range x {
				acc = f(acc, v)
			}
			return acc
		},
		vec: func(acc, x []T) {
			for i, v := range x {
				acc[i] = f(acc[i], v)
			}
		},
		merge: f,
		done:  func(acc T, n int) T { return acc },
	}
}

func products[T Float]() reducer[T, float64] {
	return reducer[T, float64]{
		start: 1,
		run: func(acc float64, x []T) float64 {
			for _, v := range x {
				acc *= float64(v)
			}
			return acc
		},
		vec: func(acc []float64, x []T) {
			for i, v := range x {
				acc[i] *= float64(v)
			}
		},
		merge: func(a, b float64) float64 { return a * b },
		done:  total[T],
	}
}

// scaled is sum * exp(max), the form in which a sum of exponentials neither overflows nor vanishes.
type scaled struct{ max, sum float64 }

func (s scaled) plus(t scaled) scaled {
	if s.max < t.max {
		s, t = t, s
	}
	if math.IsInf(t.max, -1) || t.sum == 0 {
		return s
	}
	if math.IsInf(s.max, 1) {
		return s
	}
	return scaled{s.max, s.sum + t.sum*math.Exp(t.max-s.max)}
}

// logSumExp is log(sum(exp(x))).
func logSumExp[T Float]() reducer[T, scaled] {
	return reducer[T, scaled]{
		start: scaled{math.Inf(-1), 0},
		run: func(acc scaled, x []T) scaled {
			top := math.Inf(-1)
			for _, v := range x {
				top = max(top, float64(v))
			}
			if math.IsInf(top, 0) || top != top {
				return acc.plus(scaled{top, 1})
			}
			sum := 0.0
			for _, v := range x {
				sum += math.Exp(float64(v) - top)
			}
			return acc.plus(scaled{top, sum})
		},
		vec: func(acc []scaled, x []T) {
			for i, v := range x {
				acc[i] = acc[i].plus(scaled{float64(v), 1})
			}
		},
		merge: scaled.plus,
		done:  func(acc scaled, n int) T { return T(acc.max + math.Log(acc.sum)) },
	}
}

// minimum and maximum are NaN when either operand is, as numpy's are.
func minimum[T Number](a, b T) T { return min(a, b) }

func maximum[T Number](a, b T) T { return max(a, b) }
