package main

import (
	"bytes"
	"image/color"
	"os"
	"path/filepath"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// The colors differ in lightness too (after Okabe and Ito), so that readers can
// distinguish them in print and without seeing red.
var (
	blue   = color.NRGBA{0x00, 0x72, 0xb2, 0xff}
	orange = color.NRGBA{0xe6, 0x9f, 0x00, 0xff}
	green  = color.NRGBA{0x00, 0x9e, 0x73, 0xff}
	red    = color.NRGBA{0xd5, 0x5e, 0x00, 0xff}
	purple = color.NRGBA{0xcc, 0x79, 0xa7, 0xff}
	gray   = color.NRGBA{0xb4, 0xb8, 0xbf, 0xff}
	faint  = color.NRGBA{0xe4, 0xe6, 0xea, 0xff}
	ink    = color.NRGBA{0x24, 0x29, 0x2f, 0xff}
)

var lineColors = []color.Color{blue, orange, green, red, purple, ink}

const chartWidth = 7.5 * vg.Inch

// bar is one of a bar chart.
type bar struct {
	name  string
	value float64
	label string
	color color.Color
}

// newPlot is an empty chart in the house's style.
func newPlot(title, x, y string) *plot.Plot {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, x, y
	p.Title.Padding = vg.Points(8)
	p.Title.TextStyle.Font.Size = vg.Points(13)
	for _, style := range []*text.Style{
		&p.Title.TextStyle, &p.X.Label.TextStyle, &p.Y.Label.TextStyle, &p.X.Tick.Label, &p.Y.Tick.Label, &p.Legend.TextStyle,
	} {
		style.Font.Variant = "Sans"
		style.Color = ink
	}
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Label.TextStyle.Font.Size = vg.Points(10)
		axis.Tick.Label.Font.Size = vg.Points(10)
		axis.LineStyle.Color, axis.Tick.LineStyle.Color = gray, gray
	}
	p.Legend.TextStyle.Font.Size = vg.Points(10)
	p.Legend.Padding = vg.Points(3)
	p.BackgroundColor = color.White
	return p
}

// bars draws horizontal bars, the first at the top. Those longer than most are
// cut, and their label says how long they are.
func bars(file, title, axis string, all []bar, most float64) error {
	p := newPlot(title, axis, "")
	grid := plotter.NewGrid()
	grid.Horizontal.Width = 0
	grid.Vertical.Color = faint
	p.Add(grid)
	names := make([]string, len(all))
	longest := 0.0
	for i, b := range all {
		at := len(all) - 1 - i
		names[at] = b.name
		length := min(b.value, most)
		longest = max(longest, length)
		if err := addBar(p, at, length, b); err != nil {
			return err
		}
	}
	p.NominalY(names...)
	p.Y.Tick.Width, p.Y.LineStyle.Width, p.Y.Padding = 0, 0, vg.Points(14)
	p.X.Min, p.X.Max = 0, longest*1.2 // room for labels
	return save(p, file, chartWidth, vg.Length(len(all))*0.22*vg.Inch+1.1*vg.Inch)
}

func addBar(p *plot.Plot, at int, length float64, b bar) error {
	chart, err := plotter.NewBarChart(plotter.Values{length}, vg.Points(12))
	if err != nil {
		return err
	}
	chart.Horizontal, chart.XMin, chart.Color, chart.Width = true, float64(at), b.color, vg.Points(12)
	chart.LineStyle.Width = 0
	label := b.label
	if b.value > length {
		label = "→ " + label
	}
	labels, err := plotter.NewLabels(plotter.XYLabels{XYs: plotter.XYs{{X: length, Y: float64(at)}}, Labels: []string{label}})
	if err != nil {
		return err
	}
	labels.TextStyle[0].YAlign = text.YCenter
	labels.TextStyle[0].Font = font.Font{Typeface: "Liberation", Variant: "Sans", Size: vg.Points(9)}
	labels.TextStyle[0].Color = ink
	labels.Offset = vg.Point{X: vg.Points(4)}
	p.Add(chart, labels)
	return nil
}

// line is one of a line chart.
type line struct {
	name string
	at   plotter.XYs
}

// lines draws lines with points over axes that are logarithmic if asked.
func lines(file, title, x, y string, all []line, logX, logY bool) error {
	p := newPlot(title, x, y)
	grid := plotter.NewGrid()
	grid.Horizontal.Color, grid.Vertical.Color = faint, faint
	p.Add(grid)
	p.Legend.Top, p.Legend.Left = true, true
	for i, l := range all {
		c := lineColors[i%len(lineColors)]
		drawn, points, err := plotter.NewLinePoints(l.at)
		if err != nil {
			return err
		}
		drawn.Color, drawn.Width = c, vg.Points(2)
		points.Color, points.Shape, points.Radius = c, draw.CircleGlyph{}, vg.Points(3)
		p.Add(drawn, points)
		p.Legend.Add(l.name, drawn, points)
	}
	if logX {
		p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, logTicks{}
	}
	if logY {
		p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, logTicks{}
		p.Y.Max *= 4 // room for the legend
	} else {
		p.Y.Min, p.Y.Max = 0, p.Y.Max*1.4 // as above
	}
	return save(p, file, chartWidth, 3.6*vg.Inch)
}

// save writes an SVG whose text is in the reader's own sans-serif font if
// Liberation, which the widths are computed with, is not there. A margin and the
// gaps around labels leave room for a wider one.
func save(p *plot.Plot, file string, width, height vg.Length) error {
	const margin = vg.Length(10)
	canvas := vgsvg.New(width, height)
	area := draw.New(canvas)
	area.SetColor(color.White)
	area.Fill(area.Rectangle.Path())
	p.Draw(draw.Crop(area, margin, -margin, margin, -margin))
	var b bytes.Buffer
	if _, err := canvas.WriteTo(&b); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	svg := bytes.ReplaceAll(
		b.Bytes(),
		[]byte("font-family:Liberation Sans"),
		[]byte("font-family:Liberation Sans,Arial,Helvetica,sans-serif"),
	)
	return os.WriteFile(file, svg, 0o644)
}
