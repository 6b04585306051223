// Package gcpool keeps objects for as long as a sync.Pool does, and knows how many.
//
//	if s := p.At(percpu.Pin()); s != nil { x = s.Take() } // or s.Put(x)
//	percpu.Unpin()
//	if x == nil { x = p.Get() } // or p.Put(s, x)
//
// # How
//
// Objects belong to the generation in which they were put: an array with a slot for
// each P, and a sync.Pool for what does not fit there, from which other Ps can take.
// After each collection the generation gives way to the next one, which refers to it
// weakly, so that its objects can still be taken. The collection after that finds
// nobody who refers to it: it goes as a whole, with all that nobody took.
//
// How many those were is known without a look at them. What is put and what is taken is
// counted per P, and apart for even and odd generations. When a generation is dead,
// what was put into it and not taken out of it was dropped, and the next one that
// counts on the same counters does not begin before that difference was noted.
//
// # Why it is right
//
// A slot belongs to one P: only who is pinned to that P, or in the portable build has
// the slot's lock, touches it. Sections on one P follow each other, and the scheduler's
// hand-over of the P makes what one wrote visible to the next. That holds for
// a slot of whatever generation. Take empties the slot that it reads, so an object has
// one owner, whichever generation that was. So generations can be replaced under those
// who use them, without waiting for anybody.
//
// A goroutine keeps a reference to the generation that it uses until it has counted the
// use, so a dead generation's counters are final. A goroutine that holds one across a
// collection delays the next generation by one collection. The same holds for a pool as a
// whole, of which a [Family] counts what is left when it is gone.
//
// An object lives as long as in a sync.Pool, which drops its victims at the beginning
// of a collection, when nobody's code runs. What is put survives the first
// collection, after which its generation is replaced; then it can still be taken; and the
// second one finds the generation dead. The sync.Pool in it keeps that time by itself.
// A collection that begins before the cleanup of the one before has run finds the
// generation in use still: its objects live for one collection longer.
// Neither a P that is quiet nor one that is gone needs to do anything for its object
// to go.
package gcpool
