// Package browser has no code of its own: its tests drive the live page of
// package poolz in headless Chromium, on pools that misbehave in known ways, and
// take the pictures in lab/img.
//
//	make test-browser                      # skipped by name where Chromium or node are missing
//	make screenshots                       # lab/img, about 75 s: a hoard takes a minute to show
//	go test -run ServeForPeople -serve localhost:6060 -timeout 0   # the same pools, to look at
package browser
