package main

import (
	"strings"
	"testing"
)

func TestACollectorThatIsDownIsReportedAndStopsNothing(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
	t.Setenv("OTEL_METRIC_EXPORT_INTERVAL", "50")
	t.Setenv("OTEL_METRIC_EXPORT_TIMEOUT", "50")
	code, stdout, stderr := runOnce(t, "-calibrate", "0", "-input", "flags.go", "gateway.go")
	if code != 0 || !strings.Contains(stdout, "\n2 requests in ") || !strings.Contains(stdout, "0 failed") {
		t.Errorf("exit code %d, %q", code, stdout)
	}
	if !strings.Contains(stderr, "otlp: warning: ") || !strings.Contains(stderr, "127.0.0.1:1") {
		t.Errorf("nobody is told: %q", stderr)
	}
}
