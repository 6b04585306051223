//go:build race

package syncpools

// raceBuild reports whether sync.Pool drops some of what is put.
const raceBuild = true
