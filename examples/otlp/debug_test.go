package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/otelpool/pool"
)

func TestTheLivePageIsWhereTheProgramSays(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	out, stdout := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"-calibrate", "0"}, new(pool.Registry), stdout, io.Discard)
		stdout.Close()
	}()
	var url string
	lines := bufio.NewScanner(out)
	for url == "" && lines.Scan() {
		_, url, _ = strings.Cut(lines.Text(), "the pools, live: ")
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	if names := poolsShown(t, url+"?format=json"); !strings.Contains(names, "gateway.bodies") {
		t.Errorf("%s shows %s", url, names)
	}
	if text := get(t, url+"?view=config"); !strings.Contains(text, "    limit: 48MiB # code\n") {
		t.Errorf("the configuration in force is shown as %q", text)
	}
	profileURL := strings.Replace(url, "/debug/pools/", "/debug/pprof/otelpool", 1)
	if head, err := http.Head(profileURL); err != nil || head.StatusCode != http.StatusOK {
		t.Errorf("%s: %v, %v", profileURL, head, err)
	}
	stream, err := http.Get(url + "?stream=1") // a viewer does not keep the program from ending
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	stop()
	select {
	case code := <-ended:
		if code != 0 {
			t.Errorf("exit code %d", code)
		}
	case <-time.After(time.Minute):
		t.Error("a viewer keeps the program from ending")
	}
}

func TestThePageOfAllAddressesIsToldAsOneThatABrowserTakes(t *testing.T) {
	for addr, want := range map[string]string{
		"[::]:8081": "localhost:8081", "0.0.0.0:8081": "localhost:8081", "127.0.0.1:8081": "127.0.0.1:8081", "[::1]:80": "[::1]:80",
	} {
		if got := reachable(addr); got != want {
			t.Errorf("%s is told as %s; want %s", addr, got, want)
		}
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	return string(text)
}

func poolsShown(t *testing.T, url string) string {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var page struct{ Pools []struct{ Name string } }
	if err := json.NewDecoder(answer.Body).Decode(&page); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range page.Pools {
		names = append(names, p.Name)
	}
	return strings.Join(names, " ")
}
