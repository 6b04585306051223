package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"

	"github.com/otelpool/pool/strategies"
)

// A batch is closed at so many records or bytes, whichever comes first.
const (
	batchRecords = 500
	batchBytes   = 256 << 10
	keptBatch    = 1 << 20 // a buffer that one long record grew beyond this is not worth keeping
)

// encode puts the lines of an NDJSON body in batches, one to a line, and
// compresses them. It returns the number of records. A line that is no JSON
// object becomes one, {"message": line}, so that any log file can be sent.
func (g *gateway) encode(into *strategies.Buffer, body []byte) (records int, err error) {
	z := g.pools.writers(into)
	defer z.Close() // again, if all goes well
	b := batch{buf: g.pools.batches.Get().(*bytes.Buffer), to: z}
	defer func() { g.pools.batches.Put(emptied(b.buf)) }()
	for line := range bytes.Lines(body) {
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		records++
		if err := b.add(line); err != nil {
			return records, err
		}
	}
	if err := b.flush(); err != nil {
		return records, err
	}
	return records, z.Close()
}

// emptied makes a batch buffer fit to be kept: sync.Pool has no limit, and one
// giant record would stay for good (golang/go#23199).
func emptied(b *bytes.Buffer) *bytes.Buffer {
	if b.Cap() > keptBatch {
		*b = bytes.Buffer{}
	}
	b.Reset()
	return b
}

// batch is one line of output in the making: {"batch":1,"records":[…]}.
type batch struct {
	buf     *bytes.Buffer
	to      io.Writer
	number  int
	records int
}

func (b *batch) add(line []byte) error {
	if b.records == 0 {
		b.number++
		b.buf.WriteString(`{"batch":`)
		b.buf.Write(strconv.AppendInt(b.buf.AvailableBuffer(), int64(b.number), 10))
		b.buf.WriteString(`,"records":[`)
	} else {
		b.buf.WriteByte(',')
	}
	b.records++
	if line[0] == '{' && json.Valid(line) {
		b.buf.Write(line)
	} else {
		b.buf.WriteString(`{"message":`)
		quote(b.buf, line)
		b.buf.WriteByte('}')
	}
	if b.records == batchRecords || b.buf.Len() >= batchBytes {
		return b.flush()
	}
	return nil
}

func (b *batch) flush() error {
	if b.records == 0 {
		return nil
	}
	b.buf.WriteString("]}\n")
	_, err := b.to.Write(b.buf.Bytes())
	b.buf.Reset()
	b.records = 0
	return err
}

// quote writes a line as a JSON string, without the copy that json.Marshal
// makes. Bytes that are not UTF-8 become U+FFFD.
func quote(to *bytes.Buffer, line []byte) {
	to.WriteByte('"')
	for len(line) > 0 {
		r, size := utf8.DecodeRune(line)
		switch {
		case r == '"' || r == '\\':
			to.WriteByte('\\')
			to.WriteByte(byte(r))
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(to, `\u%04x`, r)
		default:
			to.WriteRune(r)
		}
		line = line[size:]
	}
	to.WriteByte('"')
}
