package data

import (
	"bytes"
	"context"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
	"path/filepath"
	"slices"
	"testing"
)

func pngBytes(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func grey(w, h int, pix ...uint8) image.Image {
	m := image.NewGray(image.Rect(0, 0, w, h))
	copy(m.Pix, pix)
	return m
}

func colour(w, h int, pixels ...color.NRGBA) image.Image {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i, c := range pixels {
		m.SetNRGBA(i%w, i/w, c)
	}
	return m
}

func TestFolderOfGreyImagesInTheOrderOfTheirNames(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "faces")
	write(t, filepath.Join(dir, "b.PNG"), pngBytes(t, grey(2, 1, 0, 255)))
	write(t, filepath.Join(dir, "a.png"), pngBytes(t, grey(2, 1, 51, 102)))
	write(t, filepath.Join(dir, "notes.txt"), []byte("not an image"))
	s := open(t, dir, Options{})
	if s.Name() != "faces (2 x 1x2)" {
		t.Errorf("name is %q", s.Name())
	}
	if got, want := read(t, s, 1, 0), []float32{0, 1, 0.2, 0.4}; !slices.Equal(got, want) {
		t.Errorf("read %v, want %v", got, want)
	}
}

func TestFolderOfColourImages(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "train", "a.png"), pngBytes(t, colour(2, 1, color.NRGBA{255, 0, 0, 255}, color.NRGBA{0, 51, 255, 255})))
	write(t, filepath.Join(dir, "test", "a.png"), pngBytes(t, colour(2, 1, color.NRGBA{255, 255, 255, 255}, color.NRGBA{255, 255, 255, 0})))
	s := open(t, dir, Options{})
	if !slices.Equal(s.Shape(), []int{3, 1, 2}) {
		t.Fatalf("shape is %v", s.Shape())
	}
	if got, want := read(t, s, 0), []float32{1, 0, 0, 0.2, 0, 1}; !slices.Equal(got, want) {
		t.Errorf("read %v, want %v", got, want)
	}
	if got, want := read(t, open(t, dir, Options{Split: Test}), 0), []float32{1, 0, 1, 0, 1, 0}; !slices.Equal(got, want) {
		t.Errorf("test split with a transparent pixel: read %v, want %v", got, want)
	}
	g := open(t, dir, Options{Grey: true})
	if !slices.Equal(g.Shape(), []int{1, 2}) {
		t.Fatalf("grey shape is %v", g.Shape())
	}
	// Luma of ITU-R 601: 0.299 red + 0.587 green + 0.114 blue.
	for i, want := range []float64{0.299, 0.587*0.2 + 0.114} {
		if got := read(t, g, 0)[i]; math.Abs(float64(got)-want) > 1e-3 {
			t.Errorf("grey pixel %d is %v, want %v", i, got, want)
		}
	}
}

func TestFolderOfJPEGs(t *testing.T) {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, grey(8, 8, bytes.Repeat([]byte{128}, 64)...), nil); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.jpg"), b.Bytes())
	write(t, filepath.Join(dir, "b.jpeg"), b.Bytes())
	for i, v := range read(t, open(t, dir, Options{}), 0, 1) {
		if math.Abs(float64(v)-128.0/255) > 0.01 {
			t.Fatalf("pixel %d is %v", i, v)
		}
	}
}

func TestFolderOfImagesRefuses(t *testing.T) {
	first := pngBytes(t, grey(2, 1, 0, 255))
	bomb := slices.Clone(first)
	copy(bomb[16:], []byte{0, 0, 0x40, 0, 0, 0, 0x40, 0})
	fixSum(bomb)
	for _, c := range []struct {
		name   string
		second []byte
		words  []string
	}{
		{"another size", pngBytes(t, grey(1, 2, 0, 255)), []string{"b.png is 1 x 2", "a.png is 2 x 1"}},
		{"another kind", pngBytes(t, colour(2, 1)), []string{"b.png is in colour", "a.png is grey"}},
		{"no image", []byte("hello"), []string{"b.png"}},
		{"a bomb", bomb, []string{"b.png", "more than"}},
	} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "a.png"), first)
		write(t, filepath.Join(dir, "b.png"), c.second)
		_, err := Open(dir, Options{})
		mustFail(t, c.name, err, ErrFormat, c.words...)
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.png"), first)
	path := write(t, filepath.Join(dir, "b.png"), first)
	s := open(t, dir, Options{})
	write(t, path, pngBytes(t, grey(1, 2)))
	mustFail(t, "changed since it was opened", s.Read(context.Background(), []int{1}, make([]float32, 2)), ErrFormat, "row 1", "b.png is 1 x 2")
	write(t, path, first[:len(first)-20])
	mustFail(t, "cut since it was opened", s.Read(context.Background(), []int{1}, make([]float32, 2)), ErrFormat, "row 1", "b.png")
}

// fixSum makes the checksum of a PNG's header right again.
func fixSum(raw []byte) {
	sum := crc32.ChecksumIEEE(raw[12:29])
	copy(raw[29:], []byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)})
}
