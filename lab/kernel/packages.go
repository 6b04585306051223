package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// parts is what the machine is made of.
type parts struct {
	qemu    []string // command with the options that it needs here
	env     []string
	kernel  string
	modules string // directory of the kernel's
	busybox string
}

// errUnavailable is a reason to skip.
var errUnavailable = errors.New("not to be had here")

// debian is packages in a cache, unpacked but not installed: nothing of the
// system changes, and nobody has to be root.
type debian struct{ cache string }

// obtain finds the parts in the cache, or fills it. Where there is no Debian, or
// its mirror does not answer, that is a reason to skip; in CI nothing else is.
func obtain(ctx context.Context, cache string) (parts, error) {
	if cache == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return parts{}, fmt.Errorf("kernel: %w", err)
		}
		cache = filepath.Join(user, "otelpool", "kernel")
	}
	d := debian{cache}
	if p, err := d.parts(); err == nil {
		return p, nil
	}
	if err := d.fetch(ctx); err != nil {
		return parts{}, err
	}
	return d.parts()
}

func (d debian) path(name ...string) string {
	return filepath.Join(append([]string{d.cache}, name...)...)
}

// parts are those of the cache. The newest kernel counts.
func (d debian) parts() (p parts, err error) {
	kernels, _ := filepath.Glob(d.path("root/boot/vmlinuz-*-cloud-amd64"))
	if len(kernels) == 0 {
		return p, fmt.Errorf("kernel: no kernel in %s", d.path("root/boot"))
	}
	p.kernel = kernels[len(kernels)-1]
	p.modules = d.path("root/lib/modules", strings.TrimPrefix(filepath.Base(p.kernel), "vmlinuz-"))
	p.busybox = d.path("root/bin/busybox")
	qemu := d.path("root/usr/bin/qemu-system-x86_64")
	p.qemu = []string{qemu, "-L", d.path("root/usr/share/qemu"), "-L", d.path("root/usr/share/seabios")}
	p.env = append(os.Environ(), "LD_LIBRARY_PATH="+d.path("root/usr/lib/x86_64-linux-gnu")+":"+d.path("root/lib/x86_64-linux-gnu"))
	for _, need := range []string{qemu, p.busybox, p.modules} {
		if _, err := os.Stat(need); err != nil {
			return p, fmt.Errorf("kernel: %w", err)
		}
	}
	return p, nil
}

// fetch downloads and unpacks. Lists of packages are the cache's own: a fresh
// container has none.
func (d debian) fetch(ctx context.Context) error {
	if _, err := exec.LookPath("apt-get"); err != nil {
		return fmt.Errorf("%w: %w", errUnavailable, err)
	}
	for _, dir := range []string{"lists/partial", "archives/partial"} {
		if err := os.MkdirAll(d.path(dir), 0o755); err != nil {
			return fmt.Errorf("kernel: %w", err)
		}
	}
	if _, err := d.apt(ctx, "apt-get", "update", "-o", "APT::Update::Error-Mode=any"); err != nil {
		return fmt.Errorf("%w: %w", errUnavailable, err)
	}
	err := d.download(ctx)
	if err == nil {
		err = d.unpack(ctx)
	}
	if err != nil && os.Getenv("CI") == "" {
		return fmt.Errorf("%w: %w", errUnavailable, err)
	}
	return err
}

// download gets QEMU with what it needs and this system lacks, and the kernel
// alone: what that depends on would install it.
func (d debian) download(ctx context.Context) error {
	if _, err := d.apt(ctx, "apt-get", "install", "-y", "--download-only", "--reinstall", "--no-install-recommends",
		"qemu-system-x86", "busybox-static"); err != nil {
		return err
	}
	text, err := d.apt(ctx, "apt-cache", "depends", "linux-image-cloud-amd64")
	if err != nil {
		return err
	}
	_, image, ok := strings.Cut(text, "Depends: ")
	if !ok {
		return fmt.Errorf("kernel: linux-image-cloud-amd64 depends on nothing: %q", text)
	}
	image, _, _ = strings.Cut(image, "\n")
	_, err = d.apt(ctx, "apt-get", "download", image)
	return err
}

// apt runs one of apt's programs on the cache, in the directory for archives.
func (d debian) apt(ctx context.Context, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, append([]string{
		"-q", "-o", "Dir::State::lists=" + d.path("lists"), "-o", "Dir::Cache::archives=" + d.path("archives"), "-o", "Debug::NoLocking=1",
		"-o", "APT::Sandbox::User=", // it may not write to the user's cache
	}, args...)...)
	cmd.Dir = d.path("archives")
	return output(cmd)
}

func (d debian) unpack(ctx context.Context) error {
	archives, err := filepath.Glob(d.path("archives/*.deb"))
	for _, archive := range archives {
		if _, err = output(exec.CommandContext(ctx, "dpkg-deb", "-x", archive, d.path("root"))); err != nil {
			return err
		}
	}
	return err
}

// output is what a command printed. Its complaints are the error's.
func output(cmd *exec.Cmd) (string, error) {
	out, err := cmd.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		err = fmt.Errorf("%w: %s", err, strings.TrimSpace(string(exit.Stderr)))
	}
	if err != nil {
		return "", fmt.Errorf("kernel: %s: %w", strings.Join(cmd.Args, " "), err)
	}
	return string(out), nil
}
