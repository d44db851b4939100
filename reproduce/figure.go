package reproduce

import (
	"image/color"
	"io"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	plotdraw "gonum.org/v1/plot/vg/draw"
	_ "gonum.org/v1/plot/vg/vgimg" // png
	_ "gonum.org/v1/plot/vg/vgsvg" // svg

	"github.com/elbo-ml/elbo/tensor/atomicfile"
)

// Panel is a picture of curves in one pair of axes.
type Panel struct {
	Title, X, Y string
	LogX, LogY  bool
	// YMin and YMax bound what is shown; both 0 shows all.
	YMin, YMax float64
	Curves     []Curve
	// LegendLow puts the legend into the lower corner, LegendLeft to the left; it stands at the upper right otherwise.
	LegendLow, LegendLeft bool
	// Room widens the axis where the legend stands, so that it hides no curve.
	Room bool
}

// Curve is points joined by a line, in the order given.
type Curve struct {
	Name   string
	Points []Point
	// Color counts through the palette, so that curves that belong together may share one; -1 is grey. Dashed tells them
	// apart, Marks draws a dot at each point.
	Color         int
	Dashed, Marks bool
}

// Point is a place on a curve, with half the length of its error bar; 0 draws none.
type Point struct{ X, Y, Error float64 }

// palette is Okabe and Ito's, which people see apart whatever their sight (https://jfly.uni-koeln.de/color).
var palette = []color.RGBA{
	{0x00, 0x72, 0xb2, 0xff}, {0xd5, 0x5e, 0x00, 0xff}, {0x00, 0x9e, 0x73, 0xff}, {0xcc, 0x79, 0xa7, 0xff},
	{0xe6, 0x9f, 0x00, 0xff}, {0x56, 0xb4, 0xe9, 0xff}, {0x00, 0x00, 0x00, 0xff},
}

func (c Curve) color() color.Color {
	if c.Color < 0 {
		return color.Gray{0x90}
	}
	return palette[c.Color%len(palette)]
}

// draw writes panels to a file of the given format, in rows on a common grid.
func draw(path, format string, panels [][]Panel) error {
	columns := 0
	for _, row := range panels {
		columns = max(columns, len(row))
	}
	width, height := vg.Length(columns)*4.6*vg.Inch, vg.Length(len(panels))*3.5*vg.Inch
	canvas, err := plotdraw.NewFormattedCanvas(width, height, format)
	if err != nil {
		return err
	}
	whole := plotdraw.New(canvas)
	whole.SetColor(color.White)
	whole.Fill(whole.Rectangle.Path())
	plots := make([][]*plot.Plot, len(panels))
	for i, row := range panels {
		plots[i] = make([]*plot.Plot, columns)
		for k, p := range row {
			if plots[i][k], err = p.plot(); err != nil {
				return err
			}
		}
	}
	tiles := plotdraw.Tiles{Rows: len(panels), Cols: columns, PadX: vg.Points(14), PadY: vg.Points(14),
		PadTop: vg.Points(8), PadBottom: vg.Points(8), PadLeft: vg.Points(8), PadRight: vg.Points(14)}
	for i, row := range plot.Align(plots, tiles, whole) {
		for k, c := range row {
			if plots[i][k] != nil {
				plots[i][k].Draw(c)
			}
		}
	}
	return atomicfile.Write(path, func(w io.Writer) error {
		_, err := canvas.WriteTo(w)
		return err
	})
}

func (p Panel) plot() (*plot.Plot, error) {
	out := plot.New()
	out.Title.Text, out.X.Label.Text, out.Y.Label.Text = p.Title, p.X, p.Y
	out.Title.Padding = vg.Points(6)
	out.X.Tick.Marker, out.Y.Tick.Marker = even{}, even{}
	out.Add(grid())
	for _, c := range p.Curves {
		if err := c.add(out, p); err != nil {
			return nil, err
		}
	}
	if p.LogX {
		out.X.Scale, out.X.Tick.Marker = plot.LogScale{}, powers{}
	}
	if p.LogY {
		out.Y.Scale, out.Y.Tick.Marker = plot.LogScale{}, powers{}
	}
	widen(&out.X, p.LogX)
	widen(&out.Y, p.LogY)
	if p.Room {
		p.makeRoom(&out.Y)
	}
	if p.YMin != 0 || p.YMax != 0 {
		out.Y.Min, out.Y.Max = p.YMin, p.YMax
	}
	out.Legend.Top, out.Legend.Left = !p.LegendLow, p.LegendLeft
	out.Legend.Padding = vg.Points(2)
	out.Legend.XOffs, out.Legend.YOffs = vg.Points(-6), vg.Points(-4)
	if p.LegendLeft {
		out.Legend.XOffs = vg.Points(6)
	}
	if p.LegendLow {
		out.Legend.YOffs = vg.Points(4)
	}
	return out, nil
}

// widen gives the outermost points some room, and a single point an axis at all.
func widen(a *plot.Axis, log bool) {
	switch {
	case a.Min > a.Max: // nothing is shown
		a.Min, a.Max = 1, 2
	case log:
		room := math.Pow(a.Max/a.Min, 0.03)
		if a.Min == a.Max {
			room = 2
		}
		a.Min, a.Max = a.Min/room, a.Max*room
	default:
		room := 0.03 * (a.Max - a.Min)
		if room == 0 {
			room = 0.5
		}
		a.Min, a.Max = a.Min-room, a.Max+room
	}
}

// makeRoom moves the end of the y axis at which the legend stands, by the legend's height.
func (p Panel) makeRoom(a *plot.Axis) {
	share := min(0.03+0.08*float64(len(p.Curves)), 0.6) // of the panel's height
	room := share / (1 - share)
	switch {
	case p.LogY && p.LegendLow:
		a.Min *= math.Pow(a.Min/a.Max, room)
	case p.LogY:
		a.Max *= math.Pow(a.Max/a.Min, room)
	case p.LegendLow:
		a.Min -= room * (a.Max - a.Min)
	default:
		a.Max += room * (a.Max - a.Min)
	}
}

// add draws the curve in the panel's axes. What a logarithmic axis cannot show, and what lies outside of the bounds, is
// left out.
func (c Curve) add(out *plot.Plot, p Panel) error {
	var points plotter.XYs
	var bars struct {
		plotter.XYs
		plotter.YErrors
	}
	for _, q := range c.Points {
		if math.IsNaN(q.Y) || math.IsInf(q.Y, 0) || p.LogX && q.X <= 0 || p.LogY && q.Y-q.Error <= 0 {
			continue
		}
		if (p.YMin != 0 || p.YMax != 0) && (q.Y < p.YMin || q.Y > p.YMax) {
			continue
		}
		points = append(points, plotter.XY{X: q.X, Y: q.Y})
		if q.Error > 0 {
			bars.XYs = append(bars.XYs, plotter.XY{X: q.X, Y: q.Y})
			bars.YErrors = append(bars.YErrors, struct{ Low, High float64 }{q.Error, q.Error})
		}
	}
	if len(points) == 0 {
		return nil
	}
	line, err := plotter.NewLine(points)
	if err != nil {
		return err
	}
	line.Color, line.Width = c.color(), vg.Points(1.5)
	if c.Dashed {
		line.Dashes = []vg.Length{vg.Points(5), vg.Points(3)}
	}
	shown := []plot.Thumbnailer{line}
	out.Add(line)
	if c.Marks || len(points) == 1 {
		marks, err := plotter.NewScatter(points)
		if err != nil {
			return err
		}
		marks.Color, marks.Shape, marks.Radius = c.color(), plotdraw.CircleGlyph{}, vg.Points(2.5)
		out.Add(marks)
		shown = append(shown, marks)
	}
	if len(bars.XYs) > 0 {
		errors, err := plotter.NewYErrorBars(bars)
		if err != nil {
			return err
		}
		errors.Color = c.color()
		out.Add(errors)
	}
	if c.Name != "" {
		out.Legend.Add(c.Name, shown...)
	}
	return nil
}

func grid() *plotter.Grid {
	g := plotter.NewGrid()
	g.Horizontal.Color, g.Vertical.Color = color.Gray{0xe4}, color.Gray{0xe4}
	return g
}

// powers marks the powers of ten as 1e5, and between few of them 2 and 5 times as much. Where that leaves fewer than three
// marks, they stand at even distances instead.
type powers struct{}

func (powers) Ticks(lo, hi float64) []plot.Tick {
	var ticks []plot.Tick
	first, last := math.Floor(math.Log10(lo)), math.Ceil(math.Log10(hi))
	steps := []float64{1}
	if math.Log10(hi/lo) < 3 {
		steps = []float64{1, 2, 5}
	}
	for e := first; e <= last; e++ {
		for _, s := range steps {
			if v := s * math.Pow(10, e); v >= lo*(1-1e-9) && v <= hi*(1+1e-9) {
				ticks = append(ticks, plot.Tick{Value: v, Label: tickLabel(v)})
			}
		}
	}
	if len(ticks) < 3 {
		return even{}.Ticks(lo, hi)
	}
	return ticks
}

// even marks round values at even distances, without zeros behind their last digit.
type even struct{}

func (even) Ticks(lo, hi float64) []plot.Tick {
	ticks := plot.DefaultTicks{}.Ticks(lo, hi)
	for i, t := range ticks {
		if t.Label != "" {
			ticks[i].Label = tickLabel(t.Value)
		}
	}
	return ticks
}
