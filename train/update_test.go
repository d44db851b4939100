package train

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/elbo-ml/elbo/tensor"
)

// someParams makes parameters of both types, of sizes on both sides of a piece, with random weights and gradients.
func someParams(seed uint64) []*param {
	rng := rand.New(rand.NewPCG(seed, 1))
	var out []*param
	for _, n := range []int{1, pieceLen, 3*pieceLen + 17} {
		p := &param{name: "w", weight: tensor.New(tensor.Float32, n), grad: tensor.New(tensor.Float32, n)}
		for i := range n {
			tensor.Data[float32](p.weight)[i] = rng.Float32() - 0.5
		}
		out = append(out, p)
	}
	p := &param{name: "d", weight: tensor.New(tensor.Float64, 50, 100), grad: tensor.New(tensor.Float64, 50, 100)}
	return append(out, p)
}

func newGradients(params []*param, rng *rand.Rand) {
	for _, p := range params {
		for i := range p.grad.Len() {
			if p.grad.DType() == tensor.Float64 {
				tensor.Data[float64](p.grad)[i] = rng.NormFloat64()
			} else {
				tensor.Data[float32](p.grad)[i] = float32(rng.NormFloat64())
			}
		}
	}
}

func TestUpdateDoesNotDependOnThreads(t *testing.T) {
	for _, rule := range rules {
		var first []*param
		var want []float64
		for _, threads := range []int{1, 2, 3} {
			params := someParams(7)
			u := newUpdater(rule, params, 0.9, threads)
			rng := rand.New(rand.NewPCG(1, 2))
			for step := 1; step <= 5; step++ {
				newGradients(params, rng)
				n := u.norm()
				if first == nil {
					want = append(want, n)
				} else if n != want[step-1] {
					t.Errorf("%v: norm %v with %d threads, %v with 1", rule, n, threads, want[step-1])
				}
				if u.step(step, 0.01, n, 0.5) != nil {
					t.Fatalf("%v: a finite step was refused", rule)
				}
			}
			if first == nil {
				first = params
				continue
			}
			for i, p := range params {
				if !bytes.Equal(p.weight.Bytes(), first[i].weight.Bytes()) || !bytes.Equal(p.mean.Bytes(), first[i].mean.Bytes()) {
					t.Errorf("%v: parameter %d differs between 1 and %d threads", rule, i, threads)
				}
			}
		}
	}
}

func TestUpdateAllocatesNothing(t *testing.T) {
	params := someParams(3)
	newGradients(params, rand.New(rand.NewPCG(1, 2)))
	u := newUpdater(Adam{AMSGrad: true}, params, 0.99, 2)
	step := 0
	if n := testing.AllocsPerRun(50, func() {
		step++
		u.step(step, 0.001, u.norm(), 1)
	}); n != 0 {
		t.Errorf("%v allocations a step, want 0", n)
	}
}

func TestNormIsTheRootOfTheSumOfSquares(t *testing.T) {
	p := &param{weight: tensor.New(tensor.Float32, 5), grad: tensor.New(tensor.Float32, 5)}
	q := &param{weight: tensor.New(tensor.Float64, 2), grad: tensor.New(tensor.Float64, 2)}
	copy(tensor.Data[float32](p.grad), []float32{1, 2, 3, 4, 5})
	copy(tensor.Data[float64](q.grad), []float64{-3, 6})
	u := newUpdater(SGD{}, []*param{p, q}, 0, 1)
	if got := u.norm(); got != 10 {
		t.Errorf("norm %v, want 10", got)
	}
	tensor.Data[float32](p.grad)[4] = float32(math.Inf(-1))
	if got := u.norm(); !math.IsInf(got, 1) {
		t.Errorf("norm %v with an infinite gradient", got)
	}
}

func TestUpdateOutOfRangeKeepsTheWeights(t *testing.T) {
	params := someParams(5)
	want := params[2].weight.Clone()
	for _, p := range params {
		if p.weight.DType() == tensor.Float32 {
			tensor.Data[float32](p.grad)[p.grad.Len()-1] = math.MaxFloat32
		}
	}
	u := newUpdater(SGD{}, params, 0, 2)
	if bad := u.step(1, 10, u.norm(), 1); bad != params[0] {
		t.Fatalf("an update to infinity is blamed on %v", bad)
	}
	if !bytes.Equal(want.Bytes(), params[2].weight.Bytes()) {
		t.Error("the weights are not those from before the step")
	}
}

// With weights w1, w2 and decay d, the corrected mean is (d*w1 + w2)/(d+1).
func TestAverageIsCorrectedForItsStart(t *testing.T) {
	p := &param{weight: tensor.Vector[float64](1), grad: tensor.Vector[float64](1)}
	u := newUpdater(SGD{}, []*param{p}, 0.5, 1)
	u.step(1, 1, 1, 1) // weight 0
	tensor.Data[float64](p.grad)[0] = -3
	u.step(2, 1, 3, 1) // weight 3
	useAverage([]*param{p}, 0.5, 2)
	if got := tensor.Data[float64](p.weight)[0]; got != 2 {
		t.Errorf("average of 0 and 3 with decay 1/2 is %v, want 2", got)
	}
}

func BenchmarkAdam(b *testing.B) {
	p := &param{weight: tensor.New(tensor.Float32, 1<<20), grad: tensor.New(tensor.Float32, 1<<20)}
	newGradients([]*param{p}, rand.New(rand.NewPCG(1, 2)))
	u := newUpdater(Adam{}, []*param{p}, 0, 1)
	b.SetBytes(4 << 20)
	for t := 1; b.Loop(); t++ {
		u.step(t, 0.001, u.norm(), 1)
	}
}
