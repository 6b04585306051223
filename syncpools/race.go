//go:build race

package syncpools

// raceBuild tells whether sync.Pool drops some of what is put.
const raceBuild = true
