// Package chaos is tests of what pools do when something around them goes wrong,
// one thing at a time. All at once, in a service, is examples/otlp's
// TestEverythingGoesWrongAtOnce.
package chaos
