package trace

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

var header = []string{"time_s", "op", "bytes"}

// Read reads a recording from a file, which may be compressed with gzip: CSV with
// the header time_s,op,bytes, sorted by time. op is get or put, and a put names the
// bytes that its get asked for. Errors name the file, the line and the mistake.
func Read(path string) ([]Operation, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	ops, err := Parse(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return ops, nil
}

// Name returns the name of a file's trace.
func Name(path string) string {
	base := strings.TrimSuffix(filepath.Base(path), ".gz")
	return strings.TrimSuffix(base, filepath.Ext(base))
}

// Parse reads a recording.
func Parse(in io.Reader) ([]Operation, error) {
	buffered := bufio.NewReaderSize(in, 1<<16)
	if magic, _ := buffered.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		unpacked, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, err
		}
		defer unpacked.Close()
		buffered = bufio.NewReaderSize(unpacked, 1<<16)
	}
	lines := csv.NewReader(buffered)
	lines.ReuseRecord = true
	lines.FieldsPerRecord = -1 // counted here, for a better error
	if first, err := lines.Read(); err != nil || strings.Join(first, ",") != strings.Join(header, ",") {
		return nil, fmt.Errorf("line 1: the header must be %s", strings.Join(header, ","))
	}
	return parse(lines)
}

func parse(lines *csv.Reader) (ops []Operation, err error) {
	var last time.Duration
	for {
		fields, err := lines.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err // names the line
		}
		line, _ := lines.FieldPos(0)
		op, err := operation(fields)
		if err == nil && op.At < last {
			err = fmt.Errorf("time_s %s is before that of the line before, %v: sort the lines by time", fields[0], last.Seconds())
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		last = op.At
		ops = append(ops, op)
	}
	if len(ops) == 0 {
		return nil, errors.New("there is a header and no line after it")
	}
	return ops, nil
}

// latest keeps times in nanoseconds within an int64.
const latest = 1e9

func operation(fields []string) (op Operation, err error) {
	if len(fields) != len(header) {
		return op, fmt.Errorf("%d fields, want %d: %s", len(fields), len(header), strings.Join(header, ","))
	}
	at, err := strconv.ParseFloat(fields[0], 64)
	if err != nil || math.IsNaN(at) || at < 0 || at > latest {
		return op, fmt.Errorf("time_s is %q: want seconds from 0 to %.0e", fields[0], latest)
	}
	op.At = time.Duration(math.Round(at * float64(time.Second)))
	switch fields[1] {
	case "get":
	case "put":
		op.Put = true
	default:
		return op, fmt.Errorf("op is %q: want get or put", fields[1])
	}
	op.Bytes, err = strconv.ParseInt(fields[2], 10, 64)
	if err != nil || op.Bytes < 0 || op.Bytes > 1<<50 {
		return op, fmt.Errorf("bytes is %q: want a whole number from 0 to 2^50", fields[2])
	}
	return op, nil
}

// Write writes a recording in the form that Parse reads.
func Write(out io.Writer, ops []Operation) error {
	w := bufio.NewWriter(out)
	fmt.Fprintln(w, strings.Join(header, ","))
	for _, op := range ops {
		name := "get"
		if op.Put {
			name = "put"
		}
		fmt.Fprintf(w, "%s,%s,%d\n", strconv.FormatFloat(op.At.Seconds(), 'f', -1, 64), name, op.Bytes)
	}
	return w.Flush()
}
