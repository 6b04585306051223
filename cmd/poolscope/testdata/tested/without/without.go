// Package without has no tests.
package without
