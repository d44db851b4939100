// Package picture turns tensors of images into PNG files: one image, or a grid of them.
package picture

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"os"

	"github.com/elbo-ml/elbo/tensor"
	"github.com/elbo-ml/elbo/tensor/atomicfile"
)

// ErrImage is wrapped by every error about a tensor that is not a set of images, or a file that is not a readable one.
var ErrImage = errors.New("not a picture")

// maxPixels bounds the pictures that are made and read.
const maxPixels = 1 << 28

// Options say how a grid looks. The zero value is near-square, with a gap of 2 black pixels.
type Options struct {
	// Columns is the number of images in a row; 0 makes the grid near-square.
	Columns int
	// Gap is the number of pixels between images and around them; 0 is 2, negative is none.
	Gap int
	// White makes gaps and unused places white.
	White bool
}

// Grid lays out images in rows, from left to right and from top to bottom. t is [n,h,w] or [n,1,h,w] for grey ones,
// [n,3,h,w] for colour, or [n,h*h] for grey squares, in float32 or float64; numbers below 0 are shown as 0 and those above 1 as 1, NaN is an error.
func Grid(t *tensor.Tensor, o Options) (image.Image, error) {
	n, channels, h, w, err := layout(t.Shape())
	if err != nil {
		return nil, err
	}
	gap := o.Gap
	switch {
	case gap == 0:
		gap = 2
	case gap < 0:
		gap = 0
	}
	columns := o.Columns
	if columns <= 0 {
		columns = int(math.Ceil(math.Sqrt(float64(n))))
	}
	columns = min(columns, n)
	rows := (n + columns - 1) / columns
	width, height := columns*(w+gap)+gap, rows*(h+gap)+gap
	if width > maxPixels/height {
		return nil, fmt.Errorf("picture: grid: %d x %d pixels, more than %d: show fewer images: %w", width, height, maxPixels, ErrImage)
	}
	at, err := reader(t)
	if err != nil {
		return nil, err
	}
	c := canvas{gap: gap, w: w, h: h, columns: columns, at: at}
	if channels == 1 {
		return c.grey(n, width, height, o.White)
	}
	return c.colour(n, width, height, o.White)
}

// Shows reports whether Grid takes tensors of this shape, [n, ...].
func Shows(shape tensor.Shape) bool {
	_, _, _, _, err := layout(shape)
	return err == nil
}

func layout(s tensor.Shape) (n, channels, h, w int, err error) {
	switch {
	case len(s) == 3:
		n, channels, h, w = s[0], 1, s[1], s[2]
	case len(s) == 2 && side(s[1])*side(s[1]) == s[1]:
		n, channels, h, w = s[0], 1, side(s[1]), side(s[1])
	case len(s) == 4 && (s[1] == 1 || s[1] == 3):
		n, channels, h, w = s[0], s[1], s[2], s[3]
	default:
		return 0, 0, 0, 0, fmt.Errorf("picture: grid: %v is not [n,h,w], [n,1,h,w], [n,3,h,w] or rows of squares [n,h*h]: %w", s, ErrImage)
	}
	if s.Size() == 0 || h > maxPixels || w > maxPixels || n > maxPixels {
		return 0, 0, 0, 0, fmt.Errorf("picture: grid: nothing to show in %v: %w", s, ErrImage)
	}
	return n, channels, h, w, nil
}

// side is the side of the square that a row of so many numbers may be.
func side(n int) int { return int(math.Round(math.Sqrt(float64(n)))) }

// reader gives element i of t, as a byte.
func reader(t *tensor.Tensor) (func(i int) (uint8, error), error) {
	switch t.DType() {
	case tensor.Float32:
		data := tensor.Data[float32](t)
		return func(i int) (uint8, error) { return level(i, float64(data[i])) }, nil
	case tensor.Float64:
		data := tensor.Data[float64](t)
		return func(i int) (uint8, error) { return level(i, data[i]) }, nil
	}
	return nil, fmt.Errorf("picture: grid: %v images, need float32 or float64 in [0,1]: %w", t.DType(), ErrImage)
}

func level(i int, v float64) (uint8, error) {
	if v != v {
		return 0, fmt.Errorf("picture: grid: element %d is NaN: %w", i, ErrImage)
	}
	return uint8(math.Round(255 * min(max(v, 0), 1))), nil
}

type canvas struct {
	gap, w, h, columns int
	at                 func(i int) (uint8, error)
}

// corner is where image k begins.
func (c canvas) corner(k int) (x, y int) {
	return c.gap + k%c.columns*(c.w+c.gap), c.gap + k/c.columns*(c.h+c.gap)
}

func (c canvas) grey(n, width, height int, white bool) (image.Image, error) {
	m := image.NewGray(image.Rect(0, 0, width, height))
	if white {
		fill(m.Pix, 255)
	}
	for i := range n * c.h * c.w {
		v, err := c.at(i)
		if err != nil {
			return nil, err
		}
		x, y := c.corner(i / (c.h * c.w))
		m.Pix[(y+i/c.w%c.h)*m.Stride+x+i%c.w] = v
	}
	return m, nil
}

func (c canvas) colour(n, width, height int, white bool) (image.Image, error) {
	m := image.NewNRGBA(image.Rect(0, 0, width, height))
	fill(m.Pix, 255)
	if !white {
		for i := range m.Pix {
			if i%4 != 3 {
				m.Pix[i] = 0
			}
		}
	}
	plane := c.h * c.w
	for i := range n * 3 * plane {
		v, err := c.at(i)
		if err != nil {
			return nil, err
		}
		x, y := c.corner(i / (3 * plane))
		m.Pix[m.PixOffset(x+i%c.w, y+i/c.w%c.h)+i/plane%3] = v
	}
	return m, nil
}

func fill(pix []uint8, v uint8) {
	for i := range pix {
		pix[i] = v
	}
}

// Encode writes the grid of t to w as PNG.
func Encode(w io.Writer, t *tensor.Tensor, o Options) error {
	m, err := Grid(t, o)
	if err != nil {
		return err
	}
	if err := png.Encode(w, m); err != nil {
		return fmt.Errorf("picture: encode: %w", err)
	}
	return nil
}

// Write writes the grid of t to path as a PNG file, whole or not at all. An existing file is replaced.
func Write(path string, t *tensor.Tensor, o Options) error {
	m, err := Grid(t, o)
	if err != nil {
		return err
	}
	if err := atomicfile.Write(path, func(w io.Writer) error { return png.Encode(w, m) }); err != nil {
		return fmt.Errorf("picture: write %s: %w", path, err)
	}
	return nil
}

// Read reads a PNG file as float32 in [0,1]: [h,w] when it is grey, [3,h,w] in colour.
func Read(path string) (*tensor.Tensor, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("picture: read: %w", err)
	}
	defer f.Close()
	t, err := Decode(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}

// Decode is Read from r, which must be able to go back to its start.
func Decode(r io.ReadSeeker) (*tensor.Tensor, error) {
	c, err := png.DecodeConfig(r)
	if err != nil {
		return nil, fmt.Errorf("picture: decode: %w: %w", err, ErrImage)
	}
	if c.Width <= 0 || c.Height <= 0 || c.Width > maxPixels/c.Height {
		return nil, fmt.Errorf("picture: decode: %d x %d pixels, more than %d: %w", c.Width, c.Height, maxPixels, ErrImage)
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("picture: decode: %w", err)
	}
	m, err := png.Decode(r)
	if err != nil {
		return nil, fmt.Errorf("picture: decode: %w: %w", err, ErrImage)
	}
	return fromImage(m), nil
}

func fromImage(m image.Image) *tensor.Tensor {
	b := m.Bounds()
	w, h := b.Dx(), b.Dy()
	if m.ColorModel() == color.GrayModel || m.ColorModel() == color.Gray16Model {
		t := tensor.New(tensor.Float32, h, w)
		data := tensor.Data[float32](t)
		for i := range data {
			v, _, _, _ := m.At(b.Min.X+i%w, b.Min.Y+i/w).RGBA()
			data[i] = float32(v) / 0xffff
		}
		return t
	}
	t := tensor.New(tensor.Float32, 3, h, w)
	data := tensor.Data[float32](t)
	for i := range w * h {
		red, green, blue, _ := m.At(b.Min.X+i%w, b.Min.Y+i/w).RGBA()
		data[i], data[w*h+i], data[2*w*h+i] = float32(red)/0xffff, float32(green)/0xffff, float32(blue)/0xffff
	}
	return t
}
