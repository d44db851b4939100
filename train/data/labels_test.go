package data

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/tensor/npy"
)

func TestLabelsOfEachFormat(t *testing.T) {
	dir := t.TempDir()
	raw := idxBytes([]byte{3, 0, 255}, 3)
	write(t, filepath.Join(dir, "train-labels-idx1-ubyte.gz"), zipped(t, raw))
	write(t, filepath.Join(dir, "t10k-labels-idx1-ubyte"), idxBytes([]byte{7}, 1))
	write(t, filepath.Join(dir, "train-images-idx3-ubyte"), idxBytes([]byte{7}, 1, 1, 1))
	numbers := filepath.Join(dir, "y.npy")
	if err := npy.Write(numbers, tensor.Vector[int64](2, -1, -7, 0)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, src, split string
		want             []int
	}{
		{"a folder's training labels", dir, "", []int{3, 0, 255}},
		{"a folder's test labels", dir, Test, []int{7}},
		{"a zipped file", filepath.Join(dir, "train-labels-idx1-ubyte.gz"), "", []int{3, 0, 255}},
		{"numbers, negative ones for none", numbers, "", []int{2, Unlabelled, Unlabelled, 0}},
	} {
		if got, err := OpenLabels(c.src, Options{Split: c.split}); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, %v", c.name, got, err)
		}
	}
}

func TestOpenLabelsRefuses(t *testing.T) {
	for _, c := range []struct {
		name    string
		content []byte
		kind    error
		word    string
	}{
		{"images", idxBytes([]byte{1, 2}, 2, 1, 1), ErrFormat, "magic"},
		{"truncated", idxBytes([]byte{1}, 2), ErrFormat, "2 labels"},
		{"too long", idxBytes([]byte{1, 2, 3}, 2), ErrFormat, "2 labels"},
		{"header cut", []byte{0, 0, 8, 1, 0}, ErrFormat, "header"},
		{"no end of labels", idxBytes(nil, 1<<31), ErrFormat, "more than"},
		{"none", idxBytes(nil, 0), ErrEmpty, ""},
		{"text", []byte("0,1,2"), ErrFormat, "neither"},
		{"nothing", nil, ErrFormat, "neither"},
	} {
		path := write(t, filepath.Join(t.TempDir(), "y-idx1-ubyte"), c.content)
		_, err := OpenLabels(path, Options{})
		mustFail(t, c.name, err, c.kind, c.word, path)
	}
	_, err := OpenLabels(t.TempDir(), Options{})
	mustFail(t, "a folder without labels", err, ErrEmpty, "holds no labels")
	_, err = OpenLabels(filepath.Join(t.TempDir(), "none"), Options{})
	mustFail(t, "a path that is not there", err, os.ErrNotExist)
	floats := filepath.Join(t.TempDir(), "y.npy")
	if err := npy.Write(floats, tensor.Vector[float32](1, 2)); err != nil {
		t.Fatal(err)
	}
	_, err = OpenLabels(floats, Options{})
	mustFail(t, "floats", err, ErrFormat, "whole numbers")
}

func TestCheckLabels(t *testing.T) {
	src := open(t, "glyphs:4", Options{})
	for _, c := range []struct {
		name    string
		labels  []int
		classes int
		word    string
	}{
		{"too few", []int{0, 1, 1}, 2, "3 labels for the 4 rows"},
		{"out of range", []int{0, 1, 2, 0}, 2, "row 2 is 2, with 2 classes it is 0 to 1"},
		{"below zero", []int{0, 1, -2, 0}, 2, "row 2 is -2"},
		{"a class without examples", []int{0, 1, 1, Unlabelled}, 3, "class 2 has no example"},
		{"one class", []int{0, 0, 0, 0}, 1, "1 classes"},
	} {
		mustFail(t, c.name, CheckLabels(src, c.labels, c.classes), ErrLabels, c.word)
	}
	if err := CheckLabels(src, []int{0, Unlabelled, 1, Unlabelled}, 2); err != nil {
		t.Error(err)
	}
	_, err := WithLabels(src, []int{0, Unlabelled, 1, 0}, 2)
	mustFail(t, "a row without a label", err, ErrLabels, "row 1")
}

func TestBalancedPicksAsManyOfEachClass(t *testing.T) {
	var labels []int
	for i := range 97 {
		labels = append(labels, []int{0, 1, 2, Unlabelled, 2, 1}[i%6])
	}
	picked, rest, err := Balanced(labels, 3, 12, 5)
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range picked {
		if labels[row] != i%3 {
			t.Errorf("pick %d is row %d of class %d", i, row, labels[row])
		}
	}
	all := append(slices.Clone(picked), rest...)
	slices.Sort(all)
	if len(slices.Compact(all)) != 97 || !slices.IsSorted(rest) {
		t.Errorf("%d picked and %d left of 97", len(picked), len(rest))
	}
	again, _, _ := Balanced(labels, 3, 12, 5)
	other, _, _ := Balanced(labels, 3, 12, 6)
	if !slices.Equal(picked, again) || slices.Equal(picked, other) {
		t.Error("the seed does not decide which")
	}
	for _, c := range []struct {
		name       string
		labels     []int
		classes, n int
		word       string
	}{
		{"not divisible", labels, 3, 10, "10 labels cannot be shared equally by 3"},
		{"too few of a class", labels, 3, 60, "class 0 has 17 examples, not the 20"},
		{"out of range", labels, 2, 4, "with 2 classes it is 0 to 1"},
	} {
		_, _, err := Balanced(c.labels, c.classes, c.n, 1)
		mustFail(t, c.name, err, ErrLabels, c.word)
	}
}

// Rows with labels, picked, binarised: x is as it would be alone, and the labels stay.
func TestLabelledRowsThroughPickAndBinarisation(t *testing.T) {
	glyphs := open(t, "glyphs:20", Options{})
	labels := make([]int, 20)
	for i := range labels {
		labels[i] = i % 10
	}
	both, err := WithLabels(glyphs, labels, 10)
	if err != nil {
		t.Fatal(err)
	}
	some, err := Pick(both, []int{13, 4})
	if err != nil {
		t.Fatal(err)
	}
	if both.Name() == glyphs.Name() || some.Name() == both.Name() {
		t.Error("the names do not tell the sources apart")
	}
	got, want := read(t, some, 1, 0), read(t, glyphs, 4, 13)
	if !slices.Equal(got[:784], want[:784]) || !slices.Equal(got[794:2*794-10], want[784:]) || got[784+4] != 1 || got[794+784+3] != 1 {
		t.Error("rows 4 and 13 are not in their places with labels 4 and 3")
	}
	binary, err := NewBinarized(some, Dynamic, 1)
	if err != nil {
		t.Fatal(err)
	}
	dst := make([]float32, 794)
	if err := binary.(EpochSource).ReadEpoch(t.Context(), 3, []int{0}, dst); err != nil {
		t.Fatal(err)
	}
	sum := float32(0)
	for _, v := range dst[784:] {
		sum += v
	}
	if dst[784+3] != 1 || sum != 1 {
		t.Errorf("the label became %v", dst[784:])
	}
	if _, err := Pick(both, []int{20}); err == nil {
		t.Error("row 20 of 20 was picked")
	}
	_, err = Pick(both, nil)
	mustFail(t, "no rows", err, ErrEmpty)
}

func TestFromTensor(t *testing.T) {
	x := tensor.New(tensor.Float32, 3, 2)
	copy(tensor.Data[float32](x), []float32{-1, 2, 3, 4, 5, 6})
	s, err := FromTensor("features", x)
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, s, 2, 0); !slices.Equal(got, []float32{5, 6, -1, 2}) {
		t.Errorf("rows 2 and 0 are %v", got)
	}
	y := tensor.New(tensor.Float32, 3, 2)
	other, err := FromTensor("features", y)
	if err != nil || other.Name() == s.Name() {
		t.Errorf("other numbers have the same name: %v", err)
	}
	tensor.Data[float32](y)[3] /= tensor.Data[float32](y)[3]
	_, err = FromTensor("features", y)
	mustFail(t, "NaN", err, ErrRange, "row 1", "element 1")
	_, err = FromTensor("features", tensor.New(tensor.Float32, 0, 2))
	mustFail(t, "no rows", err, ErrEmpty)
	_, err = FromTensor("features", tensor.New(tensor.Float64, 2, 2))
	mustFail(t, "another type", err, ErrFormat)
}

// The label of a glyph is the digit it shows: drawn from one font without a hand's variation it would be the same picture,
// and with it the mean pictures of two digits lie further apart than those of two halves of one digit.
func TestGlyphsHaveLabels(t *testing.T) {
	src := open(t, "glyphs:2000?size=12&seed=3", Options{Split: Test})
	labels, err := OpenLabels("glyphs:2000?size=12&seed=3", Options{Split: Test})
	if err != nil || CheckLabels(src, labels, 10) != nil {
		t.Fatal(err, CheckLabels(src, labels, 10))
	}
	var mean [2][10][144]float64
	var n [2][10]float64
	for row, y := range labels {
		for i, v := range read(t, src, row) {
			mean[row%2][y][i] += float64(v)
		}
		n[row%2][y]++
	}
	apart := func(a, b, half int) float64 {
		sum := 0.0
		for i := range 144 {
			d := mean[0][a][i]/n[0][a] - mean[half][b][i]/n[half][b]
			sum += d * d
		}
		return sum
	}
	for a := range 10 {
		for b := range 10 {
			if a != b && apart(a, a, 1) > apart(a, b, 1) {
				t.Errorf("the mean %d of one half is nearer to %d of the other", a, b)
			}
		}
	}
}
