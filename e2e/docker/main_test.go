//go:build linux

package docker_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/otelpool/pool/e2e/internal/built"
)

var fires = flag.Bool("fires", false, "wait until the squeeze's alert fires, for 7 minutes, and not only until it will")

// dirVariable names the directory of everything to the test inside the namespaces.
const dirVariable = "OTELPOOL_DOCKER_DIR"

var (
	dir     = os.Getenv(dirVariable)
	missing string // why there can be no engine
)

func TestMain(m *testing.M) {
	flag.Parse()
	if dir == "" {
		if missing = lacking(); missing == "" {
			os.Exit(outside())
		}
	}
	os.Exit(m.Run())
}

// lacking says what there is not that an engine takes.
func lacking() string {
	if testing.Short() {
		return "-short"
	}
	if os.Getuid() != 0 {
		return "an engine takes root"
	}
	for _, program := range []string{"dockerd", "docker", "iptables", "busybox", "tar"} {
		if _, err := exec.LookPath(program); err != nil {
			return err.Error() + ": apt-get install docker.io iptables busybox-static"
		}
	}
	return ""
}

// outside builds what the images are made of, and runs this test again in namespaces
// of its own. The process in them is the first of its own: the kernel ends all others,
// engine and containers, with it.
func outside() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	dir, err := os.MkdirTemp("", "otelpool-docker-")
	if err == nil {
		defer os.RemoveAll(dir)
		err = programs(ctx, dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer removeGroups(filepath.Base(dir))
	cmd := exec.CommandContext(ctx, os.Args[0], os.Args[1:]...)
	cmd.Env = append(os.Environ(), dirVariable+"="+dir)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID,
		Pdeathsig:  syscall.SIGKILL,
	}
	err = cmd.Run()
	if exit := new(exec.ExitError); errors.As(err, &exit) {
		return max(exit.ExitCode(), 1)
	} else if err != nil {
		fmt.Fprintln(os.Stderr, "namespaces:", err)
		return 1
	}
	return 0
}

// programs puts everything into the directory that is not in the repository: inside
// there is no network.
func programs(ctx context.Context, dir string) error {
	for _, p := range []built.Program{built.Collector, built.Prometheus, built.Compose} {
		path, err := p.Binary(ctx, nil)
		if err == nil {
			err = os.Symlink(path, filepath.Join(dir, p.Name))
		}
		if err != nil {
			return err
		}
	}
	gateway, err := built.RepoPath("examples", "otlp")
	if err != nil {
		return err
	}
	for name, args := range map[string][]string{
		"modules": {"env", "GOMODCACHE"}, "go": {"env", "GOROOT"}, "": {"mod", "download"},
	} {
		cmd := exec.CommandContext(ctx, "go", args...)
		cmd.Dir, cmd.Env, cmd.Stderr = gateway, append(os.Environ(), "GOWORK=off"), os.Stderr
		out, err := cmd.Output()
		if err == nil && name != "" {
			err = os.Symlink(string(out[:len(out)-1]), filepath.Join(dir, name))
		}
		if err != nil {
			return fmt.Errorf("go %q: %w", args, err)
		}
	}
	return nil
}

// removeGroups removes the empty control groups that an engine leaves.
func removeGroups(name string) {
	groups, _ := filepath.Glob("/sys/fs/cgroup/*/" + name)
	for _, group := range append(groups, "/sys/fs/cgroup/"+name) {
		inner, _ := filepath.Glob(group + "/*")
		for _, g := range append(inner, group) {
			_ = os.Remove(g) // of what is no directory the kernel refuses it
		}
	}
}
