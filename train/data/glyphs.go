package data

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"sync"
)

// GlyphOptions describe a set of drawn digits. The zero value is 60000 training images of 28x28, seed 0.
type GlyphOptions struct {
	// N is the number of rows; 0 is 60000 for Train and 10000 for Test.
	N int
	// Size is the height and width in pixels, from 8 to 256; 0 is 28.
	Size  int
	Seed  uint64
	Split string
}

// Glyphs is a source of digits 0 to 9, drawn from the outlines of the Go fonts through random affine maps and a gentle
// bend, light on dark as in MNIST. Nothing is stored: a row is drawn when it is read, and it is a function of the seed,
// the split and its index alone. No two rows share their random numbers, and none of Train those of Test.
func Glyphs(o GlyphOptions) (Source, error) {
	if o.Size == 0 {
		o.Size = 28
	}
	switch {
	case o.Split == "" || o.Split == Train:
		o.Split = Train
	case o.Split != Test:
		return nil, fmt.Errorf("data: glyphs: unknown split %q, it is train or test", o.Split)
	}
	if o.N == 0 {
		o.N = 60000
		if o.Split == Test {
			o.N = 10000
		}
	}
	if o.N < 0 || o.Size < 8 || o.Size > 256 {
		return nil, fmt.Errorf("data: glyphs: %d rows of size %d: the number must be positive and the size from 8 to 256", o.N, o.Size)
	}
	if _, err := outlines(); err != nil {
		return nil, fmt.Errorf("data: glyphs: %w", err)
	}
	g := &glyphs{GlyphOptions: o, shape: []int{o.Size, o.Size}, stream: 1}
	if o.Split == Test {
		g.stream = 2
	}
	g.pens.New = func() any { return newPen(o.Size) }
	return g, nil
}

// openGlyphs opens "N?size=S&seed=K", what follows "glyphs:"; all of it may be missing.
func openGlyphs(spec, split string) (Source, error) {
	bad := func(why any) (Source, error) {
		return nil, fmt.Errorf("data: open glyphs:%s: %v; write glyphs: or glyphs:5000?size=28&seed=1", spec, why)
	}
	u, err := url.Parse("glyphs:" + spec)
	if err != nil {
		return bad(err)
	}
	o := GlyphOptions{Split: split}
	if u.Opaque != "" {
		if o.N, err = strconv.Atoi(u.Opaque); err != nil || o.N <= 0 {
			return bad("the number of rows is not a positive number")
		}
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return bad(err)
	}
	for name, values := range query {
		switch name {
		case "size":
			o.Size, err = strconv.Atoi(values[0])
		case "seed":
			o.Seed, err = strconv.ParseUint(values[0], 10, 64)
		default:
			return bad("unknown option " + name)
		}
		if err != nil {
			return bad(err)
		}
	}
	return Glyphs(o)
}

type glyphs struct {
	GlyphOptions
	shape  []int
	stream uint64
	pens   sync.Pool
}

func (g *glyphs) Len() int     { return g.N }
func (g *glyphs) Shape() []int { return g.shape }
func (g *glyphs) Close() error { return nil }

func (g *glyphs) Name() string {
	return title(fmt.Sprintf("glyphs %s seed %d", g.Split, g.Seed), g.N, g.Shape())
}

func (g *glyphs) Read(ctx context.Context, rows []int, dst []float32) error {
	if err := checkRead(g, rows, dst); err != nil {
		return err
	}
	p := g.pens.Get().(*pen)
	defer g.pens.Put(p)
	size := g.Size * g.Size
	for j, row := range rows {
		if err := ctx.Err(); err != nil {
			return err
		}
		p.drawDigit(g.key(row), dst[j*size:(j+1)*size])
	}
	return nil
}

func (g *glyphs) key(row int) uint64 { return key(g.Seed, g.stream, uint64(row), 0x676c79) }

// labels are the digits that the rows show.
func (g *glyphs) labels() []int {
	labels := make([]int, g.N)
	for row := range labels {
		labels[row] = digitOf(g.key(row))
	}
	return labels
}
