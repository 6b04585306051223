// Package adaptive sizes the pools of a registry from demand and memory
// pressure, and says why.
package adaptive
