package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"

	"github.com/otelpool/pool/e2e/internal/built"
	"github.com/otelpool/pool/e2e/internal/child"
)

// hosts are the services of a compose file as processes of this machine. Each has an
// address of its own in 127.0.0.0/8, which stands where the files have its name, so
// that commands, ports and configurations are the shipped ones.
type hosts struct {
	dir       string
	services  types.Services
	programs  map[string]string // by the image without its tag
	addresses map[string]string // by service
	words     []string          // each service, its address, …
	running   map[string]*child.Child
}

func newHosts(t *testing.T, file string, programs map[string]string) *hosts {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{file})
	if err != nil {
		t.Fatal(err)
	}
	project, err := options.LoadProject(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	h := &hosts{
		dir: t.TempDir(), services: project.Services, programs: programs,
		addresses: map[string]string{}, running: map[string]*child.Child{},
	}
	network := fmt.Sprintf("127.%d.%d.", 1+rand.IntN(250), rand.IntN(250)) // others may run this too
	for i, name := range project.ServiceNames() {
		h.addresses[name] = network + strconv.Itoa(1+i)
		h.words = append(h.words, name, h.addresses[name])
	}
	t.Cleanup(func() { h.kill(t) })
	return h
}

// start runs a service as its container would be.
func (h *hosts) start(t *testing.T, name string) {
	t.Helper()
	s := h.services[name]
	here := h.here(t, name)
	var args []string
	for _, arg := range s.Command {
		args = append(args, here.Replace(arg))
	}
	image, _, _ := strings.Cut(s.Image, ":")
	if h.programs[image] == "" {
		t.Fatalf("%s: no program for image %q", name, image)
	}
	cmd := exec.Command(h.programs[image], args...)
	cmd.Env = os.Environ()
	for key, value := range s.Environment {
		cmd.Env = append(cmd.Env, key+"="+here.Replace(*value))
	}
	c, err := child.Start(name, cmd)
	if err != nil {
		t.Fatal(err)
	}
	h.running[name] = c
}

// here has what is other than in a container: addresses, and where mounts are.
func (h *hosts) here(t *testing.T, name string) *strings.Replacer {
	t.Helper()
	words := append([]string{"0.0.0.0", h.addresses[name]}, h.words...)
	for _, v := range h.services[name].Volumes {
		path := v.Source
		if v.Type == types.VolumeTypeVolume {
			path = filepath.Join(h.dir, v.Source)
		} else if text, err := os.ReadFile(v.Source); err == nil { // else a directory
			path = filepath.Join(h.dir, name+"-"+filepath.Base(v.Source))
			if err := os.WriteFile(path, []byte(strings.NewReplacer(words...).Replace(string(text))), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		words = append([]string{v.Target, path}, words...)
	}
	return strings.NewReplacer(words...)
}

func (h *hosts) ready(t *testing.T, name, path string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	if err := h.running[name].Ready(ctx, "http://"+h.addresses[name]+path); err != nil {
		t.Fatal(err)
	}
}

func (h *hosts) kill(t *testing.T) {
	for name, c := range h.running {
		c.Kill()
		if t.Failed() {
			t.Logf("%s:\n%s", name, c.Output())
		}
	}
}

// taken is what a service has taken so far: seconds of a processor, and memory now.
func (h *hosts) taken(t *testing.T, name string) (u taken) {
	t.Helper()
	proc := "/proc/" + strconv.Itoa(h.running[name].Pid())
	stat, err := os.ReadFile(proc + "/stat")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(stat), ") ") // the name may have spaces
	f := strings.Fields(after)
	const user, system, resident, ticks = 11, 12, 21, 100
	u.cores = (number(t, f[user]) + number(t, f[system])) / ticks
	u.memory = number(t, f[resident]) * float64(os.Getpagesize())
	return u
}

// logged is the size of the write-ahead log in a Receive's volume.
func (h *hosts) logged(t *testing.T, volume string) (bytes int64) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(h.dir, volume, "*", "wal", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if info, err := os.Stat(file); err == nil {
			bytes += info.Size()
		}
	}
	return bytes
}

func number(t *testing.T, s string) float64 {
	t.Helper()
	n, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func shipped(t *testing.T, elem ...string) string {
	t.Helper()
	path, err := built.RepoPath(append([]string{"deploy"}, elem...)...)
	if err != nil {
		t.Fatal(err)
	}
	return path
}
