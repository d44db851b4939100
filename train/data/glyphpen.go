package data

import (
	"fmt"
	"image"
	"math"
	"sync"

	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/gobolditalic"
	"golang.org/x/image/font/gofont/goitalic"
	"golang.org/x/image/font/gofont/gomedium"
	"golang.org/x/image/font/gofont/gomediumitalic"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// outline is a digit's contours in units of the font's size, with y downwards.
type outline []sfnt.Segment

// outlines are the digits of every font: [font][digit].
var outlines = sync.OnceValues(func() ([][10]outline, error) {
	ttfs := [][]byte{goregular.TTF, goitalic.TTF, gomedium.TTF, gomediumitalic.TTF, gobold.TTF, gobolditalic.TTF}
	all := make([][10]outline, len(ttfs))
	var buf sfnt.Buffer
	for i, ttf := range ttfs {
		f, err := sfnt.Parse(ttf)
		if err != nil {
			return nil, fmt.Errorf("font %d: %w", i, err)
		}
		for digit := range 10 {
			index, err := f.GlyphIndex(&buf, rune('0'+digit))
			if err != nil {
				return nil, fmt.Errorf("font %d: digit %d: %w", i, digit, err)
			}
			segments, err := f.LoadGlyph(&buf, index, fixed.I(1024), nil)
			if err != nil {
				return nil, fmt.Errorf("font %d: digit %d: %w", i, digit, err)
			}
			all[i][digit] = append(outline(nil), segments...)
		}
	}
	return all, nil
})

// pen draws digits. It is not safe for concurrent use.
type pen struct {
	size   int
	raster *vector.Rasterizer
	ink    *image.Alpha
	points []point
}

type point struct{ x, y float64 }

func newPen(size int) *pen {
	return &pen{size: size, raster: vector.NewRasterizer(size, size), ink: image.NewAlpha(image.Rect(0, 0, size, size))}
}

// hand is how one digit is written.
type hand struct {
	rotate, shear, aspect, size, dx, dy float64
	bendX, bendY, phaseX, phaseY        float64
}

// unit is the i-th number of a key, in [0,1).
func unit(k, i uint64) float64 { return float64(draw(k, i)>>11) / (1 << 53) }

// digitOf is the digit that drawDigit draws for a key.
func digitOf(k uint64) int { return int(unit(k, 2) * 10) }

// drawDigit draws the digit of a key into dst, size*size numbers in [0,1].
func (p *pen) drawDigit(k uint64, dst []float32) {
	fonts, _ := outlines() // Glyphs has seen to the error
	at := uint64(2)        // the first two numbers choose the font and the digit
	next := func() float64 { at++; return unit(k, at) }
	between := func(lo, hi float64) float64 { return lo + (hi-lo)*next() }
	about := func(spread float64) float64 { return spread * (next() + next() + next() - 1.5) }

	o := fonts[int(unit(k, 1)*float64(len(fonts)))][digitOf(k)]
	h := hand{
		rotate: about(0.22), shear: about(0.30), aspect: math.Exp(about(0.18)), size: between(0.62, 0.76),
		dx: about(0.05), dy: about(0.05),
		bendX: about(0.10), bendY: about(0.08), phaseX: between(0, 2*math.Pi), phaseY: between(0, 2*math.Pi),
	}
	p.place(o, h)
	p.fill(o)
	for i, a := range p.ink.Pix {
		dst[i] = levels[a]
	}
}

// place maps the points of an outline to the image: to a unit box, bent, sheared, turned, and then scaled so that the
// longer side takes the hand's share of the image, as MNIST's digits take 20 pixels of 28.
func (p *pen) place(o outline, h hand) {
	p.points = p.points[:0]
	for i := range o {
		for _, a := range o[i].Args[:arity(o[i].Op)] {
			p.points = append(p.points, point{float64(a.X), float64(a.Y)})
		}
	}
	fit(p.points, 1)
	sin, cos := math.Sincos(h.rotate)
	for i, q := range p.points {
		x := q.x*h.aspect + h.bendX*math.Sin(3*q.y+h.phaseX)
		y := q.y + h.bendY*math.Sin(3*q.x+h.phaseY)
		x -= h.shear * y
		p.points[i] = point{cos*x - sin*y, sin*x + cos*y}
	}
	s := float64(p.size)
	fit(p.points, h.size*s)
	for i := range p.points {
		p.points[i].x += s * (0.5 + h.dx)
		p.points[i].y += s * (0.5 + h.dy)
	}
}

// fit scales and moves points so that their box is centred on the origin and its longer side is as given.
func fit(points []point, side float64) {
	lo, hi := point{math.Inf(1), math.Inf(1)}, point{math.Inf(-1), math.Inf(-1)}
	for _, q := range points {
		lo = point{min(lo.x, q.x), min(lo.y, q.y)}
		hi = point{max(hi.x, q.x), max(hi.y, q.y)}
	}
	scale := side / max(hi.x-lo.x, hi.y-lo.y, 1e-9)
	for i, q := range points {
		points[i] = point{scale * (q.x - (lo.x+hi.x)/2), scale * (q.y - (lo.y+hi.y)/2)}
	}
}

// fill rasterises the placed outline, anti-aliased.
func (p *pen) fill(o outline) {
	p.raster.Reset(p.size, p.size)
	at := 0
	next := func() (x, y float32) {
		q := p.points[at]
		at++
		return float32(q.x), float32(q.y)
	}
	for i := range o {
		switch o[i].Op {
		case sfnt.SegmentOpMoveTo:
			if i > 0 {
				p.raster.ClosePath()
			}
			x, y := next()
			p.raster.MoveTo(x, y)
		case sfnt.SegmentOpLineTo:
			x, y := next()
			p.raster.LineTo(x, y)
		case sfnt.SegmentOpQuadTo:
			bx, by := next()
			cx, cy := next()
			p.raster.QuadTo(bx, by, cx, cy)
		case sfnt.SegmentOpCubeTo:
			bx, by := next()
			cx, cy := next()
			dx, dy := next()
			p.raster.CubeTo(bx, by, cx, cy, dx, dy)
		}
	}
	p.raster.ClosePath()
	clear(p.ink.Pix)
	p.raster.Draw(p.ink, p.ink.Bounds(), image.Opaque, image.Point{})
}

// arity is the number of points a segment has.
func arity(op sfnt.SegmentOp) int {
	switch op {
	case sfnt.SegmentOpQuadTo:
		return 2
	case sfnt.SegmentOpCubeTo:
		return 3
	}
	return 1
}
