package chart

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// latchkey builds the server that the chart is for.
func latchkey(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "latchkey")
	build := exec.Command("go", "build", "-trimpath", "-o", binary, "./cmd/latchkey") // as `make build` does: what that compiled is used
	build.Dir = "../.."
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return binary
}

// Secrets that protect nothing, by the name of the file in the volume.
var secretFiles = map[string]string{
	"sealing-key":           "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
	"previous-sealing-keys": "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=",
	"postgres-url":          "postgres://latchkey:x@127.0.0.1:1/latchkey",
	"smtp-password":         "x", "s3-secret-access-key": "x", "s3-session-token": "x",
}

// TestServer holds the chart against the server that it is for.
func TestServer(t *testing.T) {
	binary := latchkey(t)
	t.Run("configuration", func(t *testing.T) { serverTakesConfiguration(t, binary) })
	t.Run("commands", func(t *testing.T) { serverKnowsCommands(t, binary) })
}

// What the chart writes, the server takes: the configuration file, the variables, the clients, of every values file.
func serverTakesConfiguration(t *testing.T, binary string) {
	key, err := exec.Command(binary, "backup", "generate-key").Output()
	if err != nil {
		t.Fatal(err)
	}
	const plain = "tls: {enabled: false, certManager: {enabled: false}}" // its certificate would have to be one
	for _, file := range ciFiles(t) {
		for kind, said := range checkConfiguration(t, binary, key, release{files: []string{file}, values: plain}.must(t)) {
			if said != "" {
				t.Errorf("%s: %s: %s", file, kind, said)
			}
		}
	}
	// What only the server can know is its to refuse, so that the check is one.
	for values, says := range map[string]string{
		"config: {web: {help_url: nowhere}}":                                    "web.help_url",
		"clients: {files: {a.yaml: [{client_id: a, grant_types: [password]}]}}": "grant_types",
		"extraEnv: [{name: LATCHKEY_ISUER, value: x}]":                          "LATCHKEY_ISUER",
	} {
		if said := checkConfiguration(t, binary, key, release{files: []string{minimal}, values: values}.must(t))["StatefulSet"]; !strings.Contains(said, says) {
			t.Errorf("%s: the server says %q", values, said)
		}
	}
}

// checkConfiguration runs `config check` as each workload would, and returns what it said where it failed. The paths are moved to a folder that we
// have, and nothing else is changed.
func checkConfiguration(t *testing.T, binary string, key []byte, out rendered) map[string]string {
	t.Helper()
	root := t.TempDir()
	write := func(name, content string) {
		t.Helper()
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	moved := func(text string) string {
		return strings.NewReplacer("/etc/latchkey", root, "/var/lib/latchkey", root+"/data").Replace(text)
	}
	for name, content := range secretFiles {
		write("secrets/"+name, content)
	}
	write("secrets/backup-key", string(key))
	write("client-secrets/shop/secret", "a secret of thirty-two characters")
	folders := map[string]string{"auth-latchkey": "config", "auth-latchkey-clients": "clients"}
	for _, o := range out.objects {
		if folder := folders[o.name()]; folder != "" && o.kind() == "ConfigMap" {
			for file, content := range o.at("data").(map[string]any) {
				write(folder+"/"+file, moved(content.(string)))
			}
		}
	}
	result := map[string]string{}
	for kind, path := range map[string]string{"StatefulSet": container, "Deployment": container, "CronJob": "spec.jobTemplate.spec.template.spec.containers.backup."} {
		if !out.has(kind) {
			continue
		}
		check := exec.Command(binary, "config", "check")
		check.Env = variables(t, out.find(t, kind, ""), path+"env", moved)
		result[kind] = ""
		if said, err := check.CombinedOutput(); err != nil {
			result[kind] = err.Error() + ": " + string(said)
		}
	}
	if len(result) == 0 {
		t.Fatal("nothing to check")
	}
	return result
}

// variables is the environment of a container.
func variables(t *testing.T, o object, path string, moved func(string) string) (env []string) {
	t.Helper()
	list, _ := o.at(path).([]any)
	for _, item := range list {
		name, _ := lookup(item, "name").(string)
		value, given := lookup(item, "value").(string)
		if !given {
			value = "x" // of a Secret or the pod
		}
		env = append(env, name+"="+moved(value))
	}
	if !slices.ContainsFunc(env, func(e string) bool { return strings.HasPrefix(e, "LATCHKEY_CONFIG=") }) {
		t.Fatalf("%v names no configuration", o)
	}
	return env
}

// The commands that pods run are commands, with the flags that they have there: the server says that it is not to be reached, not that it understands nothing.
func serverKnowsCommands(t *testing.T, binary string) {
	out := release{files: []string{allOn}}.must(t)
	for kind, path := range map[string]string{"Deployment": container, "CronJob": "spec.jobTemplate.spec.template.spec.containers.backup.", "Pod": "spec.containers.test."} {
		var args []string
		list, _ := out.find(t, kind, "").at(path + "args").([]any)
		for _, a := range list {
			args = append(args, strings.Replace(a.(string), "auth-latchkey.identity.svc:8443", "127.0.0.1:1", 1))
		}
		run := exec.Command(binary, args...)
		run.Env = []string{}
		var said bytes.Buffer
		run.Stderr = &said
		err := run.Run()
		want := map[string]int{"Deployment": 78, "CronJob": 78, "Pod": 69}[kind] // no configuration; nobody there
		if code := run.ProcessState.ExitCode(); code != want {
			t.Errorf("%v: exit %d (%v), must be %d: %s", args, code, err, want, said.String())
		}
	}
}
