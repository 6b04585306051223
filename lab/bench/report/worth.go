package main

import (
	"fmt"
	"image/color"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot/plotter"
)

var poolings = []struct {
	name, title string
	color       color.Color
}{
	{"none", "no pooling", gray},
	{"syncpool", "sync.Pool", orange},
	{"otelpool", "otelpool", blue},
}

// worthBlock is the part of BENCHMARKS.md that worth measures, and its charts.
func worthBlock(o options, r *results) (string, error) {
	var b strings.Builder
	b.WriteString(environment(r))
	b.WriteString("\n### The gateway's request path\n\n![The gateway](lab/bench/results/worth-gateway.svg)\n\n")
	b.WriteString(r.gatewayTable())
	b.WriteString("\n### A buffer-bound path\n\n![Echo](lab/bench/results/worth-echo.svg)\n\n")
	b.WriteString(strings.TrimRight(r.echoTable(), "\n"))
	if err := r.gatewayChart(o); err != nil {
		return "", err
	}
	return b.String(), r.echoChart(o)
}

func (r *results) gatewayTable() string {
	t := newTable(
		"pooling",
		"GOGC",
		"Ps",
		"requests/s",
		"×",
		"allocated per request",
		"objects",
		"collections/s",
		"CPU for GC",
		"p50",
		"p99",
		"peak RSS",
	)
	for _, gogc := range r.distinct("Gateway", gogcOf) {
		for _, cpu := range r.distinct("Gateway", cpuOf) {
			base := r.median(gateway("none", cpu, gogc), "requests/s")
			for _, p := range poolings {
				at := gateway(p.name, cpu, gogc)
				figure := func(unit string) float64 { return r.median(at, unit) }
				t.row(
					p.title,
					gogc,
					cpu,
					fmt.Sprintf("%.0f", figure("requests/s")),
					trimmed(figure("requests/s")/base),
					scaled(
						figure("B/op"),
						"B/op",
					),
					trimmed(figure("allocs/op")),
					trimmed(figure("gcs/s")),
					trimmed(figure("gc-cpu-%"))+" %",
					trimmed(figure("p50-ms"))+" ms",
					trimmed(figure("p99-ms"))+" ms",
					scaled(figure("peak-B"), "peak-B"),
				)
			}
		}
	}
	return t.String()
}

func gateway(pool, cpu, gogc string) id {
	return id{Case: "Gateway", Pool: pool, Param: "size=mixed", CPU: cpu, GOGC: gogc}
}

func (r *results) gatewayChart(o options) error {
	const cpu = "2"
	var all []bar
	for _, gogc := range r.distinct("Gateway", gogcOf) {
		for _, p := range poolings {
			x := r.median(gateway(p.name, cpu, gogc), "requests/s")
			all = append(all, bar{"GOGC " + gogc + ", " + p.title, x, fmt.Sprintf("%.0f", x), p.color})
		}
	}
	return bars(
		filepath.Join(o.root, "lab", "bench", "results", "worth-gateway.svg"),
		"The gateway: requests per second, GOMAXPROCS "+cpu,
		"requests/s (more is better)",
		all,
		1e12,
	)
}

func (r *results) echoTable() string {
	t := newTable(
		"path",
		"body",
		"GOGC",
		"Ps",
		"no pooling",
		"sync.Pool",
		"otelpool",
		"sync.Pool ×",
		"otelpool ×",
		"allocated per request, no pooling",
		"otelpool",
	)
	for _, param := range r.distinct("Echo", paramOf) {
		path, size, _ := strings.Cut(strings.TrimPrefix(param, "path="), "/")
		for _, gogc := range r.distinct("Echo", gogcOf) {
			for _, cpu := range r.distinct("Echo", cpuOf) {
				at := id{Case: "Echo", Param: param, CPU: cpu, GOGC: gogc}
				seconds := map[string]float64{}
				cells := []string{path, sizeText(size), gogc, cpu}
				for _, p := range poolings {
					at.Pool = p.name
					seconds[p.name] = r.median(at, "sec/op")
					cells = append(cells, scaled(seconds[p.name], "sec/op"))
				}
				bytes := func(pool string) string { at.Pool = pool; return scaled(r.median(at, "B/op"), "B/op") }
				t.row(append(cells, trimmed(seconds["none"]/seconds["syncpool"]), "**"+trimmed(seconds["none"]/seconds["otelpool"])+"**",
					bytes("none"), bytes("otelpool"))...)
			}
		}
	}
	return t.String()
}

// echoChart is how many times the throughput without pooling each path reaches,
// by size, at the default GOGC.
func (r *results) echoChart(o options) error {
	var all []line
	for _, path := range []string{"memory", "http"} {
		for _, p := range slices.Backward(poolings[1:]) {
			l := line{name: p.title + ", " + path}
			for _, param := range r.distinct("Echo", paramOf) {
				size, ok := strings.CutPrefix(param, "path="+path+"/size=")
				if !ok {
					continue
				}
				n, err := strconv.ParseFloat(size, 64)
				if err != nil {
					return fmt.Errorf("size of Echo at %s: %w", param, err)
				}
				at := id{Case: "Echo", Pool: "none", Param: param, CPU: "2", GOGC: "100"}
				none := r.median(at, "sec/op")
				at.Pool = p.name
				if pooled := r.median(at, "sec/op"); none > 0 && pooled > 0 {
					l.at = append(l.at, plotter.XY{X: n, Y: none / pooled})
				}
			}
			all = append(all, l)
		}
	}
	return lines(
		filepath.Join(o.root, "lab", "bench", "results", "worth-echo.svg"),
		"Buffer-bound path: throughput, times that without pooling",
		"bytes per body",
		"× no pooling",
		all,
		true,
		false,
	)
}
