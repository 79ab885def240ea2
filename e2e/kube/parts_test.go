//go:build kube

package kube

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// up starts the cluster and waits until its node can run pods.
func up(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{t: t, work: env(t, "WORK"), tools: env(t, "TOOLS"), root: env(t, "ROOT")}
	t.Cleanup(c.end)
	c.secretFiles()
	c.controlPlane()
	c.containers()
	c.network()
	c.until("the node is not ready", 2*time.Minute, func() error {
		out, err := c.run("kubectl", "get", "node", nodeName, "-o", `jsonpath={.status.conditions[?(@.type=="Ready")].status}`)
		if err == nil && out != "True" {
			err = fmt.Errorf("Ready is %q", out)
		}
		return err
	})
	c.dns()
	return c
}

func (c *cluster) controlPlane() {
	c.start("etcd", "etcd", "--data-dir", c.path("etcd"), "--listen-client-urls", "http://127.0.0.1:2379", "--advertise-client-urls", "http://127.0.0.1:2379",
		"--listen-peer-urls", "http://127.0.0.1:2380", "--initial-advertise-peer-urls", "http://127.0.0.1:2380", "--initial-cluster", "default=http://127.0.0.1:2380")
	if _, err := os.Stat(c.path("authn.yaml")); err != nil { // the server reads it again when it changes
		c.write("authn.yaml", "apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\njwt: []\n")
	}
	c.start("kube-apiserver", "kube-apiserver", "--etcd-servers=http://127.0.0.1:2379", "--secure-port=6443", "--bind-address=0.0.0.0", "--advertise-address="+nodeIP,
		"--tls-cert-file="+c.path("apiserver.crt"), "--tls-private-key-file="+c.path("apiserver.key"), "--client-ca-file="+c.path("ca.crt"),
		"--kubelet-client-certificate="+c.path("kubelet-client.crt"), "--kubelet-client-key="+c.path("kubelet-client.key"), "--kubelet-preferred-address-types=InternalIP",
		"--service-cluster-ip-range=10.96.0.0/16,fd00:96::/112", "--service-account-issuer=https://kubernetes.default.svc", "--service-account-key-file="+c.path("sa.pub"),
		"--service-account-signing-key-file="+c.path("sa.key"), "--authorization-mode=Node,RBAC", "--token-auth-file="+c.path("tokens.csv"),
		"--authentication-config="+c.path("authn.yaml"), "--v=2")
	c.until("the API server is not ready", 2*time.Minute, func() error {
		_, err := c.run("kubectl", "get", "--raw", "/readyz")
		return err
	})
	c.start("kube-controller-manager", "kube-controller-manager", "--kubeconfig="+c.path("kubeconfig"), "--authentication-kubeconfig="+c.path("kubeconfig"),
		"--authorization-kubeconfig="+c.path("kubeconfig"), "--bind-address=127.0.0.1", "--service-account-private-key-file="+c.path("sa.key"),
		"--root-ca-file="+c.path("ca.crt"), "--leader-elect=false")
	c.start("kube-scheduler", "kube-scheduler", "--kubeconfig="+c.path("kubeconfig"), "--authentication-kubeconfig="+c.path("kubeconfig"),
		"--authorization-kubeconfig="+c.path("kubeconfig"), "--bind-address=127.0.0.1", "--leader-elect=false")
}

// containers starts containerd and the kubelet.
func (c *cluster) containers() {
	c.write("containerd.toml", fmt.Sprintf(`version = 2
root = %q
state = "/run/containerd"
[grpc]
address = "/run/containerd/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "pause.test/pause:1"
restrict_oom_score_adj = true # where we may not lower it
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = "/etc/cni/net.d"
`, c.path("containerd")))
	if err := os.MkdirAll("/etc/cni/net.d", 0o755); err != nil {
		c.t.Fatal(err)
	}
	if err := os.WriteFile("/etc/cni/net.d/10.conflist", []byte(`{"cniVersion": "0.4.0", "name": "pods", "plugins": [
 {"type": "ptp", "ipam": {"type": "host-local", "subnet": "10.88.0.0/24", "routes": [{"dst": "0.0.0.0/0"}]}}]}`), 0o644); err != nil {
		c.t.Fatal(err)
	}
	c.start("containerd", "containerd", "--config", c.path("containerd.toml"))
	c.until("containerd does not answer", time.Minute, func() error {
		_, err := c.run("ctr", "--address", "/run/containerd/containerd.sock", "version")
		return err
	})
	c.write("pause.tar", pauseImage(c.t, c.path("pause")))
	c.must("ctr", "--address", "/run/containerd/containerd.sock", "-n", "k8s.io", "images", "import", c.path("pause.tar"))
	c.write("kubelet.yaml", fmt.Sprintf(`apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: %s}}
authorization: {mode: Webhook}
cgroupDriver: cgroupfs
cgroupRoot: /%s
failCgroupV1: false
failSwapOn: false
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
clusterDNS: [%s]
clusterDomain: cluster.local
resolvConf: /etc/resolv.conf
evictionHard: {memory.available: 50Mi, nodefs.available: 1%%, imagefs.available: 1%%}
imageGCHighThresholdPercent: 100
localStorageCapacityIsolation: true
syncFrequency: 10s
`, c.path("ca.crt"), env(c.t, "CGROUP"), dnsIP))
	c.start("kubelet", "kubelet", "--config="+c.path("kubelet.yaml"), "--kubeconfig="+c.path("node.kubeconfig"), "--hostname-override="+nodeName, "--node-ip="+nodeIP,
		"--node-labels=topology.kubernetes.io/zone=zone-a", "--v=2")
}

func (c *cluster) network() {
	c.apply(`apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: kube-proxy}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: "system:node-proxier"}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: "system:kube-proxy"}]
`)
	c.start("kube-proxy", "kube-proxy", "--kubeconfig="+c.path("proxy.kubeconfig"), "--hostname-override="+nodeName, "--cluster-cidr=10.88.0.0/24", "--proxy-mode=iptables",
		"--conntrack-max-per-core=0", "--conntrack-tcp-timeout-established=0", "--conntrack-tcp-timeout-close-wait=0", "--metrics-bind-address=127.0.0.1:10249")
	c.write("registry.yaml", fmt.Sprintf("version: 0.1\nlog: {level: warn}\nstorage: {filesystem: {rootdirectory: %s}}\nhttp: {addr: %q}\n", c.path("registry"), registry))
	c.start("registry", "registry", "serve", c.path("registry.yaml"))
}

// dns runs CoreDNS as a process of the machine, behind the Service that pods know.
func (c *cluster) dns() {
	c.write("Corefile", fmt.Sprintf(`.:53 {
  bind %s
  errors
  hosts {
    %s postgres.example.com
    fallthrough
  }
  kubernetes cluster.local {
    kubeconfig %s
  }
}
`, nodeIP, nodeIP, c.path("kubeconfig")))
	c.start("coredns", "coredns", "-conf", c.path("Corefile"))
	c.apply(fmt.Sprintf(`apiVersion: v1
kind: Service
metadata: {name: kube-dns, namespace: kube-system}
spec:
  clusterIP: %[1]s
  ports: [{name: dns, port: 53, protocol: UDP}, {name: dns-tcp, port: 53, protocol: TCP}]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: kube-dns-1, namespace: kube-system, labels: {kubernetes.io/service-name: kube-dns}}
addressType: IPv4
ports: [{name: dns, port: 53, protocol: UDP}, {name: dns-tcp, port: 53, protocol: TCP}]
endpoints: [{addresses: [%[2]s]}]
`, dnsIP, nodeIP))
}

// push builds Latchkey's image as of a version and brings it into the registry, by the program that `make image` runs.
func (c *cluster) push(version string) {
	c.t.Helper()
	c.until("the registry does not answer", time.Minute, func() error {
		conn, err := net.Dial("tcp", registry)
		if err == nil {
			_ = conn.Close()
		}
		return err
	})
	c.t.Log(c.must(c.path("push"), "-root", c.root, "-out", c.path("images/"+version), "-arch", runtime.GOARCH, "-version", version, "-revision", env(c.t, "REVISION"),
		"-push", registry+"/latchkey:"+version))
	// This registry does not know the interface for referrers: what refers to an image is then under a tag made of its digest.
	tags := c.must("curl", "-fsS", "http://"+registry+"/v2/latchkey/tags/list")
	if strings.Count(tags, `"sha256-`) < 2 {
		c.t.Errorf("the bill of materials is not found from the image: %s", tags)
	}
}

// pauseImage is an image with one program, as an archive of the OCI layout.
func pauseImage(t *testing.T, program string) string {
	t.Helper()
	binary, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	type object = map[string]any
	layer := archive(t, map[string][]byte{"pause": binary}, []string{"pause"})
	files, names := map[string][]byte{"oci-layout": []byte(`{"imageLayoutVersion":"1.0.0"}`)}, []string{"oci-layout"}
	add := func(kind string, content []byte) object {
		sum := fmt.Sprintf("%x", sha256.Sum256(content))
		name := "blobs/sha256/" + sum
		files[name], names = content, append(names, name)
		return object{"mediaType": "application/vnd.oci.image." + kind, "digest": "sha256:" + sum, "size": len(content)}
	}
	document := func(v any) []byte {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	content := add("layer.v1.tar", layer)
	config := add("config.v1+json", document(object{"os": "linux", "architecture": runtime.GOARCH, "config": object{"Entrypoint": []string{"/pause"}, "User": "65535"},
		"rootfs": object{"type": "layers", "diff_ids": []any{content["digest"]}}}))
	manifest := add("manifest.v1+json", document(object{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": config, "layers": []any{content}}))
	manifest["annotations"] = object{"io.containerd.image.name": "pause.test/pause:1"}
	files["index.json"] = document(object{"schemaVersion": 2, "manifests": []any{manifest}})
	return string(archive(t, files, append(names, "index.json")))
}

func archive(t *testing.T, files map[string][]byte, order []string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, name := range order {
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o755, Size: int64(len(files[name]))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(files[name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
