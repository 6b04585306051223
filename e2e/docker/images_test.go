//go:build linux

package docker_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

const (
	root         = "../.."
	certificates = "/etc/ssl/certs/ca-certificates.crt"
)

// image is a stand-in: what is in it and how it is run.
type image struct {
	files   map[string]string // there, and where they are from
	shell   bool              // busybox
	changes []string          // lines of a Dockerfile
}

// images has a stand-in for each tag that docker-compose.yml and the gateway's
// Dockerfile pin, but for Grafana's. Users and entry points are those of the real
// ones.
func images(t *testing.T) map[string]image {
	t.Helper()
	stages := tags(t, "examples/otlp/Dockerfile", `(?m)^FROM (\S+)`)
	if len(stages) != 2 {
		t.Fatalf("the Dockerfile has stages %q", stages)
	}
	all := map[string]image{
		stages[0]: {shell: true, files: goFiles(), changes: []string{"ENV PATH=/usr/local/go/bin:/bin GOTOOLCHAIN=local"}},
		stages[1]: {files: map[string]string{certificates: certificates}, changes: []string{"USER 65532"}},
	}
	for _, tag := range tags(t, "docker-compose.yml", `(?m)^ +image: (\S+:\S+)`) {
		switch name, _, _ := strings.Cut(tag, ":"); name {
		case "otel/opentelemetry-collector-contrib":
			all[tag] = image{
				files:   map[string]string{"/otelcol-contrib": dir + "/otelcol"},
				changes: []string{"USER 10001:10001", `ENTRYPOINT ["/otelcol-contrib"]`},
			}
		case "prom/prometheus":
			all[tag] = image{shell: true, files: map[string]string{"/bin/prometheus": dir + "/prometheus"},
				changes: []string{"USER nobody", "WORKDIR /prometheus", "VOLUME /prometheus", `ENTRYPOINT ["/bin/prometheus"]`}}
		case "grafana/grafana":
		default:
			t.Errorf("docker-compose.yml has %s: make a stand-in here, or say why there is none", tag)
		}
	}
	return all
}

// goFiles is what go build takes of Go; its tests and the sources of its own commands
// would double the image.
func goFiles() map[string]string {
	files := map[string]string{}
	for _, name := range []string{"VERSION", "bin", "go.env", "pkg/include", "pkg/tool"} {
		files["/usr/local/go/"+name] = dir + "/go/" + name
	}
	packages, _ := filepath.Glob(dir + "/go/src/*")
	for _, p := range packages {
		if name := filepath.Base(p); name != "cmd" {
			files["/usr/local/go/src/"+name] = p
		}
	}
	return files
}

func tags(t *testing.T, file, expr string) (all []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, file))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(expr).FindAllSubmatch(text, -1) {
		all = append(all, string(m[1]))
	}
	return all
}

// make imports the image under its tag.
func (i image) make(t *testing.T, e *engine, tag string) {
	t.Helper()
	start := time.Now()
	defer func() { t.Logf("%s: %.1f s", tag, time.Since(start).Seconds()) }()
	fs, err := os.MkdirTemp(dir, "image-") //nolint:usetesting // in the run's directory, and gone with the image and not with the test
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(fs)
	i.fill(t, fs)
	tar := exec.CommandContext(t.Context(), "tar", "-c", "-C", fs, ".")
	args := []string{"import"}
	for _, c := range i.changes {
		args = append(args, "--change", c)
	}
	load := exec.CommandContext(t.Context(), "docker", append(args, "-", tag)...)
	if load.Stdin, err = tar.StdoutPipe(); err == nil {
		err = tar.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	e.run(t, load)
	if err := tar.Wait(); err != nil {
		t.Fatal(err)
	}
}

func (i image) fill(t *testing.T, fs string) {
	t.Helper()
	users := "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n" +
		"nonroot:x:65532:65532:nonroot:/home/nonroot:/bin/false\n"
	for _, d := range []string{"/etc", "/bin", "/tmp", "/root", "/home/nonroot", "/prometheus"} {
		if err := os.MkdirAll(fs+d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	err := os.WriteFile(fs+"/etc/passwd", []byte(users), 0o644)
	for to, from := range i.files {
		from, _ = filepath.EvalSymlinks(from)
		if out, err := exec.CommandContext(t.Context(), "mkdir", "-p", filepath.Dir(fs+to)).CombinedOutput(); err != nil {
			t.Fatal(err, string(out))
		}
		if out, err := exec.CommandContext(t.Context(), "cp", "-rL", from, fs+to).CombinedOutput(); err != nil {
			t.Fatal(err, string(out))
		}
	}
	if i.shell && err == nil {
		busybox, _ := exec.LookPath("busybox")
		var out []byte
		if out, err = exec.CommandContext(t.Context(), busybox, "cp", busybox, fs+"/bin/busybox").CombinedOutput(); err == nil {
			out, err = exec.CommandContext(t.Context(), "chroot", fs, "/bin/busybox", "--install", "-s", "/bin").CombinedOutput()
		}
		if err != nil {
			t.Logf("%s", out)
		}
	}
	for _, d := range []string{"/tmp", "/prometheus"} {
		if err == nil {
			err = os.Chmod(fs+d, os.ModeSticky|0o777)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}
