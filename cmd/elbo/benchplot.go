package main

import (
	"fmt"
	"image/color"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	_ "gonum.org/v1/plot/vg/vgimg" // .png
	_ "gonum.org/v1/plot/vg/vgsvg" // .svg

	"github.com/elbo-ml/elbo/tensor/atomicfile"
)

// plot draws a row of two pictures for each part: latency and throughput by batch size, on logarithmic axes.
func (b *benchmark) plot(path string) error {
	var parts []string
	for _, t := range b.Timings {
		if !slices.Contains(parts, t.Part) {
			parts = append(parts, t.Part)
		}
	}
	const width, height = 5 * vg.Inch, 3.6 * vg.Inch
	canvas, err := draw.NewFormattedCanvas(2*width, height*vg.Length(len(parts)), strings.TrimPrefix(strings.ToLower(filepath.Ext(path)), "."))
	if err != nil {
		return err
	}
	tiles := draw.Tiles{Rows: len(parts), Cols: 2, PadX: vg.Points(16), PadY: vg.Points(16), PadTop: vg.Points(8), PadBottom: vg.Points(8), PadLeft: vg.Points(8), PadRight: vg.Points(16)}
	var rows [][]*plot.Plot
	for _, part := range parts {
		latency, err := b.picture(part, msARun, "median latency, up to the 99th percentile", timing.latency)
		if err != nil {
			return err
		}
		throughput, err := b.picture(part, "rows a second", "throughput at the median latency", timing.throughput)
		if err != nil {
			return err
		}
		rows = append(rows, []*plot.Plot{latency, throughput})
	}
	for i, row := range plot.Align(rows, tiles, draw.New(canvas)) {
		for k, c := range row {
			rows[i][k].Draw(c)
		}
	}
	return atomicfile.Write(path, func(w io.Writer) error {
		_, err := canvas.WriteTo(w)
		return err
	})
}

const msARun = "ms a run"

// latency and throughput are a timing's median, and how far its whisker goes.
func (t timing) latency() (y, end float64)    { return t.P50, t.P99 }
func (t timing) throughput() (y, end float64) { return t.Rows, t.Rows }

// picture draws one number of a part's timings over the batch size: a line for each engine and thread count.
func (b *benchmark) picture(part, unit, title string, of func(timing) (y, end float64)) (*plot.Plot, error) {
	p := plot.New()
	p.Title.Text = part + ", " + title
	p.Title.Padding = vg.Points(6)
	p.X.Label.Text, p.Y.Label.Text = "rows of a run", unit
	p.BackgroundColor = color.White
	p.Legend.Padding, p.Legend.XOffs, p.Legend.YOffs = vg.Points(2), vg.Points(-8), vg.Points(4)
	if unit == msARun { // lines go up steeply, and nothing is in the corner above them
		p.Legend.Top, p.Legend.Left = true, true
		p.Legend.XOffs, p.Legend.YOffs = vg.Points(8), vg.Points(-4)
	}
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = color.Gray{0xe4}, color.Gray{0xe4}
	p.Add(grid)
	for _, l := range b.lines(part) {
		points, whiskers := make(plotter.XYs, len(l.timings)), whiskers{}
		for i, t := range l.timings {
			y, end := of(t)
			points[i] = plotter.XY{X: float64(t.Batch), Y: y}
			whiskers.XYs = append(whiskers.XYs, points[i])
			whiskers.YErrors = append(whiskers.YErrors, struct{ Low, High float64 }{0, end - y})
		}
		line, dots, err := plotter.NewLinePoints(points)
		if err != nil {
			return nil, err
		}
		line.Color, line.Width, line.Dashes = l.color, vg.Points(1.5), l.dashes
		dots.Color, dots.Shape, dots.Radius = l.color, l.shape, vg.Points(3)
		bars, err := plotter.NewYErrorBars(whiskers)
		if err != nil {
			return nil, err
		}
		bars.Color, bars.CapWidth = l.color, vg.Points(5)
		p.Add(line, dots, bars)
		p.Legend.Add(l.name, line, dots)
	}
	logarithmic(&p.X, b.batches(part))
	logarithmic(&p.Y, nil)
	return p, nil
}

type whiskers struct {
	plotter.XYs
	plotter.YErrors
}

// logarithmic makes an axis logarithmic, with some room at its ends and ticks at the given places, or at 1, 2 and 5 of each
// power of ten.
func logarithmic(a *plot.Axis, at []int) {
	a.Scale = plot.LogScale{}
	a.Min, a.Max = a.Min/1.25, a.Max*1.25
	var ticks plot.ConstantTicks
	for _, v := range at {
		ticks = append(ticks, plot.Tick{Value: float64(v), Label: fmt.Sprint(v)})
	}
	if at == nil {
		for e := math.Floor(math.Log10(a.Min)); e <= math.Log10(a.Max); e++ {
			for _, m := range []float64{1, 2, 5} {
				v := m * math.Pow(10, e)
				ticks = append(ticks, plot.Tick{Value: v, Label: fmt.Sprintf("%.6g", v)})
			}
		}
	}
	a.Tick.Marker = ticks
}

// line is the timings of one engine and thread count, in the order of the batch sizes, and how they are drawn: the engine
// is the colour, the thread count the dashes and the shape.
type line struct {
	name    string
	timings []timing
	color   color.Color
	dashes  []vg.Length
	shape   draw.GlyphDrawer
}

var (
	engineColors = map[string]color.Color{"native": color.RGBA{0x1b, 0x6c, 0xa8, 0xff}, "ort": color.RGBA{0xd1, 0x5b, 0x1e, 0xff}}
	dashes       = [][]vg.Length{nil, {vg.Points(6), vg.Points(3)}, {vg.Points(2), vg.Points(2)}, {vg.Points(6), vg.Points(2), vg.Points(2), vg.Points(2)}}
	shapes       = []draw.GlyphDrawer{draw.CircleGlyph{}, draw.TriangleGlyph{}, draw.BoxGlyph{}, draw.PyramidGlyph{}}
)

func (b *benchmark) lines(part string) []line {
	var lines []line
	var counts []int
	for _, t := range b.Timings {
		if t.Part != part {
			continue
		}
		if !slices.Contains(counts, t.Threads) {
			counts = append(counts, t.Threads)
		}
		name := fmt.Sprintf("%s, %d threads", t.Engine, t.Threads)
		if t.Threads == 1 {
			name = t.Engine + ", 1 thread"
		}
		i := slices.IndexFunc(lines, func(l line) bool { return l.name == name })
		if i < 0 {
			k := slices.Index(counts, t.Threads)
			i = len(lines)
			lines = append(lines, line{name: name, color: engineColors[t.Engine], dashes: dashes[k%len(dashes)], shape: shapes[k%len(shapes)]})
		}
		lines[i].timings = append(lines[i].timings, t)
	}
	return lines
}

func (b *benchmark) batches(part string) []int {
	var all []int
	for _, t := range b.Timings {
		if t.Part == part && !slices.Contains(all, t.Batch) {
			all = append(all, t.Batch)
		}
	}
	return all
}
