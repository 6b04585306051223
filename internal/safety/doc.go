// Package safety finds buffers and objects that their users lose, give back
// twice, or use after giving them back.
//
// It watches over a sample: now and then a pool hands out, in place of the object
// it took from its store, a stand-in that is made for this one user. The stand-in is
// known by its address, and for buffers by a capacity that no other buffer of the
// pool has, so that Put recognizes it where it would have refused it, without a
// test on its ordinary path. When it comes back, the object goes to the store in
// exchange, and the stand-in into quarantine, where nobody may touch it: what else
// is done with it is misuse. A stand-in is never used again, so there is no mistaking
// a second Put for that of a later user.
//
// A stand-in that is out is held by its user alone. If the garbage collector takes
// it, it was lost.
package safety
