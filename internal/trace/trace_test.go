package trace_test

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/otelpool/pool/internal/trace"
)

// cheap are the generators of short traces: cron, just-above-T.
var cheap = []int{6, 7}

func TestWhatIsWrittenIsRead(t *testing.T) {
	t.Parallel()
	for _, i := range cheap {
		ops := trace.Generators[i].Operations(1)[:5000]
		var plain, packed bytes.Buffer
		if err := trace.Write(&plain, ops); err != nil {
			t.Fatal(err)
		}
		z := gzip.NewWriter(&packed)
		if _, err := z.Write(plain.Bytes()); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		for _, in := range []*bytes.Buffer{&plain, &packed} {
			got, err := trace.Parse(in)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, ops) {
				t.Errorf("%s: read something else than was written", trace.Generators[i].Name)
			}
		}
	}
}

func TestGeneratorsMakeTheSameTraceAgain(t *testing.T) {
	t.Parallel()
	for _, g := range []trace.Generator{trace.Generators[cheap[0]], trace.Generators[cheap[1]], trace.Others[2]} {
		a, b := g.Operations(7), g.Operations(7)
		if !slices.Equal(a, b) {
			t.Errorf("%s: two traces of one seed differ", g.Name)
		}
		if slices.Equal(a, g.Operations(8)) {
			t.Errorf("%s: traces of two seeds are the same", g.Name)
		}
		if !slices.IsSortedFunc(a, func(x, y trace.Operation) int { return int(x.At - y.At) }) {
			t.Errorf("%s: not in order of time", g.Name)
		}
	}
}

func TestErrorsNameFileAndLine(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"", "line 1: the header must be time_s,op,bytes"},
		{"time,op,bytes\n", "line 1: the header must be time_s,op,bytes"},
		{"time_s,op,bytes\n", "there is a header and no line after it"},
		{"time_s,op,bytes\n0,get,1\n1,got,1\n", `line 3: op is "got": want get or put`},
		{"time_s,op,bytes\n0,get\n", "line 2: 2 fields, want 3: time_s,op,bytes"},
		{"time_s,op,bytes\nNaN,get,1\n", `line 2: time_s is "NaN": want seconds from 0 to 1e+09`},
		{"time_s,op,bytes\n-1,get,1\n", `line 2: time_s is "-1"`},
		{"time_s,op,bytes\n1,get,1.5\n", `line 2: bytes is "1.5": want a whole number from 0 to 2^50`},
		{"time_s,op,bytes\n1,get,-7\n", `line 2: bytes is "-7"`},
		{"time_s,op,bytes\n2,get,1\n\n1,put,1\n", "line 4: time_s 1 is before that of the line before, 2: sort the lines by time"},
		{"time_s,op,bytes\n1,\"get,1\n", `parse error on line 2`},
		{"\x1f\x8bnot gzip at all", "gzip: invalid header"},
	} {
		path := filepath.Join(t.TempDir(), "x.csv")
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := trace.Read(path)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), path+": ") {
			t.Errorf("%q:\n got %v\nwant %s: %s", c.text, err, path, c.want)
		}
	}
	if _, err := trace.Read("no/such/file.csv"); err == nil || !strings.Contains(err.Error(), "no/such/file.csv") {
		t.Errorf("no file: %v", err)
	}
}

// A recording that begins while a program runs has puts of what was taken before.
func TestStrayPutsAreLeftOutAndCounted(t *testing.T) {
	t.Parallel()
	ops, err := trace.Parse(strings.NewReader("time_s,op,bytes\n0,put,100\n1,get,100\n2,put,90\n3,put,100\n4,get,5000\n"))
	if err != nil {
		t.Fatal(err)
	}
	tr := trace.New("x", ops, trace.PowersOfTwo)
	if tr.Strays != 2 || len(tr.Events) != 3 || !slices.Equal(tr.Sizes, []int64{128, 8192}) {
		t.Errorf("%d strays, %d events, classes %v", tr.Strays, len(tr.Events), tr.Sizes)
	}
	if gets, bytes := tr.Gets(); gets != 2 || bytes != 128+8192 {
		t.Errorf("%d gets of %d bytes", gets, bytes)
	}
}

func TestPowersOfTwo(t *testing.T) {
	t.Parallel()
	for _, c := range [][2]int64{{0, 1}, {1, 1}, {2, 2}, {3, 4}, {4096, 4096}, {4097, 8192}} {
		if got := trace.PowersOfTwo(c[0]); got != c[1] {
			t.Errorf("class of %d is %d, want %d", c[0], got, c[1])
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("time_s,op,bytes\n0,get,1\n1,put,1\n"))
	f.Add([]byte("\x1f\x8b"))
	f.Fuzz(func(t *testing.T, in []byte) {
		ops, err := trace.Parse(bytes.NewReader(in))
		if err == nil && len(ops) == 0 {
			t.Error("neither operations nor an error")
		}
		trace.New("x", ops, trace.PowersOfTwo)
	})
}
