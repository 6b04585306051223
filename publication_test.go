package pool_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/otelpool/pool"
)

// stuck is a pool whose Stats hangs until it is opened.
type stuck struct {
	counting
	opened chan struct{}
}

func (s *stuck) Stats(into *pool.Stats) {
	<-s.opened
	s.counting.Stats(into)
}

func TestReleaseOfPoolsThatHangIsShortAndTheirCountsComeLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, opened := new(pool.Registry), make(chan struct{})
		for i := range 20 {
			s := &stuck{opened: opened}
			s.hits.Store(5)
			start := time.Now()
			mustPublish(t, r, "a", s).Release()
			most := 50 * time.Millisecond
			if i > 0 {
				most = 2 * time.Millisecond
			}
			if took := time.Since(start); took > most {
				t.Errorf("release %d took %v", i, took)
			}
		}
		next := new(counting)
		next.hits.Store(7)
		mustPublish(t, r, "a", next)
		time.Sleep(3 * time.Second)
		if s := statsOf(r.All()[0]); s.Requests[pool.Hit] != 7 {
			t.Errorf("while the old ones hang: %d hits, want 7", s.Requests[pool.Hit])
		}
		close(opened)
		synctest.Wait()
		if s := statsOf(r.All()[0]); s.Requests[pool.Hit] != 107 {
			t.Errorf("%d hits, want 107", s.Requests[pool.Hit])
		}
	})
}

func TestCountsDoNotFallWhileTheLastOnesAreSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, opened := new(pool.Registry), make(chan struct{})
		slow := &stuck{opened: opened}
		slow.hits.Store(5)
		mustPublish(t, r, "a", slow).Release() // goes on before they come
		time.Sleep(time.Second)
		read := make(chan uint64)
		go func() {
			s := statsOf(r.All()[0])
			read <- s.Requests[pool.Hit]
		}()
		synctest.Wait()
		close(opened)
		if hits := <-read; hits != 5 {
			t.Errorf("%d hits, want 5", hits)
		}
	})
}
