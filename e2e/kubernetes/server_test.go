package kubernetes_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/otelpool/pool/e2e/internal/built"
	"github.com/otelpool/pool/e2e/internal/child"
)

const token = "of-this-run"

// cluster is a running API server.
type cluster struct{ kubectlPath, dir string }

// startCluster starts etcd and the server, which end with the test.
func startCluster(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{built.ForTest(t, built.Kubectl), t.TempDir()}
	etcd, peer, secure := freePort(t), freePort(t), freePort(t)
	c.start(t, built.ForTest(t, built.Etcd),
		"--data-dir="+c.dir+"/etcd", "--unsafe-no-fsync", "--log-level=warn",
		"--listen-peer-urls=http://"+peer, "--listen-client-urls=http://"+etcd, "--advertise-client-urls=http://"+etcd)
	c.write(t, "tokens", token+",admin,admin\n")
	c.write(t, "account.key", accountKey(t))
	_, port, _ := net.SplitHostPort(secure)
	c.start(t, built.ForTest(t, built.APIServer),
		"--etcd-servers=http://"+etcd, "--bind-address=127.0.0.1", "--secure-port="+port, "--cert-dir="+c.dir,
		"--endpoint-reconciler-type=none", "--service-cluster-ip-range=10.96.0.0/16",
		"--token-auth-file="+c.dir+"/tokens", "--authorization-mode=AlwaysAllow",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file="+c.dir+"/account.key", "--service-account-signing-key-file="+c.dir+"/account.key")
	c.write(t, "config", fmt.Sprintf(`{apiVersion: v1, kind: Config, current-context: c,
contexts: [{name: c, context: {cluster: c, user: u}}], users: [{name: u, user: {token: %s}}],
clusters: [{name: c, cluster: {server: "https://%s", certificate-authority: apiserver.crt}}]}`, token, secure))
	c.eventually(t, "get", "--raw", "/readyz")
	return c
}

// start runs a program until the test ends, and logs the end of its output if that failed.
func (c *cluster) start(t *testing.T, program string, args ...string) {
	t.Helper()
	p, err := child.Start(filepath.Base(program), exec.Command(program, args...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Stop(30 * time.Second); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Log(p.Failure())
		}
	})
}

func (c *cluster) write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(c.dir, name), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// kubectl returns what it prints.
func (c *cluster) kubectl(t *testing.T, stdin string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), c.kubectlPath, append([]string{"--kubeconfig", c.dir + "/config"}, args...)...)
	cmd.Env = append(os.Environ(), "HOME="+c.dir) // its cache
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// must is kubectl where a failure ends the test.
func (c *cluster) must(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	out, err := c.kubectl(t, stdin, args...)
	if err != nil {
		t.Fatalf("kubectl %q: %v\n%s", args, err, out)
	}
	return out
}

// eventually repeats a command until it succeeds.
func (c *cluster) eventually(t *testing.T, args ...string) {
	t.Helper()
	for deadline := time.Now().Add(3 * time.Minute); ; time.Sleep(200 * time.Millisecond) {
		out, err := c.kubectl(t, "", args...)
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("kubectl %q: %v\n%s", args, err, out)
		}
	}
}

// accountKey signs the tokens of service accounts.
func accountKey(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}))
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
