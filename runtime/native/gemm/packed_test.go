package gemm

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/elbo-ml/elbo/runtime/native/pool"
)

// A product with B packed before has the bits of one that packs or reads it.
func TestPackedIsUnpacked(t *testing.T) {
	t.Run("float32", packs[float32])
	t.Run("float64", packs[float64])
}

func packs[T Float](t *testing.T) {
	p := pool.New(3)
	defer p.Close()
	for l := levelGo; l <= best; l++ {
		rapid.Check(t, func(t *rapid.T) {
			x := draw[T](t, 600)
			if rapid.Bool().Draw(t, "deep") {
				x.M, x.N = min(x.M, 3), min(x.N, 70)
			}
			old := slices.Clone(x.C)
			new(work[T]).run(p, 1, l, x)
			want := slices.Clone(x.C)
			copy(x.C, old)
			y := x
			y.Packed, y.B = pack(l, x.TransB, x.N, x.K, x.B, x.LDB), nil
			new(work[T]).run(p, rapid.IntRange(1, 3).Draw(t, "threads"), l, y)
			if !slices.Equal(x.C, want) {
				t.Fatalf("level %d, %d x %d x %d: other bits", l, x.M, x.N, x.K)
			}
		})
	}
}

// Blocks of k and superblocks of columns find their panels.
func TestPackedAcrossSuperblocks(t *testing.T) {
	p := pool.New(2)
	defer p.Close()
	for _, s := range [][3]int{{1, superN + 33, 5}, {3, 70, superK*kcMax + 300}, {superM + 1, 40, 300}} {
		for form := range 4 {
			x := integers(s[0], s[1], s[2], form&1 > 0, form&2 > 0)
			Gemm(p, 2, x)
			want := slices.Clone(x.C)
			clear(x.C)
			x.Packed = Pack(x.TransB, x.N, x.K, x.B, x.LDB)
			Gemm(p, 2, x)
			if !slices.Equal(x.C, want) {
				t.Fatalf("%v form %d: packed differs", s, form)
			}
		}
	}
}
