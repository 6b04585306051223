// Package signals reads how short of memory a process is: what its runtime knows,
// its control groups, the kernel's stalls and what the service manager asks.
package signals
