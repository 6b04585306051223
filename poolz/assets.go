package poolz

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"time"
)

//go:embed assets
var files embed.FS

// asset is a file that the page loads, named by its content, so that a browser
// may keep it for ever.
type asset struct {
	name, version, kind string
	content             []byte
}

// assetFiles are the parts of each asset. uPlot's are those of its npm package,
// unchanged: e2e/browser checks that.
var assetFiles = []struct {
	name, kind string
	parts      []string
}{
	{"style.css", "text/css; charset=utf-8", []string{"uPlot.min.css", "style.css"}},
	{"app.js", "text/javascript; charset=utf-8", []string{"app.js"}},
	{"uPlot.js", "text/javascript; charset=utf-8", []string{"uPlot.iife.min.js"}},
	{"icon.svg", "image/svg+xml", []string{"icon.svg"}},
}

func loadAssets() map[string]asset {
	all := map[string]asset{}
	for _, f := range assetFiles {
		var content []byte
		for _, part := range f.parts {
			text, err := files.ReadFile("assets/" + part)
			if err != nil {
				panic("poolz: " + err.Error()) // embedded: the program was built without it
			}
			content = append(append(content, text...), '\n')
		}
		sum := sha256.Sum256(content)
		all[f.name] = asset{f.name, hex.EncodeToString(sum[:6]), f.kind, content}
	}
	return all
}

func (a asset) href() string { return "?asset=" + a.name + "&v=" + a.version }

func (h *handler) serveAsset(w http.ResponseWriter, r *http.Request, name string) {
	a, ok := h.assets[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", a.kind)
	if r.URL.Query().Get("v") == a.version {
		w.Header().Set("Cache-Control", "private, max-age=31536000, immutable")
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.content))
}
