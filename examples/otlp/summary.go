package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/otelpool/pool"
)

// summary is the run in total.
type summary struct {
	Pools   map[string]poolTotals `json:"pools"`
	Run     figures               `json:"run"`                       // all of it
	Steady  figures               `json:"steady"`                    // without the first second
	Without *figures              `json:"without_pooling,omitempty"` // the calibration
	Pooling bool                  `json:"pooling"`
	Refused refusals              `json:"refused"`

	Controller *controlTotals `json:"controller,omitempty"`

	stats  []pool.Stats
	steady map[string]pool.Counts // hits since the first second
}

// refusals is the requests that the gateway refused to protect itself.
type refusals struct {
	TooLarge uint64 `json:"too_large"`
	Busy     uint64 `json:"busy"`
}

func (s *summary) refused(t *traffic) { s.Refused = refusals{t.tooLarge.Load(), t.busy.Load()} }

// poolTotals is a pool's figures by their names in metrics. Only what the pool
// can know is in it.
type poolTotals struct {
	Strategy       string            `json:"strategy"`
	Requests       map[string]uint64 `json:"requests"`
	Returns        map[string]uint64 `json:"returns"`
	Evictions      map[string]uint64 `json:"evictions"`
	EvictedBytes   map[string]uint64 `json:"evicted_bytes,omitempty"`
	Allocations    uint64            `json:"allocations"`
	AllocatedBytes *uint64           `json:"allocated_bytes,omitempty"`
	RequestedBytes *uint64           `json:"requested_bytes,omitempty"`
	Idle           *int64            `json:"idle,omitempty"`
	IdleBytes      *int64            `json:"idle_bytes,omitempty"`
	InUse          *int64            `json:"in_use,omitempty"`
	InUseBytes     *int64            `json:"in_use_bytes,omitempty"`
	Limit          *int64            `json:"limit,omitempty"`
	ObjectLimit    *int64            `json:"object_limit,omitempty"`
	Grown          *uint64           `json:"grown,omitempty"`
	Shrunk         *uint64           `json:"shrunk,omitempty"`
	Pending        *int64            `json:"pending,omitempty"`
	Misuse         map[string]uint64 `json:"misuse,omitempty"`
	HitRatio       float64           `json:"hit_ratio"`
}

func totalsOf(s *pool.Stats) poolTotals {
	k := s.Knows
	t := poolTotals{
		Strategy:       s.Strategy,
		Requests:       named[pool.RequestResult](k.Requests, s.Requests[:]),
		Returns:        named[pool.ReturnResult](k.Returns, s.Returns[:]),
		Evictions:      named[pool.EvictionReason](k.Evictions, s.Evictions[:]),
		Allocations:    s.Allocations,
		AllocatedBytes: known(k.Has(pool.KnowsAllocatedBytes), s.AllocatedBytes),
		RequestedBytes: known(k.Has(pool.KnowsRequestedBytes), s.RequestedBytes),
		Idle:           known(k.Has(pool.KnowsIdle), s.Idle),
		IdleBytes:      known(k.Has(pool.KnowsIdleBytes), s.IdleBytes),
		InUse:          known(k.Has(pool.KnowsInUse), s.InUse),
		InUseBytes:     known(k.Has(pool.KnowsInUseBytes), s.InUseBytes),
		Limit:          known(k.Has(pool.KnowsLimit), s.Limit),
		ObjectLimit:    known(k.Has(pool.KnowsObjectLimit), s.ObjectLimit),
		Grown:          known(k.Has(pool.KnowsResizes), s.Grown),
		Shrunk:         known(k.Has(pool.KnowsResizes), s.Shrunk),
		Pending:        known(k.Has(pool.KnowsPending), s.Pending),
		HitRatio:       s.HitRatio(),
	}
	t.Misuse = named[pool.MisuseKind](k.Misuse, s.Misuse[:])
	if k.Has(pool.KnowsEvictedBytes) {
		t.EvictedBytes = named[pool.EvictionReason](k.Evictions, s.EvictedBytes[:])
	}
	return t
}

func named[N interface {
	~uint8
	String() string
}](known pool.Set, counts []uint64) map[string]uint64 {
	m := map[string]uint64{}
	for i, n := range counts {
		if known.Has(i) {
			m[N(i).String()] = n
		}
	}
	return m
}

func known[V any](yes bool, v V) *V {
	if !yes {
		return nil
	}
	return &v
}

// writeJSON writes the summary to a file.
func (s *summary) writeJSON(file string) error {
	s.Pools = map[string]poolTotals{}
	for i := range s.stats {
		s.Pools[s.stats[i].Name] = totalsOf(&s.stats[i])
	}
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}

// print writes the totals and what they mean.
func (s *summary) print(w io.Writer) {
	fmt.Fprintf(w, "\n%-22s %9s %9s %8s %7s %9s %8s %8s %7s %10s\n",
		"totals", "gets", "hits", "misses", "bypass", "puts", "dropped", "evicted", "in use", "held")
	for i := range s.stats {
		p := &s.stats[i]
		fmt.Fprintf(w, "%-22s %9d %9d %8d %7d %9d %8d %8d %7d %10s\n", p.Name,
			p.Gets(), p.Requests[pool.Hit], p.Requests[pool.Miss], p.Requests[pool.Bypass],
			p.Puts(), p.Dropped(), p.Evicted(), p.InUse, heldText(p))
	}
	fmt.Fprintf(
		w,
		"\n%d requests in %s, %d failed, %d skipped; latency p50 %s, p99 %s\n",
		s.Run.Requests,
		time.Duration(s.Run.Seconds*float64(time.Second)).
			Round(100*time.Millisecond),
		s.Run.Failed,
		s.Run.Skipped,
		millis(s.Run.P50),
		millis(s.Run.P99),
	)
	if r := s.Refused; r != (refusals{}) {
		fmt.Fprintf(w, "refused: %d too large, %d for lack of room\n", r.TooLarge, r.Busy)
	}
	if s.Pooling {
		fmt.Fprintln(w, s.Controller)
	}
	s.printGain(w)
}

// printGain compares the steady state (from the second second on: the first
// fills the pools) with the calibration.
func (s *summary) printGain(w io.Writer) {
	if !s.Pooling {
		fmt.Fprintf(w, "pooling off: %s allocated per request\n", bytesText(s.Steady.PerRequest))
		return
	}
	if s.Steady.Requests == 0 {
		return
	}
	var all pool.Counts
	for _, c := range s.steady {
		all.Add(&c)
	}
	fmt.Fprintf(w, "steady state: hit ratio %s %%", percent(&all))
	if s.Without == nil || s.Without.PerRequest == 0 {
		fmt.Fprintf(w, ", %s allocated per request\n", bytesText(s.Steady.PerRequest))
		return
	}
	f, without := s.Steady, s.Without
	fmt.Fprintf(w, "; allocated per request: %s, without pooling %s: %.1f %% less\n",
		bytesText(f.PerRequest), bytesText(without.PerRequest), 100*(1-f.PerRequest/without.PerRequest))
	fmt.Fprintf(
		w,
		"collections per 1000 requests: %.1f, without pooling %.1f; heap %s, without pooling %s; p99 %s, without pooling %s\n",
		1000*f.GCsPerRequest,
		1000*without.GCsPerRequest,
		bytesText(float64(f.Heap)),
		bytesText(float64(without.Heap)),
		millis(f.P99),
		millis(without.P99),
	)
}
