// Package manifests makes those files of deploy/kubernetes that kustomize cannot: the
// rules of deploy/prometheus as an object of prometheus-operator. ConfigMaps are made
// by kustomize of the files that docker compose mounts, so of those there is no copy.
//
//	go test ./internal/manifests -update
//
// writes the file; without -update the test says that it is stale. What is written by
// hand is held against docker-compose.yml by the other tests, and all of it is judged by
// a server of Kubernetes in e2e/kubernetes.
package manifests
