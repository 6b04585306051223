//go:build linux

package docker_test

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const bridge = "192.168.231.1" // where containers that build find this process

// engine is a running dockerd with what its clients need to know.
type engine struct{ env []string }

// startEngine starts dockerd and a server of Go modules, both in this process'
// namespaces.
func startEngine(t *testing.T) *engine {
	t.Helper()
	if err := enterNamespaces(); err != nil {
		t.Fatal(err)
	}
	modules, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp4", ":0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{
		Handler:           http.FileServer(http.Dir(filepath.Join(dir, "modules/cache/download"))),
		ReadHeaderTimeout: time.Minute,
	}
	go func() { _ = server.Serve(modules) }() // ends with the test
	t.Cleanup(func() { _ = server.Close() })
	startDaemon(t)
	// Nothing else of the environment, which could have a COMPOSE_FILE.
	e := &engine{
		env: []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "DOCKER_HOST=unix://" + dir + "/docker.sock", "DOCKER_BUILDKIT=0"},
	}
	e.env = append(e.env, fmt.Sprintf("GOPROXY=http://%s:%d", bridge, modules.Addr().(*net.TCPAddr).Port))
	return e
}

// enterNamespaces makes them fit to live in: mounts stay here, /proc has the
// processes of here, and loopback is up.
func enterNamespaces() error {
	if os.Getpid() != 1 {
		return fmt.Errorf("%s is for the process that has namespaces of its own", dirVariable)
	}
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("mounts of our own: %w", err)
	}
	if err := syscall.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return fmt.Errorf("/proc: %w", err)
	}
	if out, err := exec.Command("busybox", "ip", "link", "set", "lo", "up").CombinedOutput(); err != nil {
		return fmt.Errorf("loopback: %w: %s", err, out)
	}
	return nil
}

func startDaemon(t *testing.T) {
	t.Helper()
	log, err := os.Create(filepath.Join(dir, "dockerd.log"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("dockerd: %s", end(log.Name()))
		}
		_ = log.Close()
	})
	cmd := exec.Command(
		"dockerd",
		"--host=unix://"+dir+"/docker.sock",
		"--data-root="+dir+"/data",
		"--exec-root="+dir+"/exec",
		"--pidfile="+dir+"/dockerd.pid",
		"--exec-opt=native.cgroupdriver=cgroupfs",
		"--cgroup-parent=/"+filepath.Base(dir),
		"--log-level=warn",
		"--bip="+bridge+"/24",
		"--config-file="+dir+"/daemon.json",
	)
	cmd.Stdout, cmd.Stderr = log, log
	if err := os.WriteFile(filepath.Join(dir, "daemon.json"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }() // ends with the process
	t.Cleanup(func() { stopDaemon(t, cmd.Process, exited) })
	for deadline := time.Now().Add(time.Minute); ; {
		if conn, err := net.Dial("unix", dir+"/docker.sock"); err == nil {
			_ = conn.Close()
			return
		}
		select {
		case err := <-exited:
			exited <- err
			t.Fatalf("no engine can be started here: dockerd: %v: %s", err, end(log.Name()))
		case <-time.After(100 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatalf("no engine can be started here: dockerd does not listen: %s", end(log.Name()))
		}
	}
}

// stopDaemon lets it unmount what it has mounted.
func stopDaemon(t *testing.T, daemon *os.Process, exited <-chan error) {
	_ = daemon.Signal(syscall.SIGTERM) // if it is gone, Wait says so
	select {
	case <-exited:
	case <-time.After(time.Minute):
		t.Error("dockerd does not stop")
		_ = daemon.Kill()
	}
}

// docker returns what the command prints.
func (e *engine) docker(t *testing.T, args ...string) string {
	t.Helper()
	return e.run(t, exec.CommandContext(t.Context(), "docker", args...))
}

// compose runs Docker Compose on the shipped file.
func (e *engine) compose(t *testing.T, args ...string) string {
	t.Helper()
	return e.run(
		t,
		exec.CommandContext(
			t.Context(),
			dir+"/docker-compose",
			append([]string{"--project-directory", root, "--profile", "fleet"}, args...)...),
	)
}

func (e *engine) run(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Env, cmd.Stdout, cmd.Stderr = e.env, &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s%s", strings.Join(cmd.Args, " "), err, &stdout, &stderr)
	}
	return strings.TrimSpace(stdout.String())
}

func end(file string) []byte {
	text, _ := os.ReadFile(file) // what cannot be read is nothing to tell
	return text[max(0, len(text)-4<<10):]
}
