/* Shards taken from the Ps: internal/magazine/shards.go and percpu/barrier.go.
 *
 *   spin -a barrier.pml && cc -O2 -o pan pan.c && ./pan
 *
 * Claims: a shard is used by one at a time, P or drainer, although Ps use it without a
 * lock or an atomic store; no object is lost. A stop of the world is one step that waits
 * until nobody is pinned: while it waits, others go on, as they do.
 *
 * Planted bugs: -DEARLY reads the generation before the place is cleared, -DLATE numbers
 * a stop after it, -DUNLOCKED looks whether there was a stop without the lock.
 */
#define PS 2
#define SHARDS 4           /* each P has one, and while they are drained another */
#define ROUNDS 3
#define TRIMS 1

byte place[PS];             /* the P's shard + 1; 0: the void */
bool pinned[PS];
bool idle[SHARDS], detached[SHARDS]; /* shards; free and detached ones */
byte generation;            /* of the newest detached */
bool mu, draining, stopping;
byte began;
byte n[SHARDS];             /* objects, with plain loads and stores */
byte inside[SHARDS];        /* of what the code knows nothing: how many use it */
byte given, depot, ended;

#define LOCK(l) atomic { !l -> l = true }
#define UNLOCK(l) l = false
#define ENTER(s) d_step { inside[s]++; assert(inside[s] == 1) }
#define LEAVE(s) inside[s]--

proctype P(byte id) {
	byte round, s, had;
	for (round : 1 .. ROUNDS) {
		pinned[id] = true;
		s = place[id];
		if
		:: s == 0 -> /* install, unpinned */
			pinned[id] = false;
			LOCK(mu);
			if
			:: place[id] == 0 ->
				d_step {
					s = 0;
					do
					:: !idle[s] -> s++
					:: else -> break
					od;
					idle[s] = false
				}
				place[id] = s + 1
			:: else
			fi;
			UNLOCK(mu)
		:: else ->
			s--;
			ENTER(s);
			had = n[s];
			n[s] = had + 1;
			given++;
			LEAVE(s);
			pinned[id] = false
		fi;
		s = 0; had = 0
	}
	ended++
}

inline barrier(g) {
#ifdef UNLOCKED
	if
	:: began == g
		-> LOCK(stopping)
#else
	LOCK(stopping);
	if
	:: began == g ->
#endif
#ifndef LATE
		began++;
#endif
		!pinned[0] && !pinned[1]; /* the stop */
#ifdef LATE
		began++;
#endif
		UNLOCK(stopping)
	:: else
#ifndef UNLOCKED
		-> UNLOCK(stopping)
#endif
	fi
}

proctype trimmer() {
	byte round, p, s, g;
	bool mine[SHARDS], some;
	for (round : 1 .. TRIMS) {
		LOCK(mu);
		for (p : 0 .. PS - 1) {
			if
			:: place[p] != 0 ->
#ifdef EARLY
				generation = began;
#endif
				s = place[p] - 1;
				place[p] = 0;
				detached[s] = true;
#ifndef EARLY
				generation = began
#endif
			:: else
			fi
		}
		UNLOCK(mu);
		LOCK(draining);
		LOCK(mu);
		d_step {
			some = false;
			for (s : 0 .. SHARDS - 1) { mine[s] = detached[s]; some = some || mine[s]; detached[s] = false }
			g = generation
		}
		UNLOCK(mu);
		if
		:: some ->
			barrier(g);
			for (s : 0 .. SHARDS - 1) {
				if
				:: mine[s] ->
					ENTER(s);
					depot = depot + n[s];
					n[s] = 0;
					LEAVE(s)
				:: else
				fi
			}
			LOCK(mu);
			d_step {
				for (s : 0 .. SHARDS - 1) { idle[s] = idle[s] || mine[s]; mine[s] = false }
			}
			UNLOCK(mu)
		:: else
		fi;
		UNLOCK(draining)
	}
	ended++
}

/* Another pool's Trim, which shares stops of the world. */
proctype other() {
	byte g = began;
	barrier(g);
	ended++
}

init {
	byte i, left;
	atomic {
		for (i : 0 .. SHARDS - 1) { idle[i] = true }
		for (i : 0 .. PS - 1) { run P(i) }
		run trimmer();
		run other()
	}
	ended == PS + 2;
	d_step {
		for (i : 0 .. SHARDS - 1) { left = left + n[i] }
		assert(left + depot == given)
	}
}
