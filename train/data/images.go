package data

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	_ "image/jpeg" // a format that folders of images hold
	_ "image/png"  // likewise
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/elbo-ml/elbo/tensor"
)

const (
	// maxPixels bounds the size that an image's header may claim, so that a small file cannot take much memory.
	maxPixels = 1 << 25
	// maxImageBytes bounds the file itself.
	maxImageBytes = 1 << 28
	// checkAhead is how many images have their size checked when a folder is opened; the others when they are read.
	checkAhead = 2048
)

// images is a folder of pictures of one size, decoded when they are read.
type images struct {
	dir, name string
	files     []string // sorted
	shape     []int    // [height, width], or [3, height, width] in colour
	grey      bool
}

// openImages opens a folder of images, or the folder of the split below it.
func openImages(dir string, o Options) (Source, error) {
	name := fileTitle(dir)
	if info, err := os.Stat(filepath.Join(dir, o.Split)); err == nil && info.IsDir() {
		dir, name = filepath.Join(dir, o.Split), name+" "+o.Split
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("data: open: %w", err)
	}
	s := &images{dir: dir, grey: o.Grey}
	for _, e := range entries {
		switch strings.ToLower(filepath.Ext(e.Name())) {
		case ".png", ".jpg", ".jpeg":
			s.files = append(s.files, e.Name())
		}
	}
	if len(s.files) == 0 {
		return nil, fmt.Errorf("data: open %s: the folder holds neither IDX files (*-idx3-ubyte, *-idx3-ubyte.gz) nor PNG or JPEG images: %w", dir, ErrEmpty)
	}
	slices.Sort(s.files)
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("data: open %w", err)
	}
	s.name = title(name, len(s.files), s.shape)
	return s, nil
}

// check takes the shape from the first image and holds the next ones against it.
func (s *images) check() error {
	for row := range min(len(s.files), checkAhead) {
		err := s.open(row, func(f *os.File, c image.Config) error {
			if s.shape != nil {
				return s.fits(row, c)
			}
			s.shape = []int{c.Height, c.Width}
			if !s.grey && !isGrey(c.ColorModel) {
				s.shape = append([]int{3}, s.shape...)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func isGrey(m color.Model) bool { return m == color.GrayModel || m == color.Gray16Model }

func (s *images) path(row int) string { return filepath.Join(s.dir, s.files[row]) }

// open hands a file, at its start, and its header to use.
func (s *images) open(row int, use func(f *os.File, c image.Config) error) error {
	f, err := os.Open(s.path(row))
	if err != nil {
		return err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || info.Size() > maxImageBytes {
		return errors.Join(fmt.Errorf("%s: larger than %d bytes: %w", s.path(row), maxImageBytes, ErrFormat), err)
	}
	c, _, err := image.DecodeConfig(bufio.NewReader(f))
	if err != nil {
		return fmt.Errorf("%s: %w: %w", s.path(row), err, ErrFormat)
	}
	if c.Width <= 0 || c.Height <= 0 || c.Width > maxPixels/c.Height {
		return fmt.Errorf("%s: %d x %d pixels, more than %d: %w", s.path(row), c.Width, c.Height, maxPixels, ErrFormat)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return use(f, c)
}

// fits holds an image's header against the first image.
func (s *images) fits(row int, c image.Config) error {
	height, width := s.size()
	if c.Height != height || c.Width != width {
		return fmt.Errorf("%s is %d x %d pixels but %s is %d x %d: give all images one size: %w", s.path(row), c.Width, c.Height, s.path(0), width, height, ErrFormat)
	}
	if len(s.shape) == 2 && !s.grey && !isGrey(c.ColorModel) {
		return fmt.Errorf("%s is in colour but %s is grey: make all of one kind, or open the folder as grey: %w", s.path(row), s.path(0), ErrFormat)
	}
	return nil
}

func (s *images) size() (height, width int) {
	return s.shape[len(s.shape)-2], s.shape[len(s.shape)-1]
}

func (s *images) Len() int     { return len(s.files) }
func (s *images) Shape() []int { return s.shape }
func (s *images) Name() string { return s.name }
func (s *images) Close() error { return nil }

func (s *images) Read(ctx context.Context, rows []int, dst []float32) error {
	if err := checkRead(s, rows, dst); err != nil {
		return err
	}
	size := tensor.Shape(s.shape).Size()
	for j, row := range rows {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := s.read(row, dst[j*size:(j+1)*size]); err != nil {
			return fmt.Errorf("data: read row %d: %w", row, err)
		}
	}
	return nil
}

func (s *images) read(row int, dst []float32) error {
	return s.open(row, func(f *os.File, c image.Config) error {
		if err := s.fits(row, c); err != nil {
			return err
		}
		m, _, err := image.Decode(bufio.NewReader(f))
		if err != nil {
			return fmt.Errorf("%s: %w: %w", s.path(row), err, ErrFormat)
		}
		if height, width := s.size(); m.Bounds().Dx() != width || m.Bounds().Dy() != height {
			return fmt.Errorf("%s: the header tells another size than the image: %w", s.path(row), ErrFormat)
		}
		if len(s.shape) == 2 {
			greyPixels(m, dst)
		} else {
			colourPixels(m, dst)
		}
		return nil
	})
}

// greyPixels writes the luminance of each pixel; what is transparent counts as black.
func greyPixels(m image.Image, dst []float32) {
	b := m.Bounds()
	if g, ok := m.(*image.Gray); ok {
		for y := range b.Dy() {
			for x, v := range g.Pix[y*g.Stride:][:b.Dx()] {
				dst[y*b.Dx()+x] = levels[v]
			}
		}
		return
	}
	i := 0
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			dst[i] = float32(color.Gray16Model.Convert(m.At(x, y)).(color.Gray16).Y) / 0xffff
			i++
		}
	}
}

// colourPixels writes the planes red, green and blue; what is transparent counts as black.
func colourPixels(m image.Image, dst []float32) {
	b := m.Bounds()
	plane := b.Dx() * b.Dy()
	i := 0
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			red, green, blue, _ := m.At(x, y).RGBA()
			dst[i] = float32(red) / 0xffff
			dst[plane+i] = float32(green) / 0xffff
			dst[2*plane+i] = float32(blue) / 0xffff
			i++
		}
	}
}
