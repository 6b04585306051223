package signals

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"time"
)

const (
	// psiWindow is the kernel's least window for processes without
	// CAP_SYS_RESOURCE, and the one over which shares are taken.
	psiWindow = 2 * time.Second
	// psiSpacing bounds the samples that a window holds.
	psiSpacing = psiWindow / (psiSamples - 8)
	psiSamples = 32
	// psiGap between two readings is no window any more: the process, or the
	// machine, was stopped, or the clock was set.
	psiGap = 10 * time.Second
)

// pressure reads a PSI file by polling.
type pressure struct {
	file    *file
	buf     [256]byte
	samples []psiSample // oldest first, none older than is needed
}

type psiSample struct {
	at         time.Time
	some, full time.Duration
}

// read gives the shares of the last window, from the kernel's totals. Before
// there is a window of readings, it is what the kernel says of the last ten
// seconds.
func (p *pressure) read(now time.Time) (some, full float64, err error) {
	text, err := p.file.read(p.buf[:])
	if err != nil {
		return 0, 0, err
	}
	s, f, err := parsePSI(text)
	if err != nil {
		return 0, 0, fmt.Errorf("%s: %w", p.file.Name(), err)
	}
	base, ok := p.add(psiSample{at: now, some: s.total, full: f.total})
	if !ok {
		return s.avg10, f.avg10, nil
	}
	window := float64(now.Sub(base.at))
	return min(float64(s.total-base.some)/window, 1), min(float64(f.total-base.full)/window, 1), nil
}

// add remembers a sample and returns the newest that is a window older.
func (p *pressure) add(s psiSample) (base psiSample, ok bool) {
	n := len(p.samples)
	if n == 0 || !s.follows(p.samples[n-1]) {
		p.samples = append(p.samples[:0], s)
		return s, false
	}
	last := p.samples[n-1].at
	for len(p.samples) > 1 && s.at.Sub(p.samples[1].at) >= psiWindow {
		p.samples = slices.Delete(p.samples, 0, 1)
	}
	base = p.samples[0]
	if len(p.samples) < psiSamples && s.at.Sub(last) >= psiSpacing {
		p.samples = append(p.samples, s)
	}
	return base, s.at.Sub(base.at) >= psiWindow
}

// follows reports whether the kernel has counted on since the sample before, and at most
// a gap has passed.
func (s psiSample) follows(last psiSample) bool {
	gap := s.at.Sub(last.at)
	return gap >= 0 && gap <= psiGap && s.some >= last.some && s.full >= last.full
}

// stall is one line of a PSI file.
type stall struct {
	avg10 float64       // share of the last ten seconds: 0 to 1
	total time.Duration // since the machine started
}

// parsePSI reads "some avg10=0.12 avg60=0.05 avg300=0.01 total=12345" and the
// same for full.
func parsePSI(text []byte) (some, full stall, err error) {
	first, rest, _ := bytes.Cut(text, newline)
	second, _, _ := bytes.Cut(rest, newline)
	if some, err = parseStall(first, "some avg10="); err == nil {
		full, err = parseStall(second, "full avg10=")
	}
	return some, full, err
}

func parseStall(line []byte, prefix string) (stall, error) {
	rest, ok := bytes.CutPrefix(line, []byte(prefix))
	average, _, _ := bytes.Cut(rest, blank)
	_, total, _ := bytes.Cut(rest, []byte(" total="))
	percent, err := strconv.ParseFloat(string(average), 64)
	micros, err2 := strconv.ParseUint(string(total), 10, 53)
	if !ok || err != nil || err2 != nil || !(0 <= percent && percent <= 100) {
		return stall{}, fmt.Errorf("%q is no %q line of a pressure file", clip(line), prefix)
	}
	return stall{avg10: percent / 100, total: time.Duration(micros) * time.Microsecond}, nil
}
