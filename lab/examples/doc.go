// Package examples runs libraries that need no adapter, because our pools have the
// methods that they ask for. docs/existing-programs.md has the lines.
package examples
