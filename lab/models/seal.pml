/* Sealing: Cell.seal at the end of a window, while the owner of the cell goes on
 * (internal/magazine/aging.go, cell.go). Every load and store is a step.
 *
 *   spin -a seal.pml && cc -O2 -o pan pan.c && ./pan
 *
 * Claims: whatever seal writes at whatever moment, the owner takes no slot that is empty
 * and fills none that is not there, loses no object, and says that there is none only if
 * there is none, or a window ended in the middle of that very Get.
 *
 * Planted bugs: -DUNCLIPPED pays as much as was asked for, -DNO_UNSEAL does not unseal.
 */
#define ROOM 3
#define ROUNDS 5
#define WINDOWS 3
#define EVERY 255           /* math.MaxUint32 */

byte n, low, owed;          /* of the cell: objects, the sealed part, what it owes + 1 */
byte depot, out, made;      /* objects elsewhere */
byte windows;               /* of what the code knows nothing: ended so far */

proctype sealer() {
	byte sn, slow, unused, i;
	for (i : 1 .. WINDOWS) {
		if
		:: owed == 0 ->
			sn = n;
			slow = low;
			unused = (slow < sn -> slow : sn);
			if
			:: unused > 0 -> owed = unused + 1; sn = EVERY
			:: else
			fi;
			d_step { low = sn; windows++ }
		:: else
		fi
	}
}

inline pop() { /* got */
	had = n;
	if
	:: had <= low -> got = false
	:: else -> assert(had > 0 && had <= ROOM); n = had - 1; got = true
	fi
}

inline payOwed() {
	if
	:: owed != 0 ->
		mark = owed - 1;
		owed = 0;
#ifndef UNCLIPPED
		mark = (mark < n -> mark : n);
#endif
		assert(mark <= n);
		n = n - mark;
		depot = depot + mark;
		low = 0;
		low = n
	:: else
	fi
}

inline unseal() {
#ifdef NO_UNSEAL
	skip
#else
	if
	:: n <= low -> low = n / 2
	:: else
	fi
#endif
}

inline get() {
	pop();
	if
	:: !got ->
		payOwed();
		before = windows;
		unseal();
		pop();
		if
		:: !got && depot > 0 -> /* a magazine from the depot */
			d_step {
				had = (depot < ROOM - n -> depot : ROOM - n);
				assert(n == 0 || windows != before);
				depot = depot - had
			}
			if
			:: had > 0 -> n = n + had; low = 0; pop()
			:: else
			fi
		:: else
		fi;
		if
		:: !got && n > 0 -> assert(windows != before)
		:: else
		fi
	:: else
	fi;
	if
	:: got -> out++
	:: else -> out++; made++
	fi
}

inline put() {
	payOwed();
	if
	:: n < ROOM -> n = n + 1
	:: else -> depot = depot + n; n = 1; low = 0 /* another magazine */
	fi;
	assert(n <= ROOM);
	out--
}

active proctype owner() {
	byte i, had, mark, before;
	bool got;
	n = 2; made = 2;
	run sealer();
	for (i : 1 .. ROUNDS) {
		if
		:: get()
		:: out > 0 -> put()
		fi;
		assert(n + depot + out == made)
	}
}
