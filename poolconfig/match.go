package poolconfig

import (
	"cmp"
	"math"
	"path"
	"slices"
	"strings"
)

// Patterns are path.Match's, but * matches a slash too, because names of pools
// are no paths: both sides are matched with slashes replaced.
var noSlash = strings.NewReplacer("/", "\x00")

func validPattern(pattern string) bool {
	_, err := path.Match(noSlash.Replace(pattern), "")
	return err == nil
}

func matches(pattern, name string) bool {
	ok, _ := path.Match(noSlash.Replace(pattern), noSlash.Replace(name))
	return ok || pattern == name
}

// isName reports whether a pattern matches only one name.
func isName(pattern string) bool { return !strings.ContainsAny(pattern, `*?[\`) }

// weigh counts the characters of a pattern that stand for themselves, and the
// stars. A name outweighs every pattern.
func weigh(pattern string) (literal, stars int) {
	if isName(pattern) {
		return math.MaxInt, 0
	}
	class, escaped := false, false
	for _, r := range pattern {
		switch {
		case escaped:
			escaped = false
			literal++
		case r == '\\':
			escaped = true
		case class:
			class = r != ']'
		case r == '[':
			class = true
		case r == '*':
			stars++
		case r != '?':
			literal++
		}
	}
	return literal, stars
}

// specificity orders entries from the most specific: a name before patterns,
// then by the characters that stand for themselves, most first, then by the
// stars, fewest first. Of equals the one that is written last comes first.
func specificity(a, b *entry) int {
	aLiteral, aStars := weigh(a.pattern)
	bLiteral, bStars := weigh(b.pattern)
	return cmp.Or(cmp.Compare(bLiteral, aLiteral), cmp.Compare(aStars, bStars))
}

// bySpecificity is the entries from the most to the least specific.
func (p patterns) bySpecificity() []*entry {
	sorted := slices.Clone(p)
	slices.Reverse(sorted)
	slices.SortStableFunc(sorted, specificity)
	return sorted
}
