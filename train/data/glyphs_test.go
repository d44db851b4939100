package data

import (
	"context"
	"slices"
	"sync"
	"testing"
)

func TestGlyphsAreAFunctionOfSeedSplitAndRow(t *testing.T) {
	s := open(t, "glyphs:100?size=28&seed=1", Options{})
	whole := read(t, s, all(s)...)
	const size = 28 * 28
	if !slices.Equal(read(t, s, 50, 3), append(slices.Clone(whole[50*size:51*size]), whole[3*size:4*size]...)) {
		t.Error("rows 50 and 3 differ when they are read alone")
	}
	longer := open(t, "glyphs:?seed=1", Options{})
	if !slices.Equal(read(t, longer, 99), whole[99*size:]) {
		t.Error("row 99 depends on the number of rows")
	}
	for name, other := range map[string]Source{
		"test split": open(t, "glyphs:100?seed=1", Options{Split: Test}),
		"seed":       open(t, "glyphs:100?seed=2", Options{}),
	} {
		rows := read(t, other, all(other)...)
		for i := range 100 {
			for j := range 100 {
				if slices.Equal(rows[i*size:(i+1)*size], whole[j*size:(j+1)*size]) {
					t.Fatalf("%s: row %d is row %d of the first set", name, i, j)
				}
			}
		}
	}
}

func TestGlyphsAreDigitsOnADarkGround(t *testing.T) {
	s := open(t, "glyphs:200", Options{})
	x := read(t, s, all(s)...)
	for row := range 200 {
		ink, edge := float32(0), float32(0)
		for i, v := range x[row*784 : (row+1)*784] {
			ink += v
			if y, x := i/28, i%28; y == 0 || y == 27 || x == 0 || x == 27 {
				edge += v
			}
		}
		// MNIST's digits have 19 to 312 units of ink, 101 on average.
		if ink < 20 || ink > 320 || edge > 0 {
			t.Errorf("row %d: %v units of ink, %v of them on the edge", row, ink, edge)
		}
	}
}

func TestGlyphsSpecs(t *testing.T) {
	for spec, want := range map[string]string{
		"glyphs:":                    "glyphs train seed 0 (60000 x 28x28)",
		"glyphs:5?size=16&seed=9":    "glyphs train seed 9 (5 x 16x16)",
		"glyphs:?size=8":             "glyphs train seed 0 (60000 x 8x8)",
		"glyphs:10000000?seed=1":     "glyphs train seed 1 (10000000 x 28x28)",
		"glyphs:1?size=256&seed=1e3": "",
		"glyphs:1?size=257":          "",
		"glyphs:0":                   "",
		"glyphs:x":                   "",
		"glyphs:5?colour=red":        "",
		"glyphs:5?%zz":               "",
	} {
		s, err := Open(spec, Options{})
		switch {
		case want == "" && err == nil:
			t.Errorf("%s was accepted as %s", spec, s.Name())
		case want != "" && (err != nil || s.Name() != want):
			t.Errorf("%s gives %v, %v", spec, s, err)
		}
	}
	if s := open(t, "glyphs:", Options{Split: Test}); s.Len() != 10000 {
		t.Errorf("%d test rows", s.Len())
	}
}

func TestGlyphsConcurrently(t *testing.T) {
	s := open(t, "glyphs:64", Options{})
	want := read(t, s, all(s)...)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			got := make([]float32, len(want))
			if err := s.Read(context.Background(), all(s), got); err != nil || !slices.Equal(got, want) {
				t.Errorf("concurrent reads differ: %v", err)
			}
		})
	}
	group.Wait()
}

func BenchmarkGlyphs(b *testing.B) {
	s := open(b, "glyphs:", Options{})
	rows, dst := all(s)[:100], make([]float32, 100*784)
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Read(context.Background(), rows, dst); err != nil {
			b.Fatal(err)
		}
	}
}
