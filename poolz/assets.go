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

// asset is a file that the page loads. The page asks for it by a hash of its
// content, so that a browser may keep it for ever.
type asset struct {
	version, kind string
	content       []byte
}

// assetKinds are the assets' types. uPlot's files are those of its npm package,
// unchanged: e2e/browser checks that.
var assetKinds = map[string]string{
	"uPlot.min.css":     "text/css; charset=utf-8",
	"style.css":         "text/css; charset=utf-8",
	"app.js":            "text/javascript; charset=utf-8",
	"uPlot.iife.min.js": "text/javascript; charset=utf-8",
	"icon.svg":          "image/svg+xml",
}

func loadAssets() map[string]asset {
	all := map[string]asset{}
	for name, kind := range assetKinds {
		content, err := files.ReadFile("assets/" + name)
		if err != nil {
			panic("poolz: " + err.Error()) // embedded: the program was built without it
		}
		sum := sha256.Sum256(content)
		all[name] = asset{hex.EncodeToString(sum[:6]), kind, content}
	}
	return all
}

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
