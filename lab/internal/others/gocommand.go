package others

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// Go returns what the go command prints in the directory, where no go.work applies. The
// error has what it complains of.
func Go(ctx context.Context, dir string, args ...string) ([]byte, error) {
	cmd := command(ctx, dir, args...)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go %s in %s: %w\n%s%s", strings.Join(args, " "), dir, err, out, complaints.Bytes())
	}
	return out, nil
}

// Test runs go test -json with the arguments. A test that fails is no error, and a package
// that does not compile is a failure.
func Test(ctx context.Context, dir string, env []string, args ...string) (Results, error) {
	cmd := command(ctx, dir, append([]string{"test", "-json"}, args...)...)
	cmd.Env = append(cmd.Env, env...)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		return Results{}, err
	}
	r, parseErr := parse(bytes.NewReader(out))
	r.Output += complaints.String()
	r.Err = err
	return r, parseErr
}

func command(ctx context.Context, dir string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off")
	return cmd
}
