// Package kubernetes_test has a real API server of Kubernetes, with etcd and the CRDs of
// prometheus-operator, judge deploy/kubernetes as kubectl sends it: make
// test-kubernetes. To build the programs from their Go modules takes ten minutes of one
// core the first time, so make test-all runs it and make test does not; -short skips it.
//
// There is no node: objects are checked, defaulted, admitted and stored, and no
// container starts. make test-docker runs the same images.
package kubernetes_test
