package poolz_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/poolz"
)

func TestConfigurationInForceIsShown(t *testing.T) {
	t.Parallel()
	text := "pools:\n  a:\n    limit: 1MiB # <pools.yaml>:3\n"
	h := poolz.Handler(poolz.WithRegistry(new(pool.Registry)), poolz.WithConfig(func() string { return text }))
	if got := get(t, h, "?view=config&format=text").Body.String(); got != text {
		t.Errorf("text: %q", got)
	}
	var answer struct{ Config string }
	if err := json.Unmarshal(get(t, h, "?view=config&format=json").Body.Bytes(), &answer); err != nil || answer.Config != text {
		t.Errorf("JSON: %q, %v", answer.Config, err)
	}
	if body := get(t, h, "?view=config&format=html").Body.String(); !strings.Contains(
		body,
		"<pre>pools:\n  a:\n    limit: 1MiB # &lt;pools.yaml&gt;:3\n</pre>",
	) {
		t.Errorf("HTML: %s", body)
	}
	if body := get(t, h, "?format=html").Body.String(); !strings.Contains(body, `<a href="?view=config">`) {
		t.Error("no link leads there")
	}
}

func TestPageWithoutConfigurationSaysSo(t *testing.T) {
	t.Parallel()
	h := pageOf(new(pool.Registry))
	if w := get(t, h, "?view=config"); w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "poolz.WithConfig") {
		t.Errorf("status %d, %s", w.Code, w.Body)
	}
	if body := get(t, h, "?format=html").Body.String(); strings.Contains(body, "view=config") {
		t.Error("a link leads nowhere")
	}
}

func TestCaughtPanicsAreShown(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	h := pageOf(r)
	const says = "2 panics of functions of the program caught, the last: close: <bad> file"
	for _, format := range []string{"text", "html"} {
		if body := get(t, h, "?format="+format).Body.String(); strings.Contains(body, "panic") {
			t.Errorf("%s: a panic before there was one: %s", format, body)
		}
	}
	for range 2 {
		r.Guard(func() { panic("close: <bad> file") })
	}
	for format, want := range map[string]string{
		"text": says, "html": strings.NewReplacer("<", "&lt;", ">", "&gt;").Replace(says), "json": "TestCaughtPanicsAreShown",
	} {
		if body := get(t, h, "?format="+format).Body.String(); !strings.Contains(body, want) {
			t.Errorf("%s: no %q in %s", format, want, body)
		}
	}
}
