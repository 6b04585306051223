package safety

import "time"

// FirstPace is how many requests there are to a sample at first, until a class
// has had enough of them to be known.
const FirstPace = 128

const (
	firstSamples = 80               // that many make 10,000 requests
	firstCost    = time.Millisecond // or fewer, if they are dear
	firstBytes   = 1 << 20          // or large
	maxPace      = 1 << 30
)

// What a pair of Get and Put takes, at least, one over the share of it that sampling
// may cost, and one over the share of the time: where requests are far between,
// that is more.
const (
	pairCost  = 5 * time.Nanosecond
	share     = 100
	timeShare = 10_000
)

// What a sample leaves for the garbage collector, beside the stand-in's memory, and
// what collecting a byte of it takes. It cannot be measured here, and depends:
// 4 ns is for a program on one P that has a small heap and makes no other garbage. A
// collection comes every 3 MiB then, and its mark phase lasts for some 10 ms, since
// its worker gets a quarter of the P, during which Put pays for write barriers. On
// more Ps or beside other garbage it is a small part of that.
const (
	recordBytes = 1 << 10
	collecting  = 4 * time.Nanosecond
)

// pacing is how often a class is sampled, and why.
type pacing struct {
	at      time.Time     // of the sample before
	mean    uint32        // requests to a sample; what the next sample's place is chosen with
	last    uint32        // what that of the sample under way was chosen with
	halves  int           // a Take or a Return each
	total   time.Duration // spent on them
	bytes   int           // of stand-ins
	typical time.Duration // of a half, without what stood out
}

// took notes what handing out a stand-in cost, and adapts the pace.
func (w *Watch) took(class, size int, d time.Duration) {
	if w.Strict {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	p := w.pace(class)
	p.note(d)
	p.bytes += size
	p.last = p.mean
	if mean := p.next(size, p.interval(time.Now())); mean != p.mean {
		p.mean = mean
		w.Engine.Pace(class, mean)
	}
}

// gave notes what taking one back cost.
func (w *Watch) gave(class int, d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pace(class).note(d)
}

func (p *pacing) note(d time.Duration) {
	p.halves++
	p.total += d
	if p.halves > 1 {
		d = min(d, 4*p.typical) // a goroutine that lost its CPU says nothing
	}
	p.typical += (d - p.typical) / time.Duration(min(p.halves, 16))
}

// interval is the time from one request to the next since the sample before.
func (p *pacing) interval(now time.Time) time.Duration {
	before := p.at
	p.at = now
	if before.IsZero() {
		return 0
	}
	return now.Sub(before) / time.Duration(p.mean)
}

// next is the mean to come, for stand-ins of the size and requests at the interval.
// It grows by no more than a factor of two at a time, so that weights, which lag
// behind where there are several Ps, stay about right; where stand-ins are large, by
// more.
func (p *pacing) next(size int, interval time.Duration) uint32 {
	if p.halves < 2*firstSamples && p.total < firstCost && p.bytes < firstBytes {
		return FirstPace
	}
	factor := int64(2)
	if p.bytes >= firstBytes {
		factor = 8
	}
	cost := 2*p.typical + collecting*time.Duration(size+recordBytes)
	want := min(cost*share/pairCost, cost*timeShare/max(interval, 1))
	mean := min(max(int64(want), FirstPace), maxPace)
	return uint32(min(max(mean, int64(p.mean)/2), factor*int64(p.mean)))
}
