package runtime

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
	"pgregory.net/rapid"
)

// The vectors are those of Random123's kat_vectors file.
func TestPhiloxKnownAnswers(t *testing.T) {
	const f = 0xffffffff
	for _, c := range []struct {
		name string
		ctr  [4]uint32
		key  [2]uint32
		want [4]uint32
	}{
		{"zeros", [4]uint32{}, [2]uint32{}, [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{"ones", [4]uint32{f, f, f, f}, [2]uint32{f, f}, [4]uint32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
		{"digits of pi", [4]uint32{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, [2]uint32{0xa4093822, 0x299f31d0},
			[4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
	} {
		if got := philox(c.ctr, c.key); got != c.want {
			t.Errorf("%s: %08x, want %08x", c.name, got, c.want)
		}
	}
}

var kinds = map[string]func(Noise, uint64, []float32){
	"normal":  Noise.Normal,
	"uniform": Noise.Uniform,
}

// Saved samples would change without notice if these numbers did.
func TestNoiseStaysWhatItIs(t *testing.T) {
	n := Noise{Seed: 7, Stream: 1}
	want := map[string][]float32{
		"uniform": {0.48480678, 0.79903823, 0.93511593, 0.57587266, 0.51864433},
		"normal":  {0.08659821, 2.0518446, -0.85255945, 0.80269915, 1.673633},
	}
	for name, fill := range kinds {
		got := make([]float32, 5)
		fill(n, 3, got)
		for i := range got {
			if len(want[name]) != len(got) || math.Abs(float64(got[i]-want[name][i])) > 1e-6 {
				t.Errorf("%s: %v, want %v", name, got, want[name])
				break
			}
		}
	}
}

func TestNoiseOfAShorterRowIsAPrefix(t *testing.T) {
	for name, fill := range kinds {
		rapid.Check(t, func(t *rapid.T) {
			n := Noise{Seed: rapid.Uint64().Draw(t, "seed"), Stream: rapid.Uint64().Draw(t, "stream")}
			row := rapid.Uint64().Draw(t, "row")
			long := make([]float32, rapid.IntRange(0, 40).Draw(t, "long"))
			short := make([]float32, rapid.IntRange(0, len(long)).Draw(t, "short"))
			fill(n, row, long)
			fill(n, row, short)
			if !slices.Equal(short, long[:len(short)]) {
				t.Fatalf("%s: %v does not start %v", name, short, long)
			}
		})
	}
}

func TestNoiseAgainstItsTwin(t *testing.T) {
	for name, f := range map[string]struct {
		fill, twin func(dst []float32, ctr [4]uint32, key [2]uint32)
	}{"uniform": {uniform, uniformGo}, "normal": {normal, normalGo}} {
		rapid.Check(t, func(t *rapid.T) {
			var ctr [4]uint32
			var key [2]uint32
			for i := range ctr {
				ctr[i] = rapid.Uint32().Draw(t, "counter")
			}
			for i := range key {
				key[i] = rapid.Uint32().Draw(t, "key")
			}
			got := make([]float32, rapid.IntRange(0, 100).Draw(t, "n")+1)
			want := make([]float32, len(got))
			last := len(got) - 1
			f.fill(got[:last], ctr, key)
			f.twin(want[:last], ctr, key)
			if !slices.EqualFunc(got, want, func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) }) {
				t.Fatalf("%s: %v, want %v", name, got, want)
			}
		})
	}
	// A million more, which meet every octave of the radius down to 2^-20 and every eighth of a turn.
	got, want := make([]float32, 1<<20), make([]float32, 1<<20)
	normal(got, [4]uint32{1, 2, 3, 4}, [2]uint32{5, 6})
	normalGo(want, [4]uint32{1, 2, 3, 4}, [2]uint32{5, 6})
	if !slices.Equal(got, want) {
		t.Error("a million normals differ from those of the Go loop")
	}
}

// Words become what the formula says, in float32: at the ends, where the logarithm changes its form, and between.
func TestBoxMullerAgainstFloat64(t *testing.T) {
	words := []uint32{0, 1, 2, 3, 100, 1<<24 - 1, 1 << 24, 1<<31 - 1, 1 << 31, 0xb504f332, 0xb504f333, 0xb504f3ff, 0xb504f400,
		1<<32 - 1<<24, 1<<32 - 3, 1<<32 - 2, 1<<32 - 1, 1<<29 - 1, 1 << 29, 3<<29 - 1, 3 << 29, 7 << 29, 1 << 30, 3 << 30}
	for i := range uint32(4096) {
		words = append(words, i*1048583, philox([4]uint32{i}, [2]uint32{})[0])
	}
	for i, u1 := range words {
		u2 := words[len(words)-1-i]
		log := math.Log((float64(u1) + 1) / (1 << 32))
		if got := float64(logWord(u1)); math.Abs(got-log) > 2e-7*math.Abs(log) {
			t.Errorf("log((%d+1)/2^32) is %v, want %v", u1, got, log)
		}
		sin, cos := math.Sincos(float64(u2) * (2 * math.Pi / (1 << 32)))
		gotSin, gotCos := sincosWord(u2)
		if math.Abs(float64(gotSin)-sin) > 1e-7 || math.Abs(float64(gotCos)-cos) > 1e-7 {
			t.Errorf("sin and cos of %d/2^32 turns are %v, %v, want %v, %v", u2, gotSin, gotCos, sin, cos)
		}
		r := math.Sqrt(-2 * log)
		if z, w := boxMuller(u1, u2); math.Abs(float64(z)-r*cos) > 1e-6 || math.Abs(float64(w)-r*sin) > 1e-6 {
			t.Errorf("words %d and %d make %v and %v, want %v and %v", u1, u2, z, w, r*cos, r*sin)
		}
	}
}

// draw makes rows of one noise, one after the other.
func draw(fill func(Noise, uint64, []float32), n Noise, rows, width int) []float64 {
	out := make([]float64, 0, rows*width)
	buf := make([]float32, width)
	for r := range rows {
		fill(n, uint64(r), buf)
		for _, v := range buf {
			out = append(out, float64(v))
		}
	}
	return out
}

func TestNoiseMoments(t *testing.T) {
	const rows, width = 10000, 21
	sd := 1 / math.Sqrt(rows*width)
	for _, c := range []struct {
		name                        string
		mean, variance, skew, exkur float64
		cdf                         func(float64) float64
	}{
		{"normal", 0, 1, 0, 0, distuv.UnitNormal.CDF},
		{"uniform", 0.5, 1.0 / 12, 0, -1.2, distuv.UnitUniform.CDF},
	} {
		x := draw(kinds[c.name], Noise{Seed: 11}, rows, width)
		mean, variance := stat.MeanVariance(x, nil)
		near := func(what string, got, want, tol float64) {
			if math.Abs(got-want) > tol {
				t.Errorf("%s: %s %v, want %v within %v", c.name, what, got, want, tol)
			}
		}
		near("mean", mean, c.mean, 4*sd)
		near("variance", variance, c.variance, 6*sd)
		near("skewness", stat.Skew(x, nil), c.skew, 10*sd)
		near("excess kurtosis", stat.ExKurtosis(x, nil), c.exkur, 20*sd)

		// Kolmogorov and Smirnov: sqrt(n) D exceeds 2 with probability 2 exp(-8) = 0.0007.
		slices.Sort(x)
		d := 0.0
		for i, v := range x {
			d = max(d, math.Abs(c.cdf(v)-(float64(i)+0.5)/float64(len(x))))
		}
		if d > 2*sd {
			t.Errorf("%s: largest distance from the distribution function %v, want below %v", c.name, d, 2*sd)
		}
	}
}

func TestNoiseRange(t *testing.T) {
	for _, v := range draw(Noise.Uniform, Noise{Seed: 5}, 1000, 64) {
		if v < 0 || v >= 1 || v*(1<<24) != math.Trunc(v*(1<<24)) {
			t.Fatalf("uniform %v is not a multiple of 2^-24 in [0, 1)", v)
		}
	}
	for _, u := range []uint32{0, 1, math.MaxUint32} {
		for _, v := range []uint32{0, 1 << 30, math.MaxUint32} {
			a, b := boxMuller(u, v)
			if r := math.Hypot(float64(a), float64(b)); !(r <= 6.67) {
				t.Errorf("boxMuller(%d, %d) = %v, %v", u, v, a, b)
			}
		}
	}
}

func TestNoiseIsIndependentAcross(t *testing.T) {
	const rows, width = 200, 100
	base := Noise{Seed: 1, Stream: 2}
	for name, fill := range kinds {
		a := draw(fill, base, rows, width)
		shifted := func(n Noise, row uint64, dst []float32) { fill(n, row+rows, dst) }
		high := func(n Noise, row uint64, dst []float32) { fill(n, row|1<<32, dst) }
		for other, b := range map[string][]float64{
			"rows":           draw(shifted, base, rows, width),
			"rows past 2^32": draw(high, base, rows, width),
			"seeds":          draw(fill, Noise{Seed: 3, Stream: 2}, rows, width),
			"high seeds":     draw(fill, Noise{Seed: 1 | 1<<32, Stream: 2}, rows, width),
			"streams":        draw(fill, Noise{Seed: 1, Stream: 3}, rows, width),
			"high streams":   draw(fill, Noise{Seed: 1, Stream: 2 | 1<<32}, rows, width),
			"swapped":        draw(fill, Noise{Seed: 2, Stream: 1}, rows, width),
			"elements":       append(slices.Clone(a[1:]), a[0]),
		} {
			if r := stat.Correlation(a, b, nil); math.Abs(r) > 4/math.Sqrt(rows*width) {
				t.Errorf("%s: correlation %v across %s", name, r, other)
			}
		}
	}
	normal, uniform := draw(Noise.Normal, base, rows, width), draw(Noise.Uniform, base, rows, width)
	if r := stat.Correlation(normal, uniform, nil); math.Abs(r) > 4/math.Sqrt(rows*width) {
		t.Errorf("correlation %v between normal and uniform", r)
	}
}

func TestNoiseDoesNotAllocate(t *testing.T) {
	dst := make([]float32, 21)
	for name, fill := range kinds {
		if got := testing.AllocsPerRun(50, func() { fill(Noise{Seed: 1}, 2, dst) }); got != 0 {
			t.Errorf("%s: %v allocations", name, got)
		}
	}
}

func BenchmarkNoise(b *testing.B) {
	for _, c := range []struct {
		name  string
		width int
	}{{"normal", 20}, {"normal", 1_000_000}, {"uniform", 784}} {
		b.Run(fmt.Sprintf("%s/%d", c.name, c.width), func(b *testing.B) {
			dst := make([]float32, c.width)
			row := uint64(0)
			for b.Loop() {
				kinds[c.name](Noise{Seed: 1}, row, dst)
				row++
			}
			b.SetBytes(int64(4 * c.width))
		})
	}
}
