package poolconfig_test

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/poolconfig"
	"github.com/otelpool/pool/strategies"
)

// eventually waits until nothing is wrong any more.
func eventually(t testing.TB, wrong func() string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; runtime.Gosched() {
		text := wrong()
		if text == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("after a minute: " + text)
		}
	}
}

func reload(t testing.TB, c *poolconfig.Config, document string) {
	t.Helper()
	write(t, c, document)
	must(t, c.Reload())
}

func TestReloadSetsLimitsModesAndTheBudgetOfOpenPools(t *testing.T) {
	t.Parallel()
	c, r := loaded(t, "{}")
	a := bodies(t, c, "a")
	gc, err := poolconfig.NewSync(c, strategies.SyncConfig[int]{Name: "gc"})
	must(t, err)
	defer gc.Close()
	plain := strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{Name: "plain", Registry: r, Limit: 7 << 20}))
	defer plain.Close()
	state := func() string {
		return fmt.Sprint(a.Limit()>>20, plain.Limit()>>20, gc.Mode(), r.Budget().Limit() == pool.Unlimited)
	}
	want(t, "at first", state(), "64 7 on true")
	reload(t, c, "budget: 1GiB\npools:\n  \"*\": {limit: 2MiB}\n  plain: {limit: 3MiB}\n  gc: {mode: off}\n")
	want(t, "then", state(), "2 3 off false")
	want(t, "plain", setting(c, "plain", "limit"), "3MiB from pools.yaml:4")
	reload(t, c, "pools:\n  gc: {mode: count}\n")
	want(t, "taken back", state(), "64 7 count true")
	want(t, "plain", setting(c, "plain", "limit"), "7MiB from code")
	reload(t, c, "{}")
	want(t, "all taken back", state(), "64 7 on true")
}

func TestApplyReachesPoolsThatWereMadeWithoutTheConfiguration(t *testing.T) {
	t.Parallel()
	c, r := loaded(t, "pools:\n  plain: {limit: 3MiB}\n  early: {zero: on-put}\n")
	plain := strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{Name: "plain", Registry: r}))
	defer plain.Close()
	must(t, c.Apply())
	want(t, "limit", plain.Limit(), 3<<20)
	early := strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{Name: "early", Registry: r}))
	defer early.Close()
	want(t, "zero", c.Apply(),
		"poolconfig: pools.yaml:3: pools.early.zero is on-put: set when a pool is made, and this one was made without "+
			"poolconfig: make it with a poolconfig.New function, or leave it out")
}

func TestReloadRefusesWhatIsSetWhenAPoolIsMadeAndChangesNothing(t *testing.T) {
	t.Parallel()
	c, r := loaded(t, "pools:\n  a: {zero: on-put, prewarm: {4KiB: 1}}\n  slab: {limit: 8KiB}\n")
	a := bodies(t, c, "a")
	f, err := poolconfig.NewFixed(c, strategies.FixedConfig{Name: "slab", Size: 4096, Count: 1})
	must(t, err)
	defer f.Close()
	before := c.Effective().String()
	write(t, c, "budget: 1MiB\npools:\n  a: {zero: on-get, prewarm: {4KiB: 2}, classes: [4KiB, 8KiB], limit: 8MiB}\n"+
		"  slab: {limit: 16KiB}\n")
	const table = "[256, 512, 1KiB, 2KiB, 4KiB, 8KiB, 16KiB, 32KiB, 64KiB, 128KiB, 256KiB, 512KiB, 1MiB]"
	const fixed = ": it is set when the pool is made, and is "
	want(t, "reload", c.Reload(), strings.Join([]string{
		"poolconfig: pools.yaml:3: pools.a.prewarm is {4KiB: 2}" + fixed + "{4KiB: 1} now: restart the program, or put {4KiB: 1} back",
		"poolconfig: pools.yaml:3: pools.a.zero is on-get" + fixed + "on-put now: restart the program, or put on-put back",
		"poolconfig: pools.yaml:3: pools.a.classes is [4KiB, 8KiB]" + fixed + table + " now: restart the program, or put " +
			table + " back",
		"poolconfig: pools.yaml:4: pools.slab.limit is 16KiB" + fixed + "8KiB now: restart the program, or put 8KiB back",
	}, "\n"))
	want(t, "limits", fmt.Sprint(a.Limit(), r.Budget().Limit() == pool.Unlimited), "67108864 true")
	want(t, "effective", c.Effective(), before)
	write(t, c, "pools:\n  a: {prewarm: {4KiB: 1}}\n  slab: {limit: 8KiB}\n")
	want(t, "taken out", c.Reload(), "poolconfig: code: pools.a.zero is never"+fixed+"on-put now: restart the program, or put on-put back")
	reload(t, c, "# moved\npools:\n  slab: {limit: 8192}\n  a: {prewarm: {4096: 1}, zero: on-put, limit: 4MiB}\n")
	want(t, "moved", setting(c, "a", "prewarm"), "{4KiB: 1} from pools.yaml:4")
	want(t, "limit", a.Limit(), 4<<20)
}

func TestReloadRefusesALimitBelowOneBuffer(t *testing.T) {
	t.Parallel()
	c, _ := loaded(t, "{}")
	bodies(t, c, "a")
	write(t, c, "pools:\n  a: {limit: 100}\n")
	want(t, "reload", c.Reload(),
		"poolconfig: pools.yaml:2: pools.a.limit is 100: less than one object: use at least 256, or mode: off to stop pooling")
}

func TestALoweredBudgetIsKeptAtOnce(t *testing.T) {
	t.Parallel()
	c, r := loaded(t, "budget: 64MiB\n")
	for _, name := range []string{"a", "b"} {
		p := bodies(t, c, name)
		p.Warm(1<<20, 8)
		p.Warm(1<<10, 100)
	}
	reload(t, c, "budget: 3MiB\n")
	if used := r.Budget().Used(); used > 3<<20 || used < 1<<20 {
		t.Errorf("%d bytes are charged", used)
	}
}

// tunable is a pool with a reserve.
type tunable struct {
	*strategies.SizeClasses
	reserve atomic.Int64
}

func (*tunable) Demand(time.Time, *control.Demand) {}
func (*tunable) SetIdleAge(int, time.Duration)     {}
func (p *tunable) SetReserve(bytes int64)          { p.reserve.Store(bytes) }
func newTunable(t testing.TB, r *pool.Registry, name string) *tunable {
	t.Helper()
	p := &tunable{SizeClasses: strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{}))}
	_, err := r.Publish(name, p, pool.Reject)
	must(t, err)
	return p
}

func TestReservesAreSetAndTakenBackAndKeptWithinTheLimit(t *testing.T) {
	t.Parallel()
	c, r := loaded(t, "pools:\n  a: {reserve: 1MiB}\n")
	a := newTunable(t, r, "a")
	must(t, c.Apply())
	want(t, "reserve", a.reserve.Load(), 1<<20)
	want(t, "effective", setting(c, "a", "reserve"), "1MiB from pools.yaml:2")
	write(t, c, "pools:\n  a: {reserve: 1GiB}\n")
	want(t, "too much", c.Reload(),
		"poolconfig: pools.yaml:2: pools.a.reserve is 1GiB: more than the pool's limit of 64MiB: lower it, or raise the limit")
	reload(t, c, "{}")
	want(t, "taken back", a.reserve.Load(), 0)
}

func TestReservesThatAddUpToMoreThanThereCanBeAreRefused(t *testing.T) {
	t.Parallel()
	c, r := loaded(t, "{}")
	newTunable(t, r, "a")
	newTunable(t, r, "b")
	write(t, c, "budget: 1GiB\npools:\n  \"*\": {limit: unlimited, reserve: 8000000TiB}\n")
	want(t, "reload", c.Reload(),
		"poolconfig: pools.yaml:1: budget is 1GiB: less than the 9223372036854775807 that pools reserve: raise it, or lower their reserves")
}

func TestPoolsOfOneNameWithSuffixesShareItsSettings(t *testing.T) {
	t.Parallel()
	c, _ := loaded(t, "pools:\n  a: {limit: 2MiB}\n")
	bodies(t, c, "a")
	second, err := poolconfig.NewSizeClasses(c, strategies.SizeClassesConfig{Name: "a", OnDuplicate: pool.Suffix})
	must(t, err)
	defer second.Close()
	reload(t, c, "pools:\n  a: {limit: 3MiB}\n")
	want(t, "limit", setting(c, "a-2", "limit"), "3MiB from pools.yaml:2")
	_, err = poolconfig.NewSizeClasses(c, strategies.SizeClassesConfig{Name: "a"})
	want(t, "third", err, `pool: name "a" is taken by an open pool: choose another, or OnDuplicate: Suffix`)
}

func TestAPoolThatTakesTheNameOfAClosedOneStartsAfresh(t *testing.T) {
	t.Parallel()
	c, r := loaded(t, "pools:\n  a: {zero: on-put}\n")
	bodies(t, c, "a").Close()
	p := strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{Name: "a", Registry: r, Limit: 1 << 20}))
	defer p.Close()
	reload(t, c, "{}")
	want(t, "limit", p.Limit(), 1<<20)
	want(t, "zero", setting(c, "a", "zero"), "")
}

// A reload that is stuck, here in a function of the user's that SetLimit calls,
// holds up no caller of the pool.
func TestGetAndPutDoNotWaitForAReload(t *testing.T) {
	t.Parallel()
	c, _ := loaded(t, "{}")
	stuck, release := make(chan struct{}), make(chan struct{})
	var called atomic.Bool
	p, err := poolconfig.NewBounded(c, strategies.BoundedConfig[[1024]byte]{
		Name: "a", Prewarm: 100,
		New: func() *[1024]byte { return new([1024]byte) },
		Discard: func(*[1024]byte) {
			if called.CompareAndSwap(false, true) { // by the reload; a Put that is refused calls it too
				close(stuck)
				<-release
			}
		},
	})
	must(t, err)
	write(t, c, "pools:\n  a: {limit: 10KiB}\n")
	done := make(chan error)
	go func() { done <- c.Reload() }()
	<-stuck
	for range 1000 {
		_ = p.Get() // from what is left, then from New
	}
	x := p.Get()
	p.Put(x)
	want(t, "limit", p.Limit(), 10<<10)
	close(release)
	must(t, <-done)
	p.Close()
}

// Limits, the mode and the budget change a thousand times while pools are in
// use: every limit is in force when Reload returns, every call is counted, and
// callers get on.
func TestReloadUnderLoadLosesNoCountConcurrentSafe(t *testing.T) {
	t.Parallel()
	reloads := 1000
	if testing.Short() {
		reloads = 50
	}
	c, r := loaded(t, "{}")
	a := bodies(t, c, "a")
	gc, err := poolconfig.NewSync(c, strategies.SyncConfig[[64]byte]{Name: "gc"})
	must(t, err)
	defer gc.Close()
	users := startUsers(a, gc)
	for i := range reloads {
		before := users.progress()
		limit, budget := int64(64+i%7*100)<<10, int64(100+i%3*300)<<10
		mode, modeOfA := []string{"on", "count"}[i%2], []string{"on", "on", "on", "count"}[i%4]
		reload(t, c, fmt.Sprintf("budget: %d\npools:\n  a: {limit: %d, mode: %s}\n  gc: {mode: %s}\n", budget, limit, modeOfA, mode))
		want(t, fmt.Sprint("reload ", i), fmt.Sprintln(a.Limit(), r.Budget().Limit(), a.Mode(), gc.Mode()),
			fmt.Sprintln(limit, budget, modeOfA, mode))
		if i%50 == 0 {
			eventually(t, func() string { // what is in callers' hands comes down as they get on
				if used := r.Budget().Used(); used > budget {
					return fmt.Sprintf("reload %d: %d bytes charged, %d allowed", i, used, budget)
				}
				return ""
			})
			users.advance(t, before)
		}
	}
	total := users.halt()
	s, g := stats(a), stats(gc)
	want(t, "requests and returns", fmt.Sprint(s.Gets(), s.Puts(), s.InUse), fmt.Sprint(2*total, 2*total, 0))
	want(t, "requests and returns of gc", fmt.Sprint(g.Gets(), g.Puts(), g.InUse), fmt.Sprint(total, total, 0))
	want(t, "idle", s.Idle, int64(s.Prewarmed+s.Returns[pool.Pooled]-s.Requests[pool.Hit]-s.Evicted()))
	want(t, "open", len(r.All()), 2)
	t.Logf("%d rounds, %v returned, %v evicted", total, s.Returns, s.Evictions)
}

// users are goroutines that take from two pools and give back until halted.
type users struct {
	stop   atomic.Bool
	wg     sync.WaitGroup
	rounds [2]atomic.Uint64
}

func startUsers(a *strategies.SizeClasses, gc *strategies.Sync[[64]byte]) *users {
	u := new(users)
	for i := range u.rounds {
		u.wg.Go(func() {
			for size := 1 + i; !u.stop.Load(); size = size*7%60_000 + 1 {
				x, y := a.Get(size), a.Get(100)
				z := gc.Get()
				a.Put(x)
				gc.Put(z)
				a.Put(y)
				u.rounds[i].Add(1)
			}
		})
	}
	return u
}

// progress returns the rounds of each user.
func (u *users) progress() (rounds [2]uint64) {
	for i := range u.rounds {
		rounds[i] = u.rounds[i].Load()
	}
	return rounds
}

// advance waits until every user has done a round since before.
func (u *users) advance(t testing.TB, before [2]uint64) {
	t.Helper()
	for i := range u.rounds {
		eventually(t, func() string {
			if u.rounds[i].Load() == before[i] {
				return fmt.Sprintf("user %d got nowhere", i)
			}
			return ""
		})
	}
}

// halt stops the users and returns their rounds in all.
func (u *users) halt() uint64 {
	u.stop.Store(true)
	u.wg.Wait()
	rounds := u.progress()
	return rounds[0] + rounds[1]
}

func TestPoolsAreMadeWhileTheConfigurationReloadsConcurrentSafe(t *testing.T) {
	t.Parallel()
	c, _ := loaded(t, "{}")
	var makers sync.WaitGroup
	for i := range 4 {
		makers.Go(func() {
			for k := range 25 {
				p, err := poolconfig.NewSizeClasses(c, strategies.SizeClassesConfig{Name: fmt.Sprint("p", i, "-", k)})
				if err != nil {
					t.Error(err)
					return
				}
				c.Effective()
				if k%2 == 0 {
					p.Close()
				} else {
					t.Cleanup(p.Close)
				}
			}
		})
	}
	for i := range 100 {
		reload(t, c, fmt.Sprintf("pools:\n  \"p*\": {limit: %dMiB}\n", 1+i%9))
	}
	makers.Wait()
	reload(t, c, "pools:\n  \"p*\": {limit: 5MiB}\n")
	limits := 0
	for _, s := range c.Effective().Settings {
		if s.Field == "limit" {
			limits++
			want(t, s.Pool, s.Value, "5MiB")
		}
	}
	want(t, "open pools", limits, 4*12)
}
