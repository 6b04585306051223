package strategies_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/otelpool/pool/strategies"
)

// plain hides every method but Read or Write, so that a buffer is needed.
type (
	plainReader struct{ io.Reader }
	plainWriter struct{ io.Writer }
)

func TestCopyCopiesThroughOneBuffer(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("0123456789", 20_000)
	p := newStrictPool(t)
	var got bytes.Buffer
	n, err := strategies.Copy(p, plainWriter{&got}, plainReader{strings.NewReader(text)})
	if n != int64(len(text)) || err != nil || got.String() != text {
		t.Errorf("Copy = %d, %v; same text: %v", n, err, got.String() == text)
	}
	if p.gets != 1 {
		t.Errorf("%d buffers, want 1", p.gets)
	}
	p.wantAllBack()
}

func TestCopyTakesNoBufferWhereNoneIsNeeded(t *testing.T) {
	t.Parallel()
	p := newStrictPool(t)
	var got bytes.Buffer
	strategies.Copy(p, plainWriter{&got}, strings.NewReader("WriterTo "))
	strategies.Copy(p, &got, plainReader{strings.NewReader("ReaderFrom")})
	if got.String() != "WriterTo ReaderFrom" || p.gets != 0 {
		t.Errorf("got %q with %d buffers", got.String(), p.gets)
	}
}

func TestCopyFitsTheBufferToALimitedReader(t *testing.T) {
	t.Parallel()
	for limit, want := range map[int64]string{-1: "", 0: "", 3: "abc", 1 << 40: "abcdef"} {
		p := newStrictPool(t)
		var got bytes.Buffer
		if _, err := strategies.Copy(p, plainWriter{&got}, io.LimitReader(strings.NewReader("abcdef"), limit)); err != nil ||
			got.String() != want {
			t.Errorf("limit %d: %q, %v, want %q", limit, got.String(), err, want)
		}
		p.wantAllBack()
	}
}

func TestCopyGivesTheBufferBackOnErrorAndPanic(t *testing.T) {
	t.Parallel()
	p, failure := newStrictPool(t), errors.New("broken")
	if _, err := strategies.Copy(p, plainWriter{io.Discard}, plainReader{iotest.ErrReader(failure)}); !errors.Is(err, failure) {
		t.Errorf("error %v", err)
	}
	p.wantAllBack()
	func() {
		defer func() { recover() }()
		strategies.Copy(p, plainWriter{io.Discard}, plainReader{nil})
		t.Error("did not panic")
	}()
	p.wantAllBack()
}
