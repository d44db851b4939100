package picture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/elbo-ml/elbo/tensor"
)

func TestGridOfGreyImagesComesBack(t *testing.T) {
	x, _ := tensor.Wrap([]float32{0, 1, 1, 0, 0.2, 0.4, -5, 7, 1, 1, 1, 1}, 3, 2, 2)
	path := filepath.Join(t.TempDir(), "grid.png")
	if err := Write(path, x, Options{Gap: 1, White: true}); err != nil {
		t.Fatal(err)
	}
	got, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	// Two columns; the fourth place is unused and white.
	want := []float32{
		1, 1, 1, 1, 1, 1, 1,
		1, 0, 1, 1, 0.2, 0.4, 1,
		1, 1, 0, 1, 0, 1, 1,
		1, 1, 1, 1, 1, 1, 1,
		1, 1, 1, 1, 1, 1, 1,
		1, 1, 1, 1, 1, 1, 1,
		1, 1, 1, 1, 1, 1, 1,
	}
	if got.String() != "float32[7,7]" {
		t.Fatalf("read %v", got)
	}
	for i, v := range tensor.Data[float32](got) {
		if math.Abs(float64(v-want[i])) > 1e-6 {
			t.Errorf("pixel %d is %v, want %v", i, v, want[i])
		}
	}
}

func TestGridOfColourImagesComesBack(t *testing.T) {
	x, _ := tensor.Wrap([]float64{1, 0, 0, 1, 0.2, 0.6}, 1, 3, 1, 2)
	var b bytes.Buffer
	if err := Encode(&b, x, Options{Gap: -1}); err != nil {
		t.Fatal(err)
	}
	got, err := Decode(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != "float32[3,1,2]" {
		t.Fatalf("read %v", got)
	}
	for i, v := range tensor.Data[float32](got) {
		if math.Abs(float64(v)-tensor.Data[float64](x)[i]) > 1e-6 {
			t.Errorf("number %d is %v", i, v)
		}
	}
}

func TestGridIsNearSquare(t *testing.T) {
	for n, want := range map[int]image.Point{1: {30 + 2, 30 + 2}, 64: {8*30 + 2, 8*30 + 2}, 7: {3*30 + 2, 3*30 + 2}, 2: {2*30 + 2, 30 + 2}} {
		for _, row := range [][]int{{1, 28, 28}, {28, 28}, {784}} {
			m, err := Grid(tensor.New(tensor.Float32, append([]int{n}, row...)...), Options{})
			if err != nil {
				t.Fatal(err)
			}
			if got := m.Bounds().Size(); got != want {
				t.Errorf("%d images of %v make a grid of %v, want %v", n, row, got, want)
			}
		}
	}
}

func TestGridRefuses(t *testing.T) {
	nan := tensor.New(tensor.Float32, 1, 2, 2)
	tensor.Data[float32](nan)[3] = float32(math.NaN())
	for name, x := range map[string]*tensor.Tensor{
		"NaN":           nan,
		"two channels":  tensor.New(tensor.Float32, 1, 2, 4, 4),
		"a flat row":    tensor.New(tensor.Float32, 1, 560),
		"no images":     tensor.New(tensor.Float32, 0, 28, 28),
		"integers":      tensor.New(tensor.Int64, 1, 2, 2),
		"a huge canvas": tensor.New(tensor.Float32, 1<<18, 1, 1),
	} {
		o := Options{}
		if name == "a huge canvas" {
			o.Gap = 1000
		}
		if _, err := Grid(x, o); !errors.Is(err, ErrImage) {
			t.Errorf("%s: got error %v", name, err)
		}
	}
}

func TestWriteThatFailsLeavesTheOldFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "grid.png")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Write(path, tensor.New(tensor.Float32, 3), Options{}); err == nil {
		t.Error("a vector was written as a picture")
	}
	if got, _ := os.ReadFile(path); string(got) != "old" {
		t.Errorf("the old file holds %q", got)
	}
}

func TestDecodeRefusesABomb(t *testing.T) {
	var b bytes.Buffer
	if err := Encode(&b, tensor.New(tensor.Float32, 1, 2, 2), Options{}); err != nil {
		t.Fatal(err)
	}
	raw := b.Bytes()
	copy(raw[16:], []byte{0, 1, 0, 0, 0, 1, 0, 0}) // the width and height of the IHDR chunk
	binary.BigEndian.PutUint32(raw[29:], crc32.ChecksumIEEE(raw[12:29]))
	if _, err := Decode(bytes.NewReader(raw)); !errors.Is(err, ErrImage) || !strings.Contains(err.Error(), "more than") {
		t.Errorf("got error %v", err)
	}
}
