// Poolsim replays recordings of a program's requests to its pools through
// policies for sizing them, and compares their costs with the offline optimum,
// which knows the whole recording.
//
//	poolsim                             the nine generated traces, T = 10 s
//	poolsim -T 2s,10s,60s -each         … at three prices of memory, trace by trace
//	poolsim -others                     three more, by which the nine's figures are checked
//	poolsim -trace a.csv.gz,b.csv       recordings of your own
//	poolsim -budget 30%                 pools that share 30 % of what they would hold without limit
//	poolsim -svg charts -json > all.json
//
// A recording is CSV, compressed with gzip or not, with the header
// time_s,op,bytes: seconds since the recording began, get or put, and the bytes
// requested; a put has the bytes of its get. Lines are sorted by time.
//
// The cost of a policy is the bytes it missed, plus the bytes it held idle times
// the seconds it held them, over T: holding a byte for T costs as much as
// allocating it once. The policy called shipped is the controller of package
// adaptive on a clock that follows the recording, once with a pool of exactly
// counted slots and once with the engine that the pools have.
package main

import (
	"fmt"
	"io"
	"os"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run is main with its surroundings: it returns the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	o, code := parse(args, stderr)
	if o == nil {
		return code
	}
	if err := o.compare(stdout, stderr); err != nil {
		fmt.Fprintf(stderr, "poolsim: %v\n", err)
		return 1
	}
	return 0
}

func (o *options) compare(stdout, stderr io.Writer) error {
	traces, err := o.load(stderr)
	if err != nil {
		return err
	}
	report, err := o.replay(traces, newProgress(stderr))
	if err != nil {
		return err
	}
	if o.json {
		return report.writeJSON(stdout)
	}
	report.writeTables(stdout, o.each)
	return nil
}
