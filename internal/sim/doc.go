// Package sim replays recordings through pools of counted slots, on a virtual
// clock, under the policies that are compared, and knows the exact offline
// optimum.
//
// # The theory
//
// Free objects of one class are a stack: the one used last is used first. So the
// depths of the stack are independent. The object at a depth lies unused for a
// gap between two uses, and whatever a policy does amounts to holding it through
// the gap or dropping it and paying a miss. With the price of a missed byte for
// unit and T for the time in which holding it costs as much, a gap g that is held
// costs g/T and one that is not costs 1. Hence the optimum, which knows the
// gaps, holds those shorter than T: [Optimum].
//
// The same independence gives the miss curve, for all capacities at once, from
// one bit per depth: [Curve].
package sim
