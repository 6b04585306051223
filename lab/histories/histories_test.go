// Package histories_test records what concurrent users of Fixed and of the engine's
// depot ask for and get, and has porcupine, a checker of linearizability, look for an
// order in which a single user would have got the same. There is none where an object has
// two owners, or where a Get finds nothing though one was there all the time.
//
// make histories records longer. It also does so with copies of the code that yield the
// processor before every atomic operation and lock, and with copies that have a bug, which
// porcupine has to find.
package histories_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/anishathalye/porcupine"
)

var rounds = flag.Int("rounds", 20, "how many histories to record of each")

const (
	users    = 4
	requests = 25 // of a user in a history; porcupine's time grows faster than they do
	none     = -1
)

// subject is a pool of numbered things.
type subject struct {
	things int
	free   uint64            // those in the pool now, a bit each
	misses bool              // a Get may find nothing though there is one
	get    func() int        // a thing's number, or none
	put    func(thing int)   //
	void   func() (why bool) // the pool has dropped a thing, as it may
	close  func()
}

// history has the requests and their results. An operation's input is the number
// that is put, or none for a Get, and its output the number that Get returned.
type history struct {
	clock atomic.Int64
	of    [users][]porcupine.Operation
}

func (h *history) record(user, put int, do func() int) int {
	op := porcupine.Operation{ClientId: user, Input: put, Call: h.clock.Add(1)}
	got := do()
	op.Output, op.Return = got, h.clock.Add(1)
	h.of[user] = append(h.of[user], op)
	return got
}

// use is a user, who begins and ends with what it holds.
func (h *history) use(s *subject, user int, held []int) []int {
	for range requests {
		if len(held) == 0 || len(held) < s.things/2 && rand.IntN(2) == 0 {
			if got := h.record(user, none, s.get); got != none {
				held = append(held, got)
			}
			continue
		}
		i := rand.IntN(len(held))
		h.record(user, held[i], func() int { s.put(held[i]); return none })
		held = slices.Delete(held, i, i+1)
	}
	return held
}

// sequential is the pool of a single user, from the things that are free at first.
func (s *subject) sequential(free uint64) porcupine.Model {
	return porcupine.Model{
		Init: func() any { return free },
		Step: func(state, input, output any) (bool, any) {
			free, put, got := state.(uint64), input.(int), output.(int)
			switch {
			case put != none:
				return free>>put&1 == 0, free | 1<<put
			case got == none:
				return s.misses || free == 0, free
			default:
				return free>>got&1 == 1, free &^ (1 << got)
			}
		},
	}
}

// check records histories, each of which begins with what the one before has left.
func check(t *testing.T, start func(t *testing.T) *subject) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2 * users)) // the kernel interrupts users anywhere
	s, held, checked := start(t), [users][]int{}, 0
	for round := range *rounds {
		h, before := new(history), s.free
		var all sync.WaitGroup
		for user := range users {
			all.Go(func() { held[user] = h.use(s, user, held[user]) })
		}
		all.Wait()
		if s.void() {
			s.close()
			s, held = start(t), [users][]int{}
			continue
		}
		if ops := slices.Concat(h.of[:]...); !porcupine.CheckOperations(s.sequential(before), ops) {
			t.Fatalf("round %d is not linearizable: of %d things there were %b at first:\n%s", round, s.things, before, text(ops))
		}
		checked++
		s.free = 1<<s.things - 1
		for _, things := range held {
			for _, thing := range things {
				s.free &^= 1 << thing
			}
		}
	}
	s.close()
	if checked == 0 {
		t.Error("the pool dropped a thing in every round")
	}
	t.Logf("%d histories of %d operations", checked, users*requests)
}

func text(ops []porcupine.Operation) string {
	slices.SortFunc(ops, func(a, b porcupine.Operation) int { return int(a.Call - b.Call) })
	var b strings.Builder
	for _, op := range ops {
		did := fmt.Sprintf("put %d", op.Input)
		if op.Input == none {
			did = fmt.Sprintf("got %d", op.Output)
		}
		fmt.Fprintf(&b, "%4d to %4d: user %d %s\n", op.Call, op.Return, op.ClientId, did)
	}
	return b.String()
}
