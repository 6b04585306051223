package main

import (
	"bufio"
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/raceflag"
)

const asGateway = "OTLP_TEST_AS_GATEWAY"

// TestServesInAProcessOfItsOwn is the gateway that the next test attacks.
func TestServesInAProcessOfItsOwn(t *testing.T) {
	if os.Getenv(asGateway) == "" {
		return
	}
	os.Exit(
		run(
			t.Context(),
			[]string{"-scenario", "none", "-listen", "127.0.0.1:0", "-max-held", "268435456"},
			pool.Default,
			os.Stdout,
			os.Stderr,
		),
	)
}

// Bytes that are bounded bound no memory by themselves: buffers, their copies
// and the collector's headroom count too.
func TestTwoHundredBombsTakeNoMoreThanTwiceWhatIsHeld(t *testing.T) {
	if testing.Short() {
		t.Skip("200 bombs take some seconds")
	}
	if raceflag.On {
		t.Skip("the race detector's own memory is several times the program's")
	}
	gateway := exec.Command(os.Args[0], "-test.run=^TestServesInAProcessOfItsOwn$")
	gateway.Env = append(os.Environ(), asGateway+"=1")
	out, err := gateway.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := gateway.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { gateway.Process.Kill(); gateway.Wait() }()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	url := regexp.MustCompile(`http://\S+/ingest`).FindString(line)
	bomb := zipped(make([]byte, 100<<20))
	var refused atomic.Int64
	var clients sync.WaitGroup
	for range 200 {
		clients.Go(func() {
			req, _ := http.NewRequest(http.MethodPost, url, bytes.NewReader(bomb))
			req.Header.Set("Content-Encoding", "gzip")
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Error(err)
				return
			}
			defer resp.Body.Close()
			if s := resp.StatusCode; s == http.StatusServiceUnavailable || s == http.StatusRequestEntityTooLarge {
				refused.Add(1)
			}
		})
	}
	clients.Wait()
	peak := peakOf(t, gateway.Process.Pid)
	t.Logf("peak RSS %d MiB", peak>>20)
	if refused.Load() != 200 || peak > 512<<20 {
		t.Errorf("%d of 200 refused, peak RSS %d MiB, at most 512 allowed", refused.Load(), peak>>20)
	}
}

// peakOf is the most memory that a process has occupied.
func peakOf(t *testing.T, pid int) int64 {
	t.Helper()
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	kib, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return kib << 10
}
