// Package kube is the test of Latchkey in a real Kubernetes cluster, behind the build tag kube: `make kube` compiles a cluster and runs it.
// The cluster is one node with etcd, the control plane, a kubelet with containerd, kube-proxy, CoreDNS and an image registry; outside of it,
// as a machine of its own, is PostgreSQL. Pods are real processes under Pod Security "restricted".
package kube
