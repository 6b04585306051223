package inside

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/adaptive"
)

// The test's program is also the process in a group that reads.
func TestMain(m *testing.M) {
	if mount := os.Getenv("READER"); mount != "" {
		if err := read(mount, os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// read mounts control groups as asked, and does what each line says: take so
// many MiB, or write a reading.
func read(mount string, commands io.Reader, out io.Writer) error {
	if err := remount(mount); err != nil {
		return err
	}
	var recording bytes.Buffer
	ctl, err := adaptive.New(adaptive.Config{Registry: new(pool.Registry), Recorder: adaptive.NewRecorder(&recording)})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- ctl.Run(ctx) }() // watches, too
	var taken [][]byte
	for lines := bufio.NewScanner(commands); lines.Scan(); {
		if mib, err := strconv.Atoi(lines.Text()); err == nil {
			taken = append(taken, bytes.Repeat([]byte{1}, mib<<20))
			continue
		}
		ctl.Step(time.Now())
		stop := bytes.TrimSpace(recording.Bytes())
		last := stop[bytes.LastIndexByte(stop, '\n')+1:]
		if _, err := fmt.Fprintf(out, "%s\n", last); err != nil {
			return err
		}
	}
	_ = taken
	stop()
	return <-ended
}

const groups = "/sys/fs/cgroup"

// remount makes what the process sees of control groups that of a container.
func remount(how string) error {
	switch how {
	case "namespace", "container":
		if err := syscall.Unmount(groups, syscall.MNT_DETACH); err != nil {
			return err
		}
		if err := syscall.Mount("cgroup2", groups, "cgroup2", 0, ""); err != nil {
			return err
		}
	}
	switch how {
	case "read-only", "container":
		if err := syscall.Mount(groups, groups, "", syscall.MS_BIND, ""); err != nil {
			return err
		}
		return syscall.Mount("", groups, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, "")
	}
	return nil
}

// group makes a group and gives it limits, as name=value. Its parents give it
// the memory controller.
func group(t *testing.T, name string, limits ...string) string {
	t.Helper()
	if os.Getenv("OTELPOOL_KERNEL") == "" {
		t.Skip("makes control groups as it likes: run it by make test-kernel")
	}
	dir := filepath.Join(groups, name)
	if parent := filepath.Dir(name); parent != "." {
		if _, err := os.Stat(filepath.Join(groups, parent)); err != nil {
			group(t, parent)
		}
		set(t, filepath.Join(groups, parent), "cgroup.subtree_control=+memory")
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Rmdir(dir); err != nil {
			t.Errorf("remove %s: %v", dir, err)
		}
	})
	set(t, dir, limits...)
	return dir
}

func set(t *testing.T, dir string, limits ...string) {
	t.Helper()
	for _, limit := range limits {
		file, value, _ := strings.Cut(limit, "=")
		if err := os.WriteFile(filepath.Join(dir, file), []byte(value), 0); err != nil {
			t.Fatal(err)
		}
	}
}

// reader is a process that reads.
type reader struct {
	*testing.T
	in  io.WriteCloser
	out *bufio.Scanner
}

// start runs a reader in a group, "" for the root's, as a user.
func start(t *testing.T, dir, mount string, user uint32) *reader {
	t.Helper()
	if os.Getenv("OTELPOOL_KERNEL") == "" {
		t.Skip("makes control groups as it likes: run it by make test-kernel")
	}
	cmd := exec.Command("/proc/self/exe") // outlives the test's context: its end is a cleanup
	cmd.Env = append(os.Environ(), "READER="+mount)
	attr := &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS, Credential: &syscall.Credential{Uid: user, Gid: user}}
	if mount == "namespace" || mount == "container" {
		attr.Unshareflags |= 0x02000000 // CLONE_NEWCGROUP
	}
	if dir != "" {
		f, err := os.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		attr.UseCgroupFD, attr.CgroupFD = true, int(f.Fd())
	}
	var complaints bytes.Buffer
	cmd.SysProcAttr, cmd.Stderr = attr, &complaints
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("the reader: %v: %s", err, complaints.String())
		}
	})
	r := &reader{t, in, bufio.NewScanner(out)}
	r.out.Buffer(nil, 1<<20)
	return r
}

// take has it take memory, which it has taken once the next reading is there.
func (r *reader) take(mib int) { fmt.Fprintln(r.in, mib) }

// read is its next reading.
func (r *reader) read() adaptive.Reading {
	r.Helper()
	fmt.Fprintln(r.in, "read")
	var line struct{ Reading adaptive.Reading }
	if !r.out.Scan() {
		r.Fatal("the reader ended")
	}
	if err := json.Unmarshal(r.out.Bytes(), &line); err != nil {
		r.Fatal(err)
	}
	return line.Reading
}

// eventually reads until a reading is right.
func (r *reader) eventually(what string, right func(*adaptive.Reading) bool) {
	r.Helper()
	var got adaptive.Reading
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if got = r.read(); right(&got) {
			return
		}
	}
	r.Errorf("%s: not within 20 s: %+v", what, got)
}
