// Package docker_test runs docker-compose.yml as it is shipped on a real Docker
// engine: make test-docker.
//
// The test starts an engine of its own, with its own data, in network, mount and
// process namespaces of its own, so that no port, route or rule of the machine is
// touched and all of it goes with the test. It needs root, Linux and, from Debian,
// docker.io, iptables and busybox-static; -short skips it.
//
// No registry can be asked here, so that base images are stand-ins under the tags
// that are pinned: Go's is this machine's Go and busybox, distroless' is a user and
// certificates, the collector's and Prometheus' are the programs that e2e builds at
// the versions of those images. What is in the real images besides is untested here.
// Grafana's image cannot be made: it alone is not started, and e2e/deploy checks its
// files.
package docker_test
