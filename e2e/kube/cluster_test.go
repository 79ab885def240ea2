//go:build kube

package kube

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	nodeIP   = "10.99.0.10"
	dnsIP    = "10.96.0.10"
	registry = "127.0.0.1:5000"
	nodeName = "real-0"
)

// cluster is what run has prepared, and the processes in it.
type cluster struct {
	t                 *testing.T
	work, tools, root string
	ca                *authority
	procs             []*exec.Cmd
}

func env(t *testing.T, name string) string {
	t.Helper()
	v := os.Getenv(name)
	if v == "" {
		t.Fatalf("%s is not set: e2e/kube/run does that", name)
	}
	return v
}

func (c *cluster) path(name string) string { return filepath.Join(c.work, name) }

func (c *cluster) write(name, content string) string {
	c.t.Helper()
	path := c.path(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		c.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		c.t.Fatal(err)
	}
	return path
}

// start runs a part of the cluster until the test ends.
func (c *cluster) start(name, program string, args ...string) *exec.Cmd {
	c.t.Helper()
	if full := filepath.Join(c.tools, program); !strings.Contains(program, "/") {
		if _, err := os.Stat(full); err == nil {
			program = full
		}
	}
	log, err := os.OpenFile(c.path("logs/"+name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		c.t.Fatal(err)
	}
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	_ = log.Close()
	c.procs = append(c.procs, cmd)
	return cmd
}

// stop ends a part.
func (c *cluster) stop(cmd *exec.Cmd) {
	_ = cmd.Process.Signal(syscall.SIGTERM)
	timer := time.AfterFunc(10*time.Second, func() { _ = cmd.Process.Kill() })
	_ = cmd.Wait()
	timer.Stop()
}

// end stops everything, the newest first; what is left dies with the namespace.
func (c *cluster) end() {
	for i := len(c.procs) - 1; i >= 0; i-- {
		if c.procs[i].ProcessState == nil {
			c.stop(c.procs[i])
		}
	}
}

// run runs a command to its end.
func (c *cluster) run(program string, args ...string) (string, error) {
	return c.feed("", program, args...)
}

func (c *cluster) feed(input, program string, args ...string) (string, error) {
	if full := filepath.Join(c.tools, program); !strings.Contains(program, "/") {
		if _, err := os.Stat(full); err == nil {
			program = full
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 8*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.Stdin = c.root, strings.NewReader(input)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+c.path("kubeconfig"), "KUBECACHEDIR="+c.path("kubecache"),
		"HELM_CACHE_HOME="+c.path("helm"), "HELM_CONFIG_HOME="+c.path("helm"), "HELM_DATA_HOME="+c.path("helm"), "PATH="+c.tools+":"+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%s %s: %w\n%s", filepath.Base(program), strings.Join(args, " "), err, out)
	}
	return string(out), err
}

// must is run for what has to work.
func (c *cluster) must(program string, args ...string) string {
	c.t.Helper()
	out, err := c.run(program, args...)
	if err != nil {
		c.t.Fatal(err)
	}
	return out
}

func (c *cluster) kubectl(args ...string) string { c.t.Helper(); return c.must("kubectl", args...) }

// apply makes or changes objects.
func (c *cluster) apply(yaml string) {
	c.t.Helper()
	if out, err := c.feed(yaml, "kubectl", "apply", "--server-side", "-f", "-"); err != nil {
		c.t.Fatalf("%v\n%s", err, out)
	}
}

// until waits for something that takes its time.
func (c *cluster) until(what string, limit time.Duration, try func() error) {
	c.t.Helper()
	end := time.Now().Add(limit)
	for {
		err := try()
		if err == nil {
			return
		}
		if time.Now().After(end) {
			c.t.Fatalf("%s, for %s: %v", what, limit, err)
		}
		time.Sleep(300 * time.Millisecond)
	}
}

func (c *cluster) secretFiles() {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		c.t.Fatal(err)
	}
	c.write("sa.key", privatePEM(c.t, key))
	c.write("sa.pub", publicPEM(c.t, &key.PublicKey))
	c.write("tokens.csv", "admintoken,admin,admin,system:masters\nnodetoken,system:node:"+nodeName+",node,system:nodes\nproxytoken,system:kube-proxy,proxy\n")
	c.ca = newAuthority(c.t, "cluster")
	if err := os.Setenv("SSL_CERT_FILE", c.write("ca.crt", c.ca.certPEM)); err != nil { // what this process trusts, as a relying party
		c.t.Fatal(err)
	}
	c.ca.issue(c.t, c.work, "apiserver", nil, "kubernetes", "kubernetes.default.svc", "localhost", "127.0.0.1", nodeIP, "10.96.0.1")
	c.ca.issue(c.t, c.work, "kubelet-client", []string{"system:masters"}, "kube-apiserver")
	for name, token := range map[string]string{"kubeconfig": "admintoken", "node.kubeconfig": "nodetoken", "proxy.kubeconfig": "proxytoken"} {
		c.write(name, fmt.Sprintf(`apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "https://127.0.0.1:6443", certificate-authority: %s}}]
users: [{name: u, user: {token: %s}}]
contexts: [{name: c, context: {cluster: c, user: u}}]
current-context: c
`, c.path("ca.crt"), token))
	}
}
