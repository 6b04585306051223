package signals

import (
	"fmt"
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
	samples [psiSamples]psiSample // a ring; the oldest that is needed is at first
	first   int
	n       int
}

type psiSample struct {
	at         time.Time
	some, full time.Duration
}

func openPressure(path string) (*pressure, error) {
	f, err := openFile(path)
	if err != nil {
		return nil, err
	}
	return &pressure{file: f}, nil
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
		return 0, 0, fmt.Errorf("%s: %w", p.file.path, err)
	}
	sample := psiSample{at: now, some: s.total, full: f.total}
	base, ok := p.add(sample)
	if !ok {
		return s.avg10, f.avg10, nil
	}
	window := float64(now.Sub(base.at))
	return min(float64(s.total-base.some)/window, 1), min(float64(f.total-base.full)/window, 1), nil
}

// add remembers a sample and returns the newest that is a window older.
func (p *pressure) add(s psiSample) (base psiSample, ok bool) {
	if p.n > 0 {
		last := p.at(p.n - 1)
		gap := s.at.Sub(last.at)
		if gap < 0 || gap > psiGap || s.some < last.some || s.full < last.full {
			p.n = 0
		}
	}
	for p.n > 1 && s.at.Sub(p.at(1).at) >= psiWindow {
		p.first, p.n = (p.first+1)%psiSamples, p.n-1
	}
	if p.n > 0 {
		base = *p.at(0)
		ok = s.at.Sub(base.at) >= psiWindow
	}
	if p.n == 0 || p.n < psiSamples && s.at.Sub(p.at(p.n-1).at) >= psiSpacing {
		p.n++
		*p.at(p.n - 1) = s
	}
	return base, ok
}

func (p *pressure) at(i int) *psiSample { return &p.samples[(p.first+i)%psiSamples] }
