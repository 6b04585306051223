package main

import (
	"bytes"
	"fmt"
	"html"
	"math"
	"strings"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/sim"
)

// chart shows the bytes in use and idle over time. It stacks idle bytes on those in
// use, so that the upper edge is the memory of the program and its pool together; a
// line shows the limit on idle bytes, if there is one, above those in use.
type chart struct {
	title  string
	end    time.Duration
	points []point
}

// point has the maxima within a column of the drawing.
type point struct {
	inUse, idle, limit int64
	known              bool
}

// held is the upper edge of the idle bytes.
func (p point) held() int64 { return p.inUse + p.idle }

// most is the limit of that edge; 0 without one.
func (p point) most() int64 {
	if p.limit == pool.Unlimited {
		return 0
	}
	return p.inUse + p.limit
}

// Sizes of the drawing, in pixels.
const (
	columns = 960
	rows    = 320
	left    = 80
	top     = 40
	bottom  = 40
)

func newChart(title string, end time.Duration) *chart { return &chart{title: title, end: max(end, 1)} }

// add adds a moment; moments come in order.
func (c *chart) add(m sim.Moment) {
	column := int(min(float64(m.At)/float64(c.end)*columns, columns-1))
	for len(c.points) <= column {
		c.points = append(c.points, point{})
	}
	p := &c.points[column]
	p.inUse, p.idle, p.limit, p.known = max(p.inUse, m.InUse), max(p.idle, m.Idle), m.Limit, true
}

func (c *chart) svg() []byte {
	most := int64(1)
	for _, p := range c.points {
		most = max(most, p.held(), p.most())
	}
	scale := ceiling(float64(most))
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`+"\n",
		left+columns+20, top+rows+bottom)
	fmt.Fprintf(
		&b,
		`<rect width="100%%" height="100%%" fill="#fff"/><text x="%d" y="20" font-size="14">%s</text>`+"\n",
		left,
		html.EscapeString(c.title),
	)
	c.axes(&b, scale)
	fmt.Fprintf(&b, `<path d="%sV%dZ" fill="#f2a65a"/>`+"\n", c.path(scale, point.held), top+rows)
	fmt.Fprintf(&b, `<path d="%sV%dZ" fill="#3f6fb5"/>`+"\n", c.path(scale, func(p point) int64 { return p.inUse }), top+rows)
	if c.points[len(c.points)-1].most() > 0 {
		fmt.Fprintf(&b, `<path d="%s" fill="none" stroke="#a33"/>`+"\n", c.path(scale, point.most))
	}
	legend(&b)
	b.WriteString("</svg>\n")
	return b.Bytes()
}

// axes draws five lines with their bytes, and six times.
func (c *chart) axes(b *bytes.Buffer, scale float64) {
	for i := range 5 {
		y := top + rows - rows*i/4
		fmt.Fprintf(b, `<path d="M%d %dH%d" stroke="#ddd"/><text x="%d" y="%d" text-anchor="end">%s</text>`+"\n",
			left, y, left+columns, left-6, y+4, megabytes(scale*float64(i)/4))
	}
	for i := range 6 {
		at := time.Duration(float64(c.end) * float64(i) / 5).Round(time.Second)
		fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="middle">%s</text>`+"\n", left+columns*i/5, top+rows+18, at)
	}
}

// path is a line from the origin through a figure of all columns; a column without
// data repeats the one before.
func (c *chart) path(scale float64, of func(point) int64) string {
	var path strings.Builder
	fmt.Fprintf(&path, "M%d %d", left, top+rows)
	last := point{}
	for x, p := range c.points {
		if p.known {
			last = p
		}
		fmt.Fprintf(&path, "L%d %.1f", left+x, top+rows-float64(of(last))/scale*rows)
	}
	return path.String()
}

func legend(b *bytes.Buffer) {
	for i, l := range []struct{ color, text string }{{"#3f6fb5", "in use"}, {"#f2a65a", "idle"}, {"#a33", "limit of idle"}} {
		x := left + columns - 270 + 90*i
		fmt.Fprintf(
			b,
			`<rect x="%d" y="10" width="12" height="12" fill="%s"/><text x="%d" y="20">%s</text>`+"\n",
			x,
			l.color,
			x+16,
			l.text,
		)
	}
}

// ceiling is the next number of one digit.
func ceiling(v float64) float64 {
	unit := math.Pow(10, math.Floor(math.Log10(v)))
	return math.Ceil(v/unit) * unit
}

// fileName is parts as one name that any file system takes.
func fileName(parts ...string) string {
	words := strings.FieldsFunc(strings.Join(parts, " "), func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9')
	})
	return strings.Join(words, "-")
}
