//go:build kube

package kube

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	issuer = "https://id.example.com"
	host   = "id.example.com"
)

// TestKube is one story in one cluster: the parts build on one another, and the first that fails ends it.
func TestKube(t *testing.T) {
	c := up(t)
	c.push("v1")
	c.push("v2")
	for _, part := range []struct {
		name string
		run  func(*cluster)
	}{
		{"definitions of others", (*cluster).definitions},
		{"every set of values is accepted", (*cluster).accepted},
		{"bolt is installed", (*cluster).installBolt},
		{"the process is locked in", (*cluster).lockedIn},
		{"kubectl with an ID token", (*cluster).people},
		{"a service account as a client", (*cluster).workload},
		{"bolt is upgraded, taken back and removed", (*cluster).changeBolt},
		{"PostgreSQL is installed", (*cluster).installPostgres},
		{"a rolling update loses nothing", (*cluster).rollingUpdate},
		{"PostgreSQL is removed", (*cluster).removePostgres},
	} {
		start := time.Now()
		if !t.Run(part.name, func(t *testing.T) {
			c.t = t
			part.run(c)
			t.Logf("%s, after %s", part.name, time.Since(start).Round(time.Second/10))
		}) {
			c.t = t
			c.describe()
			return
		}
	}
}

// describe logs what a person wants to see after a failure.
func (c *cluster) describe() {
	for _, args := range [][]string{{"get", "pods", "-A", "-o", "wide"}, {"get", "events", "-A", "--sort-by=.lastTimestamp"}, {"logs", "-n", "id", "-l", "app.kubernetes.io/name=latchkey", "--tail=15", "--prefix"},
		{"logs", "-n", "ha", "-l", "app.kubernetes.io/name=latchkey", "--tail=15", "--prefix"}} {
		out, err := c.run("kubectl", args...)
		c.t.Logf("kubectl %s (%v)\n%s", strings.Join(args, " "), err, out)
	}
}

// definitions applies the CRDs of three projects, so that our objects are held against their real schemas.
func (c *cluster) definitions() {
	for module, pattern := range map[string]string{"prometheus-operator": "example/prometheus-operator-crd/*.yaml", "gateway-api": "config/crd/standard/*.yaml", "cert-manager": "deploy/crds/*.yaml"} {
		text, err := os.ReadFile(c.path(module + ".json"))
		if err != nil {
			c.t.Fatal(err)
		}
		var m struct{ Dir string }
		if err := json.Unmarshal(text, &m); err != nil {
			c.t.Fatal(err)
		}
		files, err := filepath.Glob(filepath.Join(m.Dir, pattern))
		if err != nil || len(files) == 0 {
			c.t.Fatalf("%s: %v, %v", module, files, err)
		}
		for _, f := range files {
			content, err := os.ReadFile(f)
			if err != nil {
				c.t.Fatal(err)
			}
			if strings.Contains(string(content), "kind: CustomResourceDefinition") {
				c.kubectl("apply", "--server-side", "-f", f)
			}
		}
	}
	c.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=60s")
	for _, ns := range []string{"id", "ha", "shop", "monitoring"} {
		c.apply(fmt.Sprintf("apiVersion: v1\nkind: Namespace\nmetadata: {name: %s, labels: {pod-security.kubernetes.io/enforce: restricted}}\n", ns))
	}
}

// named is what the sets of values name beside the release.
const named = `apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: important}
value: 1000
---
apiVersion: node.k8s.io/v1
kind: RuntimeClass
metadata: {name: gvisor}
handler: runc
`

// accepted: the API server takes every object of every set of values that the chart has for its tests, fields it does not know being errors.
func (c *cluster) accepted() {
	files, err := filepath.Glob(filepath.Join(c.root, "charts/latchkey/ci/*-values.yaml"))
	if err != nil || len(files) < 3 {
		c.t.Fatalf("%v, %v", files, err)
	}
	c.apply(named)
	kinds := map[string]bool{}
	for _, f := range files {
		render := []string{"template", "x", "charts/latchkey", "-n", "id", "-f", f, "--kube-version", "1.36.0"}
		account := c.must("helm", append(render, "-s", "templates/serviceaccount.yaml")...) // without it no pod is accepted, not even for show
		c.apply(account)
		out, err := c.feed(c.must("helm", render...), "kubectl", "apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", "-")
		if err != nil {
			c.t.Errorf("%s: %v", filepath.Base(f), err)
		}
		if out, err := c.feed(account, "kubectl", "delete", "-f", "-"); err != nil {
			c.t.Errorf("%v %s", err, out)
		}
		for line := range strings.Lines(out) {
			kind, _, found := strings.Cut(line, "/")
			if found && !strings.Contains(kind, " ") {
				kinds[kind] = true
			}
			if strings.Contains(line, "Warning") {
				c.t.Logf("%s: %s", filepath.Base(f), line)
			}
		}
	}
	for _, kind := range []string{"statefulset.apps", "deployment.apps", "horizontalpodautoscaler.autoscaling", "poddisruptionbudget.policy", "networkpolicy.networking.k8s.io",
		"ingress.networking.k8s.io", "httproute.gateway.networking.k8s.io", "servicemonitor.monitoring.coreos.com", "certificate.cert-manager.io"} {
		if !kinds[kind] {
			c.t.Errorf("no set of values makes a %s; made: %v", kind, kinds)
		}
	}
	c.refusesLoose()
}

// refusesLoose: the namespace means what it says, so that running in it is worth something.
func (c *cluster) refusesLoose() {
	out, err := c.feed("apiVersion: v1\nkind: Pod\nmetadata: {name: loose, namespace: id}\nspec: {containers: [{name: x, image: x}]}\n", "kubectl", "apply", "-f", "-")
	if err == nil || !strings.Contains(err.Error(), "violates PodSecurity") {
		c.t.Errorf("a pod that asks for everything: %v %s", err, out)
	}
}
