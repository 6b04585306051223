//go:build race

package raceflag

// On is true in race builds.
const On = true
