// Package control defines the interfaces between pools that can be resized and
// the code that resizes or shows them: controllers, exporters and pages. A user
// of pools needs it to switch a [Mode]; the author of a pool implements as much
// of it as the pool can do:
//
//   - [Resizable] for an idle limit that can be changed, [Switchable] for modes;
//   - [Tunable], and [Ager] beside it, for a controller that learns from demand;
//   - [BudgetMember] to give idle memory back to a budget that pools share;
//   - [Sampler] to say where what is in use was taken.
//
// A [Controller] reports what it did and why in [Stats] and [Decision].
//
// The package imports the standard library only, and nothing of this module.
package control
