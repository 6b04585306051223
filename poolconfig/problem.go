package poolconfig

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/otelpool/pool/internal/config"
)

// origin is the place of a value: "pools.yaml:7", "OTELPOOL_BUDGET", or code.
type origin string

const code origin = "code"

// problems collects mistakes with their places.
type problems struct{ config.Problems }

// add notes that a field cannot have a value, and what would be right.
func (p *problems) add(at origin, field, value, remedy string) {
	p.Add(fmt.Errorf("poolconfig: %s: %s is %s: %s", at, field, value, remedy))
}

const longestQuote = 60

// word shows a name from a document, in quotes if it is long or not printable.
func word(s string) string {
	if len(s) > longestQuote || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return quote(s)
	}
	return s
}

// quote shows a value in an error, on one line and not too long.
func quote(s string) string {
	if len(s) > longestQuote {
		s = s[:longestQuote] + "…"
	}
	return fmt.Sprintf("%q", strings.ToValidUTF8(s, "\ufffd"))
}
