package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

// firstProcess is the machine's: it makes a system, runs the suites, and ends the
// machine.
func firstProcess() {
	start := time.Now()
	if err := prepare(); err != nil {
		fmt.Println("otelpool:", err)
	} else if err := runSuites(); err != nil {
		fmt.Println("otelpool:", err)
	} else {
		fmt.Printf("took %v inside\n%s\n", time.Since(start).Round(time.Second), ended)
	}
	syscall.Sync()
	_ = syscall.Reboot(syscall.LINUX_REBOOT_CMD_RESTART) // -no-reboot ends the machine
}

var mounts = [...]struct{ kind, dir, options string }{
	{
		"proc",
		"/proc",
		"",
	}, {"sysfs", "/sys", ""}, {"devtmpfs", "/dev", ""}, {"cgroup2", "/sys/fs/cgroup", ""}, {"tmpfs", "/tmp", "mode=1777"},
}

func prepare() error {
	for _, m := range mounts {
		if err := syscall.Mount(m.kind, m.dir, m.kind, 0, m.options); err != nil {
			return fmt.Errorf("mount %s: %w", m.dir, err)
		}
	}
	for i := range modules {
		if err := loadModule(fmt.Sprintf("/modules/%d.ko", i)); err != nil {
			return err
		}
	}
	tmp := "/tmp"
	if err := syscall.Mount("/dev/vda", "/disk", "ext4", 0, ""); err == nil {
		tmp = "/disk"
		if err := os.Chmod(tmp, 0o1777); err != nil {
			return err
		}
	}
	for name, value := range map[string]string{"PATH": "/bin", "TMPDIR": tmp, "HOME": "/tmp", "OTELPOOL_KERNEL": "1"} {
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	version, err := os.ReadFile("/proc/version")
	if err != nil {
		return err
	}
	fmt.Print(string(version))
	return os.WriteFile("/sys/fs/cgroup/cgroup.subtree_control", []byte("+memory"), 0)
}

func loadModule(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	none := []byte{0}
	_, _, errno := syscall.Syscall(sysFinitModule, f.Fd(), uintptr(unsafe.Pointer(&none[0])), 0)
	if errno != 0 && errno != syscall.EEXIST {
		return fmt.Errorf("load %s: %w", path, errno)
	}
	return nil
}

const sysFinitModule = 313 // on amd64; package syscall is older than it

func runSuites() error {
	text, err := os.ReadFile("/suites.json")
	if err != nil {
		return err
	}
	var suites []suite
	if err := json.Unmarshal(text, &suites); err != nil {
		return err
	}
	for _, s := range suites {
		start := time.Now()
		verdict := passed
		if err := s.run(); err != nil {
			fmt.Println(err)
			verdict = failed
		}
		fmt.Printf("%s took %v\n%s%s\n", s.Name, time.Since(start).Round(100*time.Millisecond), verdict, s.Name)
	}
	return nil
}

// run prints what a suite does but for its tests that pass.
func (s *suite) run() error {
	cmd := exec.Command("/tests/"+s.program(), s.Args...)
	cmd.Dir = os.TempDir()
	if s.User != 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(s.User), Gid: uint32(s.User)}}
	}
	out, in := io.Pipe()
	cmd.Stdout, cmd.Stderr = in, in
	shown := make(chan struct{})
	go func() {
		defer close(shown)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if line := lines.Text(); !dull(line) {
				fmt.Println(line)
			}
		}
	}()
	err := cmd.Run()
	_ = in.Close()
	<-shown
	return err
}

func dull(line string) bool {
	line = strings.TrimSpace(line)
	for _, start := range []string{"=== RUN", "=== PAUSE", "=== CONT", "=== NAME", "--- PASS"} {
		if strings.HasPrefix(line, start) {
			return true
		}
	}
	return false
}
