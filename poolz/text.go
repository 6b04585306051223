package poolz

import (
	"bytes"
	"strings"
	"text/tabwriter"
	"text/template"
)

var textPages = template.Must(template.New("").Funcs(template.FuncMap{
	"upper": strings.ToUpper, "lower": strings.ToLower, "clip": clip,
	"pools": func(n int) string { return plural(uint64(n), "pool") },
}).ParseFS(files, "assets/page.txt"))

// text is the page for a terminal.
func (v *view) text() ([]byte, error) {
	if v.OnlyConfig() {
		return []byte(v.Config), nil
	}
	var b bytes.Buffer
	if err := textPages.ExecuteTemplate(&b, "summary", v); err != nil {
		return nil, err
	}
	name, align := "table", tabwriter.AlignRight
	if v.pool != "" {
		name, align = "detail", 0
	}
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', align)
	if err := textPages.ExecuteTemplate(table, name, v); err != nil {
		return nil, err
	}
	err := table.Flush()
	return b.Bytes(), err
}
