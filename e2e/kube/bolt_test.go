//go:build kube

package kube

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// example is a file below docs/examples.
func (c *cluster) example(name string) string {
	c.t.Helper()
	text, err := os.ReadFile(filepath.Join(c.root, "docs/examples", name))
	if err != nil {
		c.t.Fatal(err)
	}
	return string(text)
}

func indent(text, by string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		out.WriteString(by + line)
	}
	return out.String()
}

// common are values of both releases.
const common = `
issuer: https://id.example.com
image: {repository: "127.0.0.1:5000/latchkey", tag: v1}
mail: {from: "Example <no-reply@example.com>", smtp: {address: "mail.example.com:25"}}
tls: {enabled: true, existingSecret: id-tls}
server: {trustedProxies: [10.99.0.0/24]}
`

func (c *cluster) boltValues(client string) string {
	return c.write("bolt.yaml", common+`
storage: {bolt: {storageClassName: "-", size: 1Gi}}
automountServiceAccountToken: true
config:
  keys: {publish_ahead: 5s, jwks_max_age: 2s}
clients:
  files:
    kubernetes.yaml:
`+indent(client+other, "      ")+`
    worker.yaml:
`+indent("- "+strings.TrimLeft(indent(c.example("workload/worker.yaml"), "  "), " "), "      "))
}

// other is an application beside kubectl.
const other = `
- client_id: other
  client_name: Other
  application_type: native
  token_endpoint_auth_method: none
  redirect_uris: ["http://localhost:8000"]
  scope: openid profile email groups
`

// tlsSecret makes the certificate of the issuer.
func (c *cluster) tlsSecret(ns string) {
	c.ca.issue(c.t, c.work, "id", nil, host)
	c.kubectl("-n", ns, "create", "secret", "tls", "id-tls", "--cert", c.path("id.crt"), "--key", c.path("id.key"))
}

// known makes the issuer's name lead to a Service, for the API server and for us.
func (c *cluster) known(ns, service string) {
	ip := strings.TrimSpace(c.kubectl("-n", ns, "get", "service", service, "-o", "jsonpath={.spec.clusterIP}"))
	if err := os.WriteFile("/etc/hosts", []byte(fmt.Sprintf("127.0.0.1 localhost\n%s %s\n%s %s\n", nodeIP, nodeName, ip, host)), 0o644); err != nil {
		c.t.Fatal(err)
	}
}

func (c *cluster) installBolt() {
	folder := c.path("volume")
	if err := os.Mkdir(folder, 0o700); err != nil {
		c.t.Fatal(err)
	}
	if err := os.Chown(folder, 65532, 65532); err != nil { // a hostPath is not given to fsGroup
		c.t.Fatal(err)
	}
	c.apply(fmt.Sprintf(`apiVersion: v1
kind: PersistentVolume
metadata: {name: bolt}
spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], persistentVolumeReclaimPolicy: Retain, hostPath: {path: %s}}
`, folder))
	c.tlsSecret("id")
	start := time.Now()
	c.t.Log(c.must("helm", "install", "id", "charts/latchkey", "-n", "id", "-f", c.boltValues(c.example("kubectl/client.yaml")), "--wait", "--timeout", "3m"))
	c.t.Logf("helm install --wait took %s", time.Since(start).Round(time.Second/10))
	c.known("id", "id-latchkey")
	c.t.Log(c.must("helm", "test", "id", "-n", "id", "--timeout", "2m"))
	c.t.Log(c.kubectl("-n", "id", "get", "pods,pvc,service", "-o", "wide"))
}

// latchkey runs a command in the pod with bolt.
func (c *cluster) latchkey(input string, args ...string) string {
	c.t.Helper()
	return c.inside("id", "statefulset", input, args...)
}

// inside runs a command in a pod.
func (c *cluster) inside(ns, kind, input string, args ...string) string {
	c.t.Helper()
	out, err := c.feed(input, "kubectl", append([]string{"-n", ns, "exec", "-i", kind + "/id-latchkey", "-c", "latchkey", "--", "latchkey"}, args...)...)
	if err != nil {
		c.t.Fatal(err)
	}
	return out
}

// lockedIn looks at the running process from outside: who it is, what it may, and what it sees of the disk and of its memory's limit.
func (c *cluster) lockedIn() {
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		c.t.Fatal(err)
	}
	found := ""
	for _, dir := range dirs {
		if line, err := os.ReadFile(dir + "/cmdline"); err == nil && string(line) == "/latchkey\x00serve\x00" {
			found = dir
		}
	}
	if found == "" {
		c.t.Fatal("no process runs /latchkey serve")
	}
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(found, name))
		if err != nil {
			c.t.Fatal(err)
		}
		return string(text)
	}
	status := strings.Join(strings.Fields(read("status")), " ")
	for _, want := range []string{"Uid: 65532 65532 65532 65532", "Gid: 65532 65532 65532 65532", "CapEff: 0000000000000000", "CapBnd: 0000000000000000", "NoNewPrivs: 1", "Seccomp: 2"} {
		if !strings.Contains(status, want) {
			c.t.Errorf("not %q: %s", want, status)
		}
	}
	if mounts := read("mounts"); !regexp.MustCompile(`(?m)^overlay / overlay ro,`).MatchString(mounts) {
		c.t.Errorf("the root may be written to:\n%s", mounts)
	}
	log := c.kubectl("-n", "id", "logs", "id-latchkey-0")
	if !regexp.MustCompile(`"memory_limit":(48[0-9]{7}|5[0-4][0-9]{7})`).MatchString(log) { // 512 MiB, or what the chart leaves of it
		c.t.Errorf("the limit of memory is not heeded:\n%s", log)
	}
	c.t.Logf("%s", regexp.MustCompile(`.*"memory_limit".*`).FindString(log))
}

// changeBolt: an upgrade and the way back keep accounts and keys; what is left after the end is what is meant to be.
func (c *cluster) changeBolt() {
	version := func(want string) {
		c.t.Helper()
		if out := c.latchkey("", "version"); !strings.Contains(out, want) {
			c.t.Errorf("runs %s, not %s", out, want)
		}
		if out := c.latchkey("", "users", "list"); !strings.Contains(out, "ada") {
			c.t.Errorf("ada is gone: %s", out)
		}
	}
	version("v1")
	keys := kids(c)
	values := c.path("bolt.yaml")
	follow := c.start("drained-pod", "kubectl", "--kubeconfig", c.path("kubeconfig"), "-n", "id", "logs", "-f", "id-latchkey-0")
	c.must("helm", "upgrade", "id", "charts/latchkey", "-n", "id", "-f", values, "--set", "image.tag=v2", "--set", "metrics.serviceMonitor.enabled=true", "--set", "metrics.prometheusRule.enabled=true",
		"--set", "metrics.dashboard.enabled=true", "--set", "networkPolicy.enabled=true", "--set", "networkPolicy.ingress.anywhere=true", "--wait", "--timeout", "4m")
	version("v2")
	_ = follow.Wait()
	text, err := os.ReadFile(c.path("logs/drained-pod.log"))
	if err != nil || !strings.Contains(string(text), `"msg":"draining"`) || !strings.Contains(string(text), `"msg":"ended"`) {
		c.t.Errorf("the former pod did not drain: %v\n%s", err, text)
	}
	if now := kids(c); !slices.Equal(keys, now) {
		c.t.Errorf("keys were %v, are %v", keys, now)
	}
	for _, kind := range []string{"servicemonitor", "prometheusrule", "networkpolicy"} {
		if out := c.kubectl("-n", "id", "get", kind, "-o", "name"); out == "" {
			c.t.Errorf("no %s", kind)
		}
	}
	c.must("helm", "rollback", "id", "1", "-n", "id", "--wait", "--timeout", "4m")
	version("v1")
	c.t.Log(c.must("helm", "history", "id", "-n", "id"))
	c.must("helm", "uninstall", "id", "-n", "id", "--wait", "--timeout", "3m")
	c.left("id", "persistentvolumeclaim/data-id-latchkey-0", "secret/id-latchkey-sealing-key", "secret/id-tls")
}

// left holds what is in a namespace against what is meant to stay, once what goes has gone.
func (c *cluster) left(ns string, want ...string) {
	c.t.Helper()
	kinds := strings.Fields(c.kubectl("api-resources", "--namespaced", "--verbs=list", "-o", "name"))
	kinds = slices.DeleteFunc(kinds, func(k string) bool { return strings.HasPrefix(k, "events") || k == "endpoints" })
	slices.Sort(want)
	c.until("not only what is kept is left", time.Minute, func() error {
		var got []string
		for _, name := range strings.Fields(c.kubectl("-n", ns, "get", strings.Join(kinds, ","), "-o", "name")) {
			if name != "configmap/kube-root-ca.crt" && name != "serviceaccount/default" {
				got = append(got, name)
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			return fmt.Errorf("left are %v, not %v", got, want)
		}
		return nil
	})
}
