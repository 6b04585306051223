package signals

import (
	"encoding/base64"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/internal/testcost"
)

// manager is the environment that a service manager sets.
func manager(path, write string) func(string) string {
	return func(name string) string {
		switch name {
		case "MEMORY_PRESSURE_WATCH":
			return path
		case "MEMORY_PRESSURE_WRITE":
			return write
		}
		return ""
	}
}

// listening waits until the signals listen to the service manager.
func (r *reader) listening() {
	r.Helper()
	testcost.Until(r.T, "listener", func() bool { return r.after(0).External.OK() })
}

// asked waits for the service manager's request to arrive.
func (r *reader) asked(w *wakes) {
	r.Helper()
	testcost.Until(r.T, "request", func() bool { return r.after(0).External.Asked })
	testcost.Until(r.T, "wake-up", func() bool { return w[control.TriggerExternal].Swap(0) > 0 })
	got := r.after(3 * time.Second).External
	if got.Asked || got.Age != 3*time.Second {
		r.Errorf("three seconds after a request: %+v", got)
	}
}

func TestFIFOOfTheServiceManager(t *testing.T) {
	r := newRoot(t, system("0::/\n", ""))
	path := filepath.Join(r.dir, "fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skipf("no FIFO can be made here: %v", err)
	}
	reader := r.reader(manager("/fifo", ""))
	contains(t, "before Watch", reader.after(0).External.Err, "not watched")
	w := watch(t, reader.s)
	reader.listening()
	for range 3 {
		// A writer that opens and closes it must not end the listening.
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		f.WriteString("pressure")
		f.Close()
		reader.asked(w)
	}
}

func TestSocketOfTheServiceManager(t *testing.T) {
	r := newRoot(t, system("0::/\n", ""))
	dir, err := os.MkdirTemp("", "s") //nolint:usetesting // a socket's path has at most 108 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	r.dir = dir
	l, err := net.Listen("unix", filepath.Join(dir, "socket"))
	if err != nil {
		t.Skipf("no UNIX socket can be made here: %v", err)
	}
	defer l.Close()
	rule := "some 150000 2000000\x00"
	reader := r.reader(manager("/socket", base64.StdEncoding.EncodeToString([]byte(rule))))
	w := watch(t, reader.s)
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(deadline))
	got := make([]byte, len(rule))
	if _, err := conn.Read(got); err != nil || string(got) != rule {
		t.Fatalf("the service manager was told %q, %v; want what it asked for, %q", got, err, rule)
	}
	reader.listening()
	for range 3 {
		if _, err := conn.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		reader.asked(w)
	}
	conn.Close()
	testcost.Until(t, "end", func() bool { return !reader.after(0).External.OK() })
	contains(t, "after the manager hung up", reader.after(0).External.Err, dir+"/socket", "EOF")
}

func TestPressureFileOfTheServiceManager(t *testing.T) {
	needPressureFile(t)
	s := New("", manager(pressureFile, base64.StdEncoding.EncodeToString([]byte("some 150000 2000000\x00"))))
	watch(t, s)
	var r Reading
	testcost.Until(t, "listener", func() bool {
		s.Read(time.Now(), &r)
		return r.External.OK()
	})
}

func TestServiceManagerTurnsWatchingOff(t *testing.T) {
	r := newRoot(t, system("0::/\n", ""))
	r.write(pressureFile, stalls(1, 1))
	reader := r.reader(manager("/dev/null", "c29tZQ=="))
	w := watch(t, reader.s)
	for _, at := range []time.Duration{0, time.Second, lookAgainAfter} {
		got := reader.after(at)
		const want = "turned off by $MEMORY_PRESSURE_WATCH=/dev/null"
		if got.PSI.Err != want || got.PSI.TriggerErr != want || got.External.Err != want {
			t.Errorf("after %v: %+v, %+v; want %q throughout", at, got.PSI, got.External, want)
		}
		if got.PSI.Some != 0 {
			t.Errorf("stalls are still read: %+v", got.PSI)
		}
	}
	if n := w[control.TriggerPSI].Load() + w[control.TriggerExternal].Load(); n != 0 {
		t.Errorf("%d wake-ups", n)
	}
}

func TestFaultsOfTheServiceManagersWishesAreSaid(t *testing.T) {
	r := newRoot(t, system("0::/\n", ""))
	r.write("/dir/file", "")
	if err := os.Symlink("/nowhere", filepath.Join(r.dir, "dangling")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path, write string
		want        []string
	}{
		{"", "", []string{"$MEMORY_PRESSURE_WATCH is not set"}},
		{"/dir/missing", "", []string{"$MEMORY_PRESSURE_WATCH", "/dir/missing", "no such file"}},
		{"/dangling", "", []string{"$MEMORY_PRESSURE_WATCH", "/dangling", "no such file"}},
		{"/dir", "", []string{"/dir is no regular file, FIFO or socket, but d"}},
		{"/dir/file", "not base 64!", []string{`$MEMORY_PRESSURE_WRITE="not base 64!"`, "illegal base64"}},
		{"/dir/file", "", []string{"/dir/file", "epoll_ctl"}},
	} {
		reader := r.reader(manager(c.path, c.write))
		watch(t, reader.s)
		var err string
		testcost.Until(t, "verdict", func() bool {
			err = reader.after(0).External.Err
			return err != notWatched
		})
		contains(t, c.path+" "+c.write, err, c.want...)
	}
}
