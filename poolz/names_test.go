package poolz_test

import (
	"encoding/json"
	"html"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/poolz"
)

var hostile = []string{
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' onmouseover='alert(1)`, `{{.}}`, `</td></tr></table>`,
	"two\nlines", "carriage\rreturn\tand tab", "nul\x00", "not UTF-8 \xff\xfe", "cut \xe2\x82", "\u202eltr", "\u2028", "\ufffd",
	"\x1b[31mred", strings.Repeat("long ", 820), "data: x\n\nevent: view\ndata: <b>", " ", "日本語",
}

func TestHostileNamesAreTextEverywhere(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	for _, name := range hostile {
		f := newFake()
		f.set(func(s *pool.Stats) { s.Misuse[pool.MisuseLost] = 1 }) // so that it is among those that need attention
		publish(t, r, name, f)
	}
	h := pageOf(r)
	all := get(t, h, "?format=html&limit=1000").Body.String()
	for _, name := range hostile {
		label := poolz.Label(name)
		shown := []rune(label)
		if len(shown) > 80 {
			shown = append(shown[:79], '…')
		}
		if !strings.Contains(html.UnescapeString(all), ">"+string(shown)+"</a>") {
			t.Errorf("%.40q is not in the page", name)
		}
		for _, id := range []string{url.QueryEscape(name), poolz.Identify(pool.ValidName(name))} {
			page := get(t, h, "?format=html&pool="+id)
			if !strings.Contains(html.UnescapeString(page.Body.String()), ">"+label+"</span>") {
				t.Errorf("%.40q is not in full on its own page", name)
			}
			checkMarkup(t, page.Body.String())
		}
		text := get(t, h, "?format=text&pool="+poolz.Identify(pool.ValidName(name))).Body.String()
		if !strings.Contains(text, "\npool "+label+"\n") {
			t.Errorf("%.40q is not in its text", name)
		}
	}
	checkMarkup(t, all)
	for line := range strings.SplitSeq(get(t, h, "?format=text").Body.String(), "\n") {
		if strings.ContainsFunc(line, func(r rune) bool { return !strconv.IsPrint(r) }) {
			t.Errorf("the text has a line %q", line)
		}
	}
	checkNamesInJSON(t, get(t, h, "?format=json").Body.Bytes())
}

// checkMarkup fails if a name became markup: the page's own tags are known.
func checkMarkup(t *testing.T, body string) {
	t.Helper()
	for _, bad := range []string{"<img", "<script>", "onerror=alert(1)>", "\x1b", "\u202e", "\x00"} {
		if strings.Contains(body, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
}

func checkNamesInJSON(t *testing.T, text []byte) {
	t.Helper()
	var r report
	if err := json.Unmarshal(text, &r); err != nil || len(r.Pools) != len(hostile) {
		t.Fatalf("%d pools, %v", len(r.Pools), err)
	}
	got := map[string]string{}
	for _, p := range r.Pools {
		got[p.ID] = p.Name
	}
	for _, name := range hostile {
		want := strings.ToValidUTF8(name, "\ufffd")
		if g := got[poolz.Identify(pool.ValidName(name))]; g != want && utf8.ValidString(name) {
			t.Errorf("the JSON has %q for %q", g, name)
		}
	}
}

func FuzzLabel(f *testing.F) {
	for _, name := range hostile {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		l := poolz.Label(name)
		if !utf8.ValidString(l) || strings.ContainsFunc(l, func(r rune) bool { return !strconv.IsPrint(r) }) {
			t.Errorf("the label of %q is %q", name, l)
		}
		if again := poolz.Label(l); again != l {
			t.Errorf("the label of %q is %q", l, again)
		}
	})
}

func FuzzQuery(f *testing.F) {
	for _, q := range []string{"sort=held&order=asc", "filter=%ff&limit=3", "view=controller", "pool=a%00b&seconds=3",
		"offset=7&state=ok", "&&=;"} {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		values, err := url.ParseQuery(raw)
		if err != nil {
			return
		}
		q, err := poolz.ParseQuery(values)
		if err != nil {
			return
		}
		link, err := url.ParseQuery(strings.TrimPrefix(q.Encode(), "?"))
		if err != nil {
			t.Fatal(err)
		}
		again, err := poolz.ParseQuery(link)
		if err != nil || again.Encode() != q.Encode() {
			t.Errorf("%q becomes %q becomes %q (%v)", raw, q.Encode(), again.Encode(), err)
		}
	})
}
