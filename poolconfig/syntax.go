package poolconfig

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/internal/config"
	"github.com/otelpool/pool/strategies"
)

// The types of a document's values. Each reads itself from a node, and its
// String method writes a value that would read the same.

// size is a number of bytes.
type size int64

// limit is a size, or pool.Unlimited.
type limit int64

// mode is a control.Mode.
type mode control.Mode

// watching is a strategies.Safety.
type watching strategies.Safety

// zeroing is a strategies.Zeroing.
type zeroing strategies.Zeroing

// boolean is true or false.
type boolean bool

// prewarm has the number of objects to make by size; for a pool without sizes,
// under size 0.
type prewarm map[int]int

// classes is a table of size classes.
type classes strategies.Classes

const (
	sizePattern = `^(0|[1-9][0-9]*)(\.[0-9]+)? ?(B|kB|KB|MB|GB|TB|Ki|Mi|Gi|Ti|KiB|MiB|GiB|TiB)?$`
	sizeRemedy  = "use bytes or a size like 512KiB, 64MiB or 1.5GiB"
)

var (
	sizeSyntax = regexp.MustCompile(sizePattern)
	units      = map[string]int64{
		"": 1, "B": 1, "kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12,
		"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40,
		"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
	}
	// The order is the one in which String tries them.
	shownUnits = []string{"TiB", "GiB", "MiB", "KiB"}
)

// parseSize reads a size, or returns a remedy.
func parseSize(text string) (n int64, remedy string) {
	m := sizeSyntax.FindStringSubmatch(text)
	if m == nil {
		switch {
		case strings.HasPrefix(text, "-"):
			return 0, "use 0 or more bytes"
		case sizeSyntax.MatchString(text + "B"): // 64M
			return 0, "say which: " + text + "iB counts in 1024s, " + text + "B in 1000s"
		}
		return 0, sizeRemedy
	}
	r, _ := new(big.Rat).SetString(m[1] + m[2]) // the syntax is a part of Rat's
	r.Mul(r, new(big.Rat).SetInt64(units[m[3]]))
	switch {
	case !r.IsInt():
		return 0, "use whole bytes"
	case !r.Num().IsInt64() || r.Num().Int64() == math.MaxInt64:
		return 0, "use less than 8 EiB, the largest size that there is"
	}
	return r.Num().Int64(), ""
}

// parseInt reads the size of a buffer, or returns a remedy.
func parseInt(text string) (n int, remedy string) {
	bytes, remedy := parseSize(text)
	n, fits := config.Int(bytes)
	if !fits {
		return 0, fmt.Sprintf("use at most %d, the most that a %d-bit program can address", math.MaxInt, strconv.IntSize)
	}
	return n, remedy
}

// parseCount reads a count, or returns a remedy.
func parseCount(text string) (n int, remedy string) {
	n, err := strconv.Atoi(text)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return 0, fmt.Sprintf("use at most %d", math.MaxInt)
	case err != nil || n < 0:
		return 0, "use a whole number, 0 or more"
	}
	return n, ""
}

// scan reads a number with read, which returns it or a remedy.
func scan[T, N ~int | ~int64](d *decoder, n *yaml.Node, path string, into *T, read func(string) (N, string)) {
	v, remedy := read(d.scalar(n))
	*into = T(v)
	d.wrongIf(remedy != "", n, path, remedy)
}

// bytes is a number of bytes that a buffer can have.
type bytes int

func (b *bytes) decode(d *decoder, n *yaml.Node, path string) { scan(d, n, path, b, parseInt) }

func (s *size) decode(d *decoder, n *yaml.Node, path string) { scan(d, n, path, s, parseSize) }

func (s size) String() string {
	for _, u := range shownUnits {
		if s != 0 && int64(s)%units[u] == 0 {
			return strconv.FormatInt(int64(s)/units[u], 10) + u
		}
	}
	return strconv.FormatInt(int64(s), 10)
}

const unlimited = "unlimited"

func (l *limit) decode(d *decoder, n *yaml.Node, path string) {
	if d.scalar(n) == unlimited {
		*l = limit(pool.Unlimited)
		return
	}
	v, remedy := parseSize(d.scalar(n))
	*l = limit(v)
	switch {
	case remedy != "":
		d.wrong(n, path, remedy+", or "+unlimited)
	case v == 0:
		d.wrong(n, path, "use 1 or more bytes; mode: off stops pooling")
	}
}

func (l limit) String() string {
	if int64(l) == pool.Unlimited {
		return unlimited
	}
	return size(l).String()
}

var modes = []string{control.ModeOn: "on", control.ModeOff: "off", control.ModeCount: "count"}

func (m *mode) decode(d *decoder, n *yaml.Node, path string) { *m = mode(d.oneOf(n, path, modes)) }

func (m mode) String() string { return control.Mode(m).String() }

var watchings = []string{
	strategies.SafetySampled: "sampled",
	strategies.SafetyOff:     "off",
	strategies.SafetyStrict:  "strict",
}

func (w *watching) decode(d *decoder, n *yaml.Node, path string) {
	*w = watching(d.oneOf(n, path, watchings))
}

func (w watching) String() string { return watchings[min(int(w), len(watchings)-1)] }

var zeroings = []string{
	strategies.ZeroNever: "never",
	strategies.ZeroOnPut: "on-put",
	strategies.ZeroOnGet: "on-get",
}

func (z *zeroing) decode(d *decoder, n *yaml.Node, path string) {
	*z = zeroing(d.oneOf(n, path, zeroings))
}

func (z zeroing) String() string { return zeroings[min(int(z), len(zeroings)-1)] }

func (f *boolean) decode(d *decoder, n *yaml.Node, path string) {
	text := d.word(n)
	*f = text == "on"
	d.wrongIf(text != "on" && text != "off", n, path, "use true or false")
}

func (f boolean) String() string { return strconv.FormatBool(bool(f)) }

const prewarmRemedy = "use a number, or, for a pool with size classes, {size: number}"

func (p *prewarm) decode(d *decoder, n *yaml.Node, path string) {
	*p = prewarm{}
	if n.Kind != yaml.MappingNode {
		many, remedy := parseCount(d.scalar(n))
		(*p)[0] = many
		d.wrongIf(remedy != "", n, path, prewarmRemedy)
		return
	}
	for key, value := range d.pairs(n, path) {
		of, remedy := parseInt(d.scalar(key))
		if remedy != "" || of == 0 {
			d.wrong(key, "a size in "+path, cmp.Or(remedy, sizeRemedy))
			continue
		}
		many, remedy := parseCount(d.scalar(value))
		d.wrongIf(remedy != "", value, below(path, key.Value), remedy)
		_, twice := (*p)[of]
		d.wrongIf(twice, key, "a size in "+path, "already given in another unit: keep one")
		(*p)[of] = many
	}
}

func (p prewarm) String() string {
	if many, ok := p[0]; ok {
		return strconv.Itoa(many)
	}
	var parts []string
	for _, of := range slices.Sorted(maps.Keys(p)) {
		parts = append(parts, fmt.Sprintf("%v: %d", size(of), p[of]))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

const classesRemedy = "use a list of sizes, or {min: size, max: size, steps: 1, 2, 4 or 8}"

// geometric is a table of classes by its first, its last and the number of
// classes per doubling.
type geometric struct {
	Min   *setting[bytes] `json:"min,omitempty" jsonschema:"the smallest class, a power of two"`
	Max   *setting[bytes] `json:"max,omitempty" jsonschema:"the largest class, a power of two"`
	Steps *setting[count] `json:"steps,omitempty" jsonschema:"classes per doubling: 1, 2, 4 or 8; 1 if left out"`
}

// count is a number of objects or steps.
type count int

func (c *count) decode(d *decoder, n *yaml.Node, path string) { scan(d, n, path, c, parseCount) }

func (c *classes) decode(d *decoder, n *yaml.Node, path string) {
	before := d.Len()
	var table strategies.Classes
	switch n.Kind {
	case yaml.SequenceNode:
		table = d.explicit(n, path)
	case yaml.MappingNode:
		table = d.geometric(n, path)
	default:
		d.wrong(n, path, classesRemedy)
	}
	if d.Len() == before && table.Sizes() == nil {
		d.wrong(n, path, table.String())
	}
	*c = classes(table)
}

// explicit reads a list of sizes.
func (d *decoder) explicit(n *yaml.Node, path string) strategies.Classes {
	var sizes []int
	for i, item := range n.Content {
		var s bytes
		s.decode(d, resolved(item), fmt.Sprintf("%s[%d]", path, i))
		sizes = append(sizes, int(s))
	}
	return strategies.Explicit(sizes...)
}

// geometric reads a table by its bounds.
func (d *decoder) geometric(n *yaml.Node, path string) strategies.Classes {
	var g geometric
	d.object(n, path, &g)
	if g.Min == nil || g.Max == nil {
		d.wrong(n, path, classesRemedy)
		return strategies.Classes{}
	}
	steps, _ := orCode(g.Steps, 1)
	return strategies.Geometric(int(g.Min.value), int(g.Max.value), int(steps))
}

func (c classes) String() string {
	var parts []string
	for _, s := range strategies.Classes(c).Sizes() {
		parts = append(parts, size(s).String())
	}
	return "[" + strings.Join(parts, ", ") + "]"
}
