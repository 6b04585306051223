//go:build race

package raceghost_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	"github.com/otelpool/pool"
)

// mistakes are what people do with a buffer of 1,000 bytes that they have put or are
// about to. Each is a function with a name of its own: the detector reports a place once.
var mistakes = map[string]func(t *testing.T, p pool.Bytes, b []byte){
	"read": read, "write": write, "slice kept by a goroutine": keptByGoroutine, "map key": mapKey, "append alias": appendAlias,
	"bufio.Reader": bufioReader, "late Flush": lateFlush, "bytes.Reader": bytesReader, "Bytes of a Buffer": bytesOfBuffer,
	"RawMessage": rawMessage, "decoder kept": decoderKept, "field": field, "suffix": suffix, "double": double,
	"double by two": doubleByTwo, "deferred Put": deferredPut, "timer": timer, "request body": requestBody,
	"response": response, "channel": channel,
}

var sink byte

// giveBack and giveBackAgain are the places that reports name.
//
//go:noinline
func giveBack(p pool.Bytes, b []byte) { p.Put(b) }

//go:noinline
func giveBackAgain(p pool.Bytes, b []byte) { p.Put(b) }

func read(_ *testing.T, p pool.Bytes, b []byte) {
	giveBack(p, b)
	sink = b[len(b)-1]
}

func write(_ *testing.T, p pool.Bytes, b []byte) {
	giveBack(p, b)
	b[1] = 1
}

// What the goroutine waits for orders it after the Put, and not after the ghost.
func keptByGoroutine(_ *testing.T, p pool.Bytes, b []byte) {
	var done sync.WaitGroup
	put := make(chan bool)
	done.Go(func() { <-put; sink = b[3] })
	giveBack(p, b)
	close(put)
	done.Wait()
}

// The detector looks at no string but where its bytes are copied.
func mapKey(_ *testing.T, p pool.Bytes, b []byte) {
	m := map[string]int{unsafe.String(&b[0], len(b)): 1}
	giveBack(p, b)
	for key := range m {
		copy(make([]byte, 10), key)
	}
}

func appendAlias(_ *testing.T, p pool.Bytes, b []byte) {
	head := b[:1]
	giveBack(p, b)
	sink = append(head, 'x')[1]
}

func bufioReader(_ *testing.T, p pool.Bytes, b []byte) {
	r := bufio.NewReader(bytes.NewReader(b))
	giveBack(p, b)
	sink, _ = r.ReadByte()
}

type into []byte

func (w into) Write(b []byte) (int, error) { return copy(w, b), nil }

func lateFlush(_ *testing.T, p pool.Bytes, b []byte) {
	w := bufio.NewWriter(into(b))
	w.WriteByte(1)
	giveBack(p, b)
	w.Flush()
}

func bytesReader(_ *testing.T, p pool.Bytes, b []byte) {
	r := bytes.NewReader(b)
	giveBack(p, b)
	io.ReadAll(r)
}

func bytesOfBuffer(_ *testing.T, p pool.Bytes, b []byte) {
	text := bytes.NewBuffer(b).Bytes()
	giveBack(p, b)
	sink = text[5]
}

func rawMessage(_ *testing.T, p pool.Bytes, b []byte) {
	m := json.RawMessage(b[:2])
	giveBack(p, b)
	m.MarshalJSON()
	sink = m[1]
}

func decoderKept(_ *testing.T, p pool.Bytes, b []byte) {
	d := json.NewDecoder(bytes.NewReader(b))
	giveBack(p, b)
	d.Token()
}

func field(_ *testing.T, p pool.Bytes, b []byte) {
	request := struct{ id []byte }{b[2:4]}
	giveBack(p, b)
	sink = request.id[0]
}

// The capacity from there on is that of a smaller class.
func suffix(_ *testing.T, p pool.Bytes, b []byte) {
	giveBack(p, b[512:])
	sink = b[600]
}

func double(_ *testing.T, p pool.Bytes, b []byte) {
	giveBack(p, b)
	giveBackAgain(p, b)
}

func doubleByTwo(_ *testing.T, p pool.Bytes, b []byte) {
	var first, second sync.WaitGroup
	first.Go(func() { giveBack(p, b) })
	first.Wait()
	second.Go(func() { giveBackAgain(p, b) })
	second.Wait()
}

func deferredPut(_ *testing.T, p pool.Bytes, b []byte) { sink = returned(p, b)[0] }

func returned(p pool.Bytes, b []byte) []byte {
	defer giveBack(p, b)
	return b[:4]
}

func timer(_ *testing.T, p pool.Bytes, b []byte) {
	put, done := make(chan bool), make(chan bool)
	time.AfterFunc(time.Millisecond, func() { <-put; b[0] = 1; close(done) })
	giveBack(p, b)
	close(put)
	<-done
}

func requestBody(t *testing.T, p pool.Bytes, b []byte) {
	kept := make(chan []byte, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		defer giveBack(p, b)
		n, _ := io.ReadFull(r.Body, b)
		kept <- b[:n]
	}))
	defer server.Close()
	if _, err := http.Post(server.URL, "", strings.NewReader("body")); err != nil {
		t.Fatal(err)
	}
	sink = (<-kept)[0]
}

func response(_ *testing.T, p pool.Bytes, b []byte) {
	returned, done := make(chan bool), make(chan bool)
	handler := func(w http.ResponseWriter, _ *http.Request) {
		defer giveBack(p, b)
		go func() { <-returned; w.Write(b); close(done) }()
	}
	handler(httptest.NewRecorder(), nil)
	close(returned)
	<-done
}

func channel(_ *testing.T, p pool.Bytes, b []byte) {
	queue := make(chan []byte, 1)
	queue <- b
	giveBack(p, b)
	sink = (<-queue)[0]
}

func mapRead(p untyped) {
	m := map[int]byte{1: 1}
	giveBack(mapped{p, m}, nil)
	sink = m[1]
}
