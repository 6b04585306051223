/* The free numbers of Fixed: strategies/slots.go, every load, swap and store a step of
 * its own.
 *
 *   spin -a fixed.pml && cc -O2 -o pan pan.c && ./pan
 *
 * Claims: no number has two owners, none is lost, nobody waits in vain (else the end is
 * invalid), and a closed set lets everybody go. -DWAITS has users who wait, of whom one
 * gives up at some time, -DCLOSES somebody who closes the set.
 *
 * Planted bugs: -DNO_TAG leaves the tag as it is, -DMARK_STORED stores the mark of those
 * who wait instead of swapping it in.
 */
#ifndef SLOTS
#define SLOTS 2
#endif
#define USERS 3
#ifndef ROUNDS
#define ROUNDS 2
#endif
#define NONE 255
#define CLOSED 254

#ifdef NO_TAG
#define TAGGED(t) t
#else
#define TAGGED(t) (t + 1) % 64 /* more than there are changes: no tag comes again */
#endif

byte top, tag; bool waiting, closed;    /* head, which is one word; top is the number + 1 */
byte link[SLOTS];                       /* 0: out; 1: claimed, or free; more: + the one below */
bool mu;
byte queue[USERS], queued;
chan answer[USERS] = [1] of { byte };
byte owner[SLOTS];                      /* of what the code knows nothing: who has it */
byte ended, dropped;

#define LOAD(h) d_step { h.top = top; h.tag = tag; h.waiting = waiting; h.closed = closed }
#define SWAP(h, t, w, c) \
	d_step { \
		ok = top == h.top && tag == h.tag && waiting == h.waiting && closed == h.closed; \
		if \
		:: ok -> top = t; waiting = w; closed = c; tag = TAGGED(h.tag) \
		:: else \
		fi \
	}
#define LOCK atomic { !mu -> mu = true }
#define UNLOCK mu = false

typedef head { byte top; byte tag; bool waiting; bool closed };

inline own(s) { d_step { assert(owner[s] == 0); owner[s] = id + 1 } }

inline take() { /* slot, or NONE */
	do
	:: LOAD(h);
		if
		:: h.top == 0 -> slot = NONE; break
		:: else
		fi;
		below = link[h.top - 1];
		below = (below == 0 -> 0 : below - 1);
		atomic {
			SWAP(h, below, false, false);
			if
			:: ok -> slot = h.top - 1; own(slot)
			:: else
			fi
		}
		if
		:: ok -> link[slot] = 0; break
		:: else
		fi
	od
}

/* The caller holds mu. */
inline unqueue(i) { /* takes the waiter at place i, and the mark with the last */
	d_step {
		who = queue[i];
		j = i;
		do
		:: j + 1 < queued -> queue[j] = queue[j + 1]; j++
		:: else -> break
		od;
		queued--; j = 0
	}
	LOAD(g);
	if
	:: queued == 0 && g.waiting -> d_step { top = 0; waiting = false; closed = false; tag = TAGGED(g.tag) } /* a plain store */
	:: else
	fi
}

inline put() {
	d_step { assert(owner[slot] == id + 1); owner[slot] = 0 }
	d_step { assert(link[slot] == 0); link[slot] = 1 } /* claim */
	do
	:: LOAD(h);
		if
		:: h.closed -> dropped++; break
		:: h.waiting ->
			LOCK;
			if
			:: queued == 0 -> UNLOCK
			:: else ->
				unqueue(0);
				link[slot] = 0;
				d_step { assert(owner[slot] == 0); owner[slot] = who + 1 }
				answer[who] ! slot;
				UNLOCK; break
			fi
		:: else ->
			link[slot] = 1 + h.top;
			SWAP(h, slot + 1, false, false);
			if
			:: ok -> break
			:: else
			fi
		fi
	od
}

inline acquire() { /* slot, CLOSED, or NONE where the context was done */
	LOCK;
	do
	:: LOAD(e);
		if
		:: e.closed -> slot = CLOSED; break
		:: else
		fi;
		take();
		if
		:: slot != NONE -> break
		:: e.waiting -> break
		:: slot == NONE && !e.waiting && e.top == 0 ->
#ifdef MARK_STORED
			d_step { top = 0; waiting = true; closed = false; tag = TAGGED(e.tag); ok = true }
#else
			SWAP(e, 0, true, false);
#endif
			if
			:: ok -> break
			:: else
			fi
		:: slot == NONE && !e.waiting && e.top != 0 /* was there, and gone: once more */
		fi
	od;
	if
	:: slot == NONE ->
		d_step { queue[queued] = id; queued++ }
		UNLOCK;
		if
		:: answer[id] ? slot
		:: id == 0 -> /* its context ends, at any time */
			LOCK;
			d_step {
				j = 0;
				do
				:: j < queued && queue[j] != id -> j++
				:: else -> break
				od;
				at = j; j = 0
			}
			if
			:: at == queued -> answer[id] ? slot
			:: else -> unqueue(at); slot = NONE
			fi;
			UNLOCK
		fi
	:: else -> UNLOCK
	fi
}

proctype user(byte id) {
	head h, e, g;
	byte slot, below, who, at, j, round;
	bool ok;
	for (round : 1 .. ROUNDS) {
#ifdef WAITS
		if
		:: id == 2 -> take()
		:: else -> acquire()
		fi;
#else
		take();
#endif
		if
		:: slot < SLOTS -> put()
		:: else
		fi
	}
	ended++
}

proctype closer() {
	head h, g;
	byte who, j;
	bool ok;
	byte id = USERS;
	LOCK;
	do
	:: LOAD(h); SWAP(h, 0, false, true);
		if
		:: ok -> break
		:: else
		fi
	od;
	do
	:: h.top != 0 -> dropped++; h.top = link[h.top - 1] - 1
	:: else -> break
	od;
	do
	:: queued > 0 -> unqueue(0); answer[who] ! CLOSED
	:: else -> break
	od;
	UNLOCK;
	ended++
}

init {
	byte i, free;
	atomic {
		for (i : 0 .. SLOTS - 2) { link[i] = 1 + i + 2 }
		link[SLOTS - 1] = 1;
		top = 1;
		for (i : 0 .. USERS - 1) { run user(i) }
#ifdef CLOSES
		run closer();
#else
		ended++
#endif
	}
	ended == USERS + 1;
	d_step { /* whatever happened, every number is there */
		assert(queued == 0 && !waiting);
		if
		:: closed -> assert(dropped == SLOTS)
		:: else ->
			i = top;
			do
			:: i != 0 && free <= SLOTS -> free++; i = link[i - 1] - 1
			:: else -> break
			od;
			assert(free == SLOTS)
		fi
	}
}
