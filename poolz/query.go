package poolz

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/otelpool/pool"
)

const (
	pageSize   = 50
	maxLimit   = 1000
	maxSeconds = 120
)

// query is what a request asks for. The answer's JSON repeats how it chose the
// pools.
type query struct {
	Sort   string `json:"sort"`
	Order  string `json:"order"`
	Filter string `json:"filter"`
	State  string `json:"state"` // "" is any
	Offset int    `json:"offset"`
	Limit  int    `json:"limit"`

	format  string // html, text, json; "" leaves it to the Accept header
	pool    string // name or id; "" is all
	view    string // "" is pools; controller and config are pages of their own
	stream  bool
	seconds int // to watch before the answer
}

const (
	viewController, viewConfig = "controller", "config"
	ascending, descending      = "asc", "desc"
)

// parameters has a function for each parameter that reads its value. An empty
// value leaves the default of doc.go.
var parameters = map[string]func(q *query, value string) error{
	"format":  oneOf(func(q *query) *string { return &q.format }, "html", "text", "json"),
	"sort":    oneOf(func(q *query) *string { return &q.Sort }, slices.Sorted(maps.Keys(orders))...),
	"state":   oneOf(func(q *query) *string { return &q.State }, stateNames[:]...),
	"order":   oneOf(func(q *query) *string { return &q.Order }, ascending, descending),
	"filter":  func(q *query, v string) error { q.Filter = v; return nil },
	"pool":    func(q *query, v string) error { q.pool = pool.ValidName(v); return nil },
	"offset":  number(func(q *query) *int { return &q.Offset }, 0, 1<<30),
	"limit":   number(func(q *query) *int { return &q.Limit }, 1, maxLimit),
	"seconds": number(func(q *query) *int { return &q.seconds }, 1, maxSeconds),
	"stream":  stream,
	"view":    oneOf(func(q *query) *string { return &q.view }, viewController, viewConfig),
}

// parseQuery reads a request's parameters. Its error names every mistake.
func parseQuery(values url.Values) (query, error) {
	q := query{Limit: pageSize}
	var errs []error
	// Sorted, so that the mistakes come in a fixed order.
	for _, name := range slices.Sorted(maps.Keys(values)) {
		read := parameters[name]
		value := values[name][0]
		switch {
		case read == nil:
			errs = append(errs, fmt.Errorf("poolz: parameter %q: use %s", clip(name, 50),
				strings.Join(slices.Sorted(maps.Keys(parameters)), ", ")))
		case len(values[name]) > 1:
			errs = append(errs, fmt.Errorf("poolz: parameter %q is given %d times: use it once", name, len(values[name])))
		case value != "":
			if err := read(&q, value); err != nil {
				errs = append(errs, fmt.Errorf("poolz: %s %q: %w", name, clip(value, 50), err))
			}
		}
	}
	q.Sort = cmp.Or(q.Sort, "attention")
	q.Order = cmp.Or(q.Order, orders[q.Sort].order)
	return q, errors.Join(errs...)
}

func oneOf(field func(*query) *string, allowed ...string) func(*query, string) error {
	return func(q *query, v string) error {
		if !slices.Contains(allowed, v) {
			return errors.New("use one of " + strings.Join(allowed, ", "))
		}
		*field(q) = v
		return nil
	}
}

func number(field func(*query) *int, least, most int) func(*query, string) error {
	return func(q *query, v string) error {
		n, err := strconv.Atoi(v)
		if err != nil || n < least || n > most {
			return fmt.Errorf("use a number from %d to %d", least, most)
		}
		*field(q) = n
		return nil
	}
}

func stream(q *query, v string) error {
	if v != "1" {
		return errors.New("use 1")
	}
	q.stream = true
	return nil
}

// encode is the query as a link, with the parameters that differ from their
// defaults. It leaves out format and stream, which belong to one request.
func (q query) encode() string {
	v := url.Values{}
	set := func(name, value string, differs bool) {
		if differs {
			v.Set(name, value)
		}
	}
	set("sort", q.Sort, q.Sort != "attention")
	set("order", q.Order, q.Order != orders[q.Sort].order)
	set("filter", q.Filter, q.Filter != "")
	set("state", q.State, q.State != "")
	set("offset", strconv.Itoa(q.Offset), q.Offset > 0)
	set("limit", strconv.Itoa(q.Limit), q.Limit != pageSize)
	set("pool", q.pool, q.pool != "")
	set("view", q.view, q.view != "")
	return "?" + v.Encode()
}

// accepted is the format that an Accept header asks for: text unless it names
// HTML or JSON, because curl accepts anything.
func accepted(header string) string {
	for part := range strings.SplitSeq(header, ",") {
		kind, _, _ := strings.Cut(part, ";")
		switch strings.TrimSpace(kind) {
		case "text/html", "application/xhtml+xml":
			return "html"
		case "application/json":
			return "json"
		case "text/plain":
			return "text"
		}
	}
	return "text"
}
