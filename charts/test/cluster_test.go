package chart

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/engine"
	"k8s.io/client-go/rest"
)

// cluster is as much of an API server as templates can look into: objects by path, below /api/v1/namespaces/ and /apis/apps/v1/namespaces/.
type cluster map[string]object

func (c cluster) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	kinds := map[string]string{"secrets": "Secret", "persistentvolumeclaims": "PersistentVolumeClaim", "statefulsets": "StatefulSet"}
	answer := object{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404}
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	found, there := c[r.URL.Path]
	switch {
	case there:
		answer = found
	case r.URL.Path == "/api/v1" || r.URL.Path == "/apis/apps/v1":
		var resources []any
		for name, kind := range kinds {
			resources = append(resources, m{"name": name, "kind": kind, "namespaced": true, "verbs": l{"get", "list"}})
		}
		answer = object{"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, "/api/"), "/apis/"), "resources": resources}
	case kinds[parts[len(parts)-1]] != "": // a list, of a namespace that may not be there yet
		answer = object{"kind": "List", "apiVersion": "v1", "metadata": m{}, "items": l{}}
	}
	w.Header().Set("Content-Type", "application/json")
	if answer["code"] == 404 {
		w.WriteHeader(http.StatusNotFound)
	}
	_ = json.NewEncoder(w).Encode(answer)
}

// install renders with a cluster to look into, as `helm install` and `helm upgrade` do.
func (c cluster) install(t *testing.T, rel release) (rendered, error) {
	t.Helper()
	s := httptest.NewServer(c)
	defer s.Close()
	loaded, values, err := rel.prepare(t)
	if err != nil {
		return rendered{}, err
	}
	files, err := engine.RenderWithClient(loaded, values, &rest.Config{Host: s.URL})
	if err != nil {
		return rendered{}, err
	}
	return parse(t, files), nil
}

const (
	keySecret = "/api/v1/namespaces/identity/secrets/auth-latchkey-sealing-key"
	dataClaim = "/api/v1/namespaces/identity/persistentvolumeclaims/data-auth-latchkey-0"
	generated = "{secrets: {sealingKey: {existingSecret: ''}}}"
)

func TestSealingKeyIsMadeOnce(t *testing.T) {
	made := map[any]bool{}
	for range 2 {
		r, err := cluster{}.install(t, release{files: []string{minimal}, values: generated})
		if err != nil {
			t.Fatal(err)
		}
		secret := r.find(t, "Secret", "auth-latchkey-sealing-key")
		data, _ := secret.at("data[sealing-key]").(string)
		text, err := base64.StdEncoding.DecodeString(data)
		if err != nil {
			t.Fatal(err)
		}
		if key, err := base64.StdEncoding.DecodeString(string(text)); err != nil || len(key) != 32 {
			t.Errorf("the key is %q: %v", text, err)
		}
		if secret.at("metadata.annotations[helm.sh/resource-policy]") != "keep" || secret.at("immutable") != true {
			t.Errorf("%v may go or change", secret)
		}
		if made[data] {
			t.Error("two installations have one key")
		}
		made[data] = true
		if got := r.find(t, "StatefulSet", "").at("spec.template.spec.volumes.secrets.projected.sources.0.secret.name"); got != secret.name() {
			t.Errorf("the pod takes its key from %v", got)
		}
	}
}

func TestSealingKeyIsKept(t *testing.T) {
	there := cluster{keySecret: {"apiVersion": "v1", "kind": "Secret", "metadata": m{"name": "auth-latchkey-sealing-key"}, "data": m{"sealing-key": "a2VwdA=="}}}
	claim := object{"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": m{"name": "data-auth-latchkey-0"}}
	for _, r := range []struct {
		why     string
		cluster cluster
		upgrade bool
		values  string
		says    string // "" where the key that is there stays
	}{
		{"an upgrade keeps it", there, true, "", ""},
		{"an installation after one that was removed takes it up", cluster{keySecret: there[keySecret], dataClaim: claim}, false, "", ""},
		{"an upgrade never makes another", cluster{}, true, "", "is gone, and with it the key that everything in the store is sealed with; no other is made"},
		{"nor does an installation where there are data", cluster{dataClaim: claim}, false, "", "is there from an earlier installation, but not the Secret"},
		{"nor where the Secret has another key", there, false, "secrets: {sealingKey: {key: other}}", "has no key other"},
	} {
		out, err := r.cluster.install(t, release{files: []string{minimal}, values: generated, more: r.values, upgrade: r.upgrade})
		switch {
		case r.says != "":
			if err == nil || !strings.Contains(err.Error(), r.says) {
				t.Errorf("%s: %v", r.why, err)
			}
		case err != nil:
			t.Errorf("%s: %v", r.why, err)
		default:
			if got := out.find(t, "Secret", "").at("data[sealing-key]"); got != "a2VwdA==" {
				t.Errorf("%s: the key is %v", r.why, got)
			}
		}
	}
}

// With a Secret of one's own nothing is looked for, so that whoever renders without a cluster gets what is applied.
func TestNothingIsGeneratedWithASecret(t *testing.T) {
	for _, file := range ciFiles(t) {
		without := release{files: []string{file}}.must(t)
		with, err := cluster{}.install(t, release{files: []string{file}})
		if err != nil {
			t.Fatal(err)
		}
		if without.has("Secret") || asJSON(t, without.objects) != asJSON(t, with.objects) {
			t.Errorf("%s: rendered with a cluster it is something else", file)
		}
	}
}

func TestClaimThatGrows(t *testing.T) {
	set := object{"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": m{"name": "auth-latchkey"},
		"spec": m{"volumeClaimTemplates": l{m{"spec": m{"resources": m{"requests": m{"storage": "2Gi"}}}}}}}
	there := cluster{"/apis/apps/v1/namespaces/identity/statefulsets/auth-latchkey": set}
	for _, same := range []string{"2Gi", "2048Mi", "2147483648"} { // the API server writes them all as 2Gi
		if _, err := there.install(t, release{files: []string{minimal}, values: "storage: {bolt: {size: '" + same + "'}}", upgrade: true}); err != nil {
			t.Errorf("the same size: %v", err)
		}
	}
	for _, smaller := range []string{"1Gi", "2G", "100M", "2047Mi"} {
		if _, err := there.install(t, release{files: []string{minimal}, values: "storage: {bolt: {size: " + smaller + "}}", upgrade: true}); err == nil || !strings.Contains(err.Error(), "cannot shrink") {
			t.Errorf("%s: %v", smaller, err)
		}
	}
	_, err := there.install(t, release{files: []string{minimal}, values: "storage: {bolt: {size: 5Gi}}", upgrade: true})
	for _, says := range []string{"kubectl -n identity patch pvc data-auth-latchkey-0", `"storage":"5Gi"`, "delete statefulset auth-latchkey --cascade=orphan"} {
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("a larger one: no %q in %v", says, err)
		}
	}
}
