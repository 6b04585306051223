//go:build unix

package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	"google.golang.org/protobuf/proto"
)

// received has the last value of each series of a pool, by instrument and result.
type received struct {
	mu   sync.Mutex
	last map[string]int64
}

func (r *received) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	var request collector.ExportMetricsServiceRequest
	if err != nil || proto.Unmarshal(body, &request) != nil {
		http.Error(w, "no metrics", http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, scope := range request.GetResourceMetrics()[0].GetScopeMetrics() {
		for _, m := range scope.GetMetrics() {
			for _, point := range m.GetSum().GetDataPoints() {
				var values strings.Builder
				for _, a := range point.GetAttributes() {
					values.WriteString(" " + a.GetValue().GetStringValue())
				}
				if strings.Contains(values.String(), "main.use") {
					r.last[m.GetName()+values.String()] = point.GetAsInt()
				}
			}
		}
	}
}

// The program has ended when the last figures are exported, so these are exact.
func TestOTLPHasTheCountsToTheEnd(t *testing.T) {
	t.Parallel()
	r := &received{last: make(map[string]int64)}
	server := httptest.NewServer(r)
	defer server.Close()
	s := poolscope(t, "counted", "run", "-otlp", ".", "own")
	s.Env = append(s.Env, "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf", "OTEL_EXPORTER_OTLP_ENDPOINT="+server.URL)
	s.ready(t)
	s.interrupt(t, 3)
	r.mu.Lock()
	defer r.mu.Unlock()
	requests, puts := int64(0), int64(0)
	for series, n := range r.last {
		switch {
		case strings.HasPrefix(series, "otelpool.requests "):
			requests += n
		case strings.HasPrefix(series, "otelpool.returns "):
			puts += n
		}
	}
	if requests != 30 || puts != 28 {
		t.Errorf("%d requests, %d returns, want 30 and 28: %v", requests, puts, r.last)
	}
}

// Who has a collector on this machine need say nothing, as the specification has it.
func TestOTLPIsPlainWhereNothingSaysWhere(t *testing.T) {
	for _, name := range os.Environ() {
		if name, value, _ := strings.Cut(name, "="); strings.HasPrefix(name, "OTEL_EXPORTER_OTLP_") {
			t.Setenv(name, value) // back at the end
			os.Unsetenv(name)
		}
	}
	if !byDefault() {
		t.Error("with TLS, and nothing asks for it")
	}
	for _, name := range []string{"ENDPOINT", "METRICS_ENDPOINT", "INSECURE", "METRICS_CERTIFICATE"} {
		t.Run(name, func(t *testing.T) {
			if t.Setenv("OTEL_EXPORTER_OTLP_"+name, "x"); byDefault() {
				t.Error("it is not heeded")
			}
		})
	}
}
