package main

import (
	"bytes"
	"errors"
	"io"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestABodyReadAfterCloseIsAnErrorAndNoEnd(t *testing.T) {
	t.Parallel()
	b := &body{rest: []byte("half an upload")}
	if _, err := io.ReadFull(b, make([]byte, 4)); err != nil {
		t.Fatal(err)
	}
	b.Close()
	if n, err := b.Read(make([]byte, 4)); n != 0 || !errors.Is(err, errBodyClosed) {
		t.Errorf("%d, %v", n, err)
	}
	whole := &body{rest: []byte("all of it")}
	if text, err := io.ReadAll(whole); err != nil || !bytes.Equal(text, []byte("all of it")) {
		t.Errorf("%q, %v", text, err)
	}
}

func TestTheLargestLimitsAreLimits(t *testing.T) {
	t.Parallel()
	g := newTestGateway(t, limits{body: math.MaxInt64, decoded: math.MaxInt64, held: math.MaxInt64}, accept, true)
	for _, encoding := range []string{"", "gzip"} {
		body := []byte(strings.Repeat("{}\n", 1000))
		if encoding == "gzip" {
			body = zipped(body)
		}
		if resp := g.post(body, encoding); resp.StatusCode != http.StatusAccepted {
			t.Errorf("%q: %s", encoding, resp.Status)
		}
	}
}

// Docker kills 10 s after it asked.
func TestTheEndTakesClearlyLessThanDockerWaits(t *testing.T) {
	t.Parallel()
	if all := drainTime + settleTime + flushTime; all > 8*time.Second {
		t.Errorf("up to %v", all)
	}
}
