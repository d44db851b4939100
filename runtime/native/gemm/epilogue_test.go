package gemm

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/elbo-ml/elbo/runtime/native/pool"
)

// finisher counts how often each element of C comes, checks that it is final, and writes over it.
type finisher[T Float] struct {
	mu    sync.Mutex
	x     Product[T]
	want  []T
	count []int
	wrong int
}

func (f *finisher[T]) Tile(i0, j0, rows, cols int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := i0; i < i0+rows; i++ {
		for j := j0; j < j0+cols; j++ {
			at := i*f.x.LDC + j
			if f.x.C[at] != f.want[at] {
				f.wrong++
			}
			f.count[at]++
			f.x.C[at] = -f.want[at] - 1
		}
	}
}

// The epilogue sees every element of C once, when it has its final value, and what it writes stays.
func TestEpilogueSeesEachElementOnceAndFinal(t *testing.T) {
	t.Run("float32", finishes[float32])
	t.Run("float64", finishes[float64])
}

func finishes[T Float](t *testing.T) {
	p := pool.New(3)
	defer p.Close()
	check := func(t interface{ Fatalf(string, ...any) }, x Product[T], threads int, l level) {
		old := slices.Clone(x.C)
		new(work[T]).run(p, threads, l, x)
		f := &finisher[T]{x: x, want: slices.Clone(x.C), count: make([]int, len(x.C))}
		copy(x.C, old)
		x.Epilogue = f
		new(work[T]).run(p, threads, l, x)
		if f.wrong > 0 {
			t.Fatalf("level %d, %d threads, %d x %d x %d: %d elements came before they were final", l, threads, x.M, x.N, x.K, f.wrong)
		}
		for i := range x.M {
			for j := range x.N {
				if at := i*x.LDC + j; f.count[at] != 1 || x.C[at] != -f.want[at]-1 {
					t.Fatalf("level %d, %d threads, %d x %d x %d: element %d, %d came %d times", l, threads, x.M, x.N, x.K, i, j, f.count[at])
				}
			}
		}
	}
	for l := levelGo; l <= best; l++ {
		rapid.Check(t, func(t *rapid.T) {
			check(t, draw[T](t, 150), rapid.IntRange(1, 3).Draw(t, "threads"), l)
		})
	}
	r := rand.New(rand.NewPCG(5, 6))
	for _, s := range [][3]int{{superM + 3, 40, 5}, {5, superN + 40, 3}, {3, 70, superK*kcMax + 1}, {140, 530, 2*kcMax + 9}, {300, 300, 0}} {
		x := Product[T]{M: s[0], N: s[1], K: s[2], Alpha: 1, A: random[T](r, s[0]*s[2]), LDA: s[2], B: random[T](r, s[1]*s[2]), LDB: s[1],
			C: make([]T, s[0]*s[1]), LDC: s[1], RowBias: random[T](r, s[1]), ColBias: random[T](r, s[0])}
		for threads := 1; threads <= 3; threads++ {
			check(t, x, threads, best)
		}
	}
}
