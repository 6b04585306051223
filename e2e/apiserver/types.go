// Package apiserver pins the versions of the programs that e2e/kubernetes runs:
// Kubernetes' API server and kubectl, etcd, and the generator that makes CRDs of
// prometheus-operator's types.
package apiserver

// go mod tidy drops a module that nothing imports.
import _ "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
