package data

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/elbo-ml/elbo/tensor"
	"gonum.org/v1/gonum/mathext/prng"
	"pgregory.net/rapid"
)

func binarized(t testing.TB, src Source, how Binarize, seed uint64) Source {
	t.Helper()
	s, err := NewBinarized(src, how, seed)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// numpy 1.24: RandomState(0).rand(3), RandomState(4294967295).rand(3).
func TestMersenneDoublesAreNumpys(t *testing.T) {
	for seed, want := range map[uint64][3]float64{
		0:              {0.5488135039273248, 0.7151893663724195, 0.6027633760716439},
		math.MaxUint32: {0.0976320289940138, 0.9123828453026218, 0.78903530185164},
	} {
		mt := prng.NewMT19937()
		mt.Seed(seed)
		for i, w := range want {
			if got := mersenneDouble(mt); got != w {
				t.Errorf("seed %d: double %d is %v, want %v", seed, i, got, w)
			}
		}
	}
}

// ramp is 40 rows of 13 pixels, (i % 256) / 255.
func ramp(t testing.TB) Source {
	pixels := make([]uint8, 40*13)
	for i := range pixels {
		pixels[i] = uint8(i % 256)
	}
	return open(t, writeNPY(t, wrap(t, pixels, 40, 13)), Options{})
}

func all(s Source) []int {
	rows := make([]int, s.Len())
	for i := range rows {
		rows[i] = i
	}
	return rows
}

func digest(bits []float32) (sum string, ones int) {
	b := make([]byte, len(bits))
	for i, v := range bits {
		b[i] = byte(v)
		ones += int(v)
	}
	return fmt.Sprintf("%x", sha256.Sum256(b)), ones
}

// numpy 1.24: sha256 of (RandomState(7).rand(40, 13) < ramp).astype(uint8), and the number of ones.
func TestStaticBitsAreNumpys(t *testing.T) {
	s := binarized(t, ramp(t), Static, 7)
	sum, ones := digest(read(t, s, all(s)...))
	if sum != "4d7ff05a971b3a027de92d11717caea5364d3af76493c1f67763e049c60b718e" || ones != 254 {
		t.Errorf("%d ones, sha256 %s", ones, sum)
	}
}

// numpy 1.24: RandomState(0).rand(10000, 784) < x, the binarisation THESIS.md names for the author's M1.
func TestStaticBitsOfMNISTAreNumpys(t *testing.T) {
	s := binarized(t, open(t, shared(t, "mnist"), Options{Split: Test}), Static, 0)
	sum, ones := digest(read(t, s, all(s)...))
	if sum != "16ad3251d6198cbc5a56df3ff067c2064c3dea26f871e47b3beff881ee8a6638" || ones != 1038529 {
		t.Errorf("%d ones, sha256 %s", ones, sum)
	}
}

func TestStaticBitsDoNotDependOnTheOrderOfReading(t *testing.T) {
	src := ramp(t)
	want := read(t, binarized(t, src, Static, 3), all(src)...)
	rapid.Check(t, func(rt *rapid.T) {
		s, err := newStatic(src, 3)
		if err != nil {
			rt.Fatal(err)
		}
		defer s.bits.Close()
		s.rows, s.x = s.rows[:2], s.x[:2*13] // small blocks, so that several are drawn
		for range rapid.IntRange(1, 5).Draw(rt, "reads") {
			rows := rapid.SliceOfN(rapid.IntRange(0, 39), 1, 9).Draw(rt, "rows")
			got := make([]float32, len(rows)*13)
			if err := s.Read(context.Background(), rows, got); err != nil {
				rt.Fatal(err)
			}
			for i, r := range rows {
				if !slices.Equal(got[i*13:(i+1)*13], want[r*13:(r+1)*13]) {
					rt.Fatalf("row %d differs when it is read as %v", r, rows)
				}
			}
		}
	})
}

func TestStaticRefusesASeedThatNumpyRefuses(t *testing.T) {
	if _, err := NewBinarized(ramp(t), Static, 1<<32); err == nil {
		t.Error("seed 2^32 was accepted")
	}
}

func TestThresholdAndNone(t *testing.T) {
	src := open(t, writeNPY(t, wrap(t, []float32{0, 0.5, 0.51, 1}, 2, 2)), Options{})
	if got := read(t, binarized(t, src, Threshold, 0), 0, 1); !slices.Equal(got, []float32{0, 0, 1, 1}) {
		t.Errorf("threshold gives %v", got)
	}
	if got := read(t, binarized(t, src, None, 0), 0, 1); !slices.Equal(got, []float32{0, 0.5, 0.51, 1}) {
		t.Errorf("none gives %v", got)
	}
}

func TestDynamicIsAFunctionOfSeedEpochAndRow(t *testing.T) {
	src := ramp(t)
	s := binarized(t, src, Dynamic, 5).(EpochSource)
	at := func(epoch uint64, rows ...int) []float32 {
		dst := make([]float32, len(rows)*13)
		if err := s.ReadEpoch(context.Background(), epoch, rows, dst); err != nil {
			t.Fatal(err)
		}
		return dst
	}
	whole := at(2, all(src)...)
	for _, r := range []int{39, 0, 17} {
		if !slices.Equal(at(2, r), whole[r*13:(r+1)*13]) {
			t.Errorf("row %d differs when it is read alone", r)
		}
	}
	if slices.Equal(whole, at(3, all(src)...)) {
		t.Error("two epochs have the same bits")
	}
	if slices.Equal(whole, read(t, binarized(t, src, Dynamic, 6), all(src)...)) {
		t.Error("two seeds have the same bits")
	}
	if !slices.Equal(at(0, 4, 9), read(t, s, 4, 9)) {
		t.Error("Read does not give epoch 0")
	}
}

// The share of ones must be the grey level, to 6 standard deviations of a binomial; 0 and 1 are never changed.
func TestDynamicDrawsFromBernoulli(t *testing.T) {
	levels := []float32{0, 0.01, 0.25, 0.5, 0.9, 1}
	const epochs = 20000
	s := binarized(t, open(t, writeNPY(t, wrap(t, levels, 1, len(levels))), Options{}), Dynamic, 1).(EpochSource)
	ones := make([]float64, len(levels))
	x := make([]float32, len(levels))
	for e := range uint64(epochs) {
		if err := s.ReadEpoch(context.Background(), e, []int{0}, x); err != nil {
			t.Fatal(err)
		}
		for i, v := range x {
			ones[i] += float64(v)
		}
	}
	for i, p := range levels {
		sd := math.Sqrt(epochs * float64(p) * (1 - float64(p)))
		if math.Abs(ones[i]-epochs*float64(p)) > 6*sd+1e-3 {
			t.Errorf("level %v is 1 in %v of %d epochs", p, ones[i], epochs)
		}
	}
}

func TestParseBinarize(t *testing.T) {
	for _, b := range []Binarize{None, Dynamic, Static, Threshold} {
		if got, err := ParseBinarize(b.String()); err != nil || got != b {
			t.Errorf("%v parses as %v, %v", b, got, err)
		}
	}
	if _, err := ParseBinarize("grey"); err == nil {
		t.Error("\"grey\" parses")
	}
}

func TestBinarizedSourcesMakeNoAllocation(t *testing.T) {
	src := ramp(t)
	rows, dst := []int{5, 30, 31}, make([]float32, 3*13)
	for _, how := range []Binarize{Dynamic, Static, Threshold} {
		s := binarized(t, src, how, 1)
		if n := testing.AllocsPerRun(100, func() {
			if err := s.Read(context.Background(), rows, dst); err != nil {
				t.Fatal(err)
			}
		}); n > 0 {
			t.Errorf("%v: %v allocations per read", how, n)
		}
	}
}

func BenchmarkBinarize(b *testing.B) {
	src := open(b, writeNPY(b, tensor.New(tensor.Uint8, 1000, 784)), Options{})
	rows, dst := all(src)[:100], make([]float32, 100*784)
	for _, how := range []Binarize{None, Dynamic, Static} {
		s := binarized(b, src, how, 1)
		b.Run(how.String(), func(b *testing.B) {
			for b.Loop() {
				if err := s.Read(context.Background(), rows, dst); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
