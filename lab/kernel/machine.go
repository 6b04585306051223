package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// machine is what is booted, from files in a directory.
type machine struct {
	parts
	dir      string
	memory   int
	deadline time.Duration
	disk     bool // there is one
}

// applets of busybox are what tests run.
var applets = []string{"sh", "cat", "dd", "head", "sleep", "tr"}

// modules are the kernel's for a disk, in the order in which they need each other.
var modules = []string{
	"drivers/virtio/virtio_ring.ko", "drivers/virtio/virtio.ko", "drivers/virtio/virtio_pci_legacy_dev.ko",
	"drivers/virtio/virtio_pci_modern_dev.ko", "drivers/virtio/virtio_pci.ko", "drivers/block/virtio_blk.ko",
}

// assemble builds what is run and packs it. Suites whose package does not exist
// are left out.
func (m *machine) assemble(ctx context.Context, suites []suite) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	files := map[string]string{"init": self, "bin/busybox": m.busybox}
	for i, name := range modules {
		files[fmt.Sprintf("modules/%d.ko", i)] = filepath.Join(m.modules, "kernel", name)
	}
	for _, s := range suites {
		program := filepath.Join(m.dir, s.program())
		if _, done := files["tests/"+s.program()]; done {
			continue
		}
		if err := s.build(ctx, program); err != nil {
			return err
		}
		files["tests/"+s.program()] = program
	}
	list, err := json.Marshal(suites)
	if err != nil {
		return err
	}
	files["suites.json"] = filepath.Join(m.dir, "suites.json")
	if err := os.WriteFile(files["suites.json"], list, 0o644); err != nil {
		return err
	}
	if m.disk, err = m.makeDisk(ctx); err != nil {
		return err
	}
	return writeImage(filepath.Join(m.dir, "initramfs"), files, applets)
}

func (s *suite) program() string { return strings.ReplaceAll(s.Pkg, "/", "-") }

// build makes it a static program. Lab's packages are of lab's module.
func (s *suite) build(ctx context.Context, to string) error {
	args := []string{"build", "-o", to}
	if s.Test {
		args = []string{"test", "-c", "-o", to}
	}
	root, pkg := "..", s.Pkg // go run -C lab runs us in lab
	if below, ok := strings.CutPrefix(pkg, "lab/"); ok {
		root, pkg = ".", below
	}
	cmd := exec.CommandContext(ctx, "go", append(args, "./"+pkg)...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off")
	_, err := output(cmd)
	return err
}

// present leaves out suites whose package this tree does not have.
func present(suites []suite) []suite {
	return slices.DeleteFunc(slices.Clone(suites), func(s suite) bool {
		_, err := os.Stat(filepath.Join("..", s.Pkg))
		return errors.Is(err, fs.ErrNotExist)
	})
}

const diskBytes = 1 << 30

// makeDisk makes a file system for page cache; without mkfs.ext4 there is none,
// and what needs it says so inside.
func (m *machine) makeDisk(ctx context.Context) (bool, error) {
	mkfs, err := exec.LookPath("mkfs.ext4")
	if err != nil {
		if mkfs, err = exec.LookPath("/sbin/mkfs.ext4"); err != nil {
			return false, nil
		}
	}
	path := filepath.Join(m.dir, "disk")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		return false, err
	}
	if err := os.Truncate(path, diskBytes); err != nil {
		return false, err
	}
	// Neither journal nor checksums, which would need more modules.
	_, err = output(exec.CommandContext(ctx, mkfs, "-q", "-F", "-O", "^has_journal,^metadata_csum", path))
	return true, err
}

// What the first process says on the console, each on a line of its own.
const (
	passed = "otelpool: passed "
	failed = "otelpool: FAILED "
	ended  = "otelpool: ended"
)

// boot runs the machine and returns what failed, the machine itself included.
func (m *machine) boot(ctx context.Context, suites []suite, out io.Writer) error {
	ctx, stop := context.WithTimeout(ctx, m.deadline)
	defer stop()
	args := append(m.qemu[1:len(m.qemu):len(m.qemu)],
		"-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", strconv.Itoa(m.memory), "-nic", "none", "-display", "none",
		"-monitor", "none", "-serial", "stdio", "-no-reboot", "-kernel", m.kernel, "-initrd", filepath.Join(m.dir, "initramfs"),
		"-append", "console=ttyS0 quiet panic=-1 mitigations=off cryptomgr.notests") // its tests hung a boot for good
	if m.disk {
		args = append(args, "-drive", "if=virtio,format=raw,cache=unsafe,file="+filepath.Join(m.dir, "disk"))
	}
	cmd := exec.CommandContext(ctx, m.qemu[0], args...)
	cmd.Env, cmd.Stderr = m.env, out
	console, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("kernel: %w", err)
	}
	errs := follow(console, suites, out)
	if err := cmd.Wait(); ctx.Err() != nil {
		errs = append(errs, fmt.Errorf("kernel: the machine did not end within %v", m.deadline))
	} else if err != nil {
		errs = append(errs, fmt.Errorf("kernel: %w", err))
	}
	return errors.Join(errs...)
}

// follow copies the console and returns what it says has failed, or does not say
// has passed.
func follow(console io.Reader, suites []suite, out io.Writer) (errs []error) {
	done := map[string]bool{}
	over := false
	lines := bufio.NewScanner(console)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := strings.TrimRight(lines.Text(), "\r")
		fmt.Fprintln(out, line)
		if name, ok := strings.CutPrefix(line, passed); ok {
			done[name] = true
		}
		if name, ok := strings.CutPrefix(line, failed); ok {
			done[name] = true
			errs = append(errs, fmt.Errorf("kernel: %s failed", name))
		}
		over = over || line == ended
	}
	for _, s := range suites {
		if !done[s.Name] {
			errs = append(errs, fmt.Errorf("kernel: nothing was heard of the end of %s", s.Name))
		}
	}
	if !over {
		errs = append(errs, errors.New("kernel: the machine ended before its tests did"))
	}
	return errs
}
