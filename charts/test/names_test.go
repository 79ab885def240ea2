package chart

import (
	"regexp"
	"strings"
	"testing"
)

var (
	dnsLabel     = regexp.MustCompile(`^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$`)
	dnsSubdomain = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)
	labelValue   = regexp.MustCompile(`^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$`)
)

// Names are valid for every release name that Helm takes, and room is left for what controllers put behind them.
func TestNames(t *testing.T) {
	long := strings.Repeat("a", 53) // the longest that Helm takes
	for _, r := range []release{
		{name: "a"},
		{name: "9lives"},
		{name: "team.auth"},
		{name: "my-latchkey"},
		{name: long},
		{name: strings.Repeat("9", 53)},
		{name: long[:40] + "-" + long[:12]},
		{values: "fullnameOverride: " + strings.Repeat("b", 200)},
		{values: "nameOverride: " + strings.Repeat("c", 100)},
		{values: "fullnameOverride: x"},
	} {
		for _, file := range []string{minimal, allOn} {
			r.files = []string{file}
			for _, o := range r.must(t).objects {
				checkNames(t, r.name+" "+r.values, o)
			}
		}
	}
}

func checkNames(t *testing.T, why string, o object) {
	t.Helper()
	if o.kind() == "ConfigMap" && strings.HasSuffix(o.name(), "-text") { // of extraObjects
		return
	}
	most := map[string]int{"CronJob": 52, "StatefulSet": 52, "Service": 63, "Deployment": 63}[o.kind()]
	switch name := o.name(); {
	case !dnsSubdomain.MatchString(name) || len(name) > 63:
		t.Errorf("%s: the name of %v is none", why, o)
	case o.kind() == "Service" && !dnsLabel.MatchString(name): // RFC 1035
		t.Errorf("%s: the name of %v is none of a Service", why, o)
	case most > 0 && len(name) > most:
		t.Errorf("%s: the name of %v has %d characters, at most %d leave room", why, o, len(name), most)
	}
	for _, path := range []string{"metadata.labels", "spec.selector.matchLabels", "spec.template.metadata.labels"} {
		labels, _ := o.at(path).(map[string]any)
		for k, v := range labels {
			if s, ok := v.(string); !ok || !labelValue.MatchString(s) {
				t.Errorf("%s: %v has the label %s: %v", why, o, k, v)
			}
		}
	}
}

// Two releases in one namespace have nothing in common, however alike their names are; nor do their selectors meet.
func TestTwoReleases(t *testing.T) {
	a := strings.Repeat("a", 52)
	for _, names := range [][2]string{{"one", "two"}, {a + "a", a + "b"}, {"x.y", "x-y"}, {"latchkey", "latchkey-latchkey"}} {
		taken := map[string]bool{}
		selectors := map[string]bool{}
		for _, name := range names {
			r := release{name: name, files: []string{hardened}, values: "extraObjects: []"}.must(t)
			for _, o := range r.objects {
				if taken[o.String()] {
					t.Errorf("%v: both have %v", names, o)
				}
			}
			for _, o := range r.objects {
				taken[o.String()] = true
			}
			selector := asJSON(t, r.find(t, "Deployment", "").at("spec.selector"))
			if selectors[selector] {
				t.Errorf("%v: both select %s", names, selector)
			}
			selectors[selector] = true
		}
	}
}

// Everything goes into the namespace that is said, and names within name that one.
func TestNamespaceOverride(t *testing.T) {
	r := release{files: []string{hardened}, values: "namespaceOverride: elsewhere"}.must(t)
	for _, o := range r.objects {
		if o.at("metadata.namespace") != "elsewhere" {
			t.Errorf("%v is in %v", o, o.at("metadata.namespace"))
		}
	}
	if at := asJSON(t, r.find(t, "Pod", "").at("spec.containers.0.args")); !strings.Contains(at, "https://auth-latchkey.elsewhere.svc:443") {
		t.Errorf("helm test asks %s", at)
	}
	if !strings.Contains(r.notes, "kubectl -n elsewhere ") || strings.Contains(r.notes, "kubectl -n identity ") {
		t.Errorf("notes name another namespace:\n%s", r.notes)
	}
}

// Text of users comes out as it went in, whatever YAML or templates would make of it.
func TestNastyText(t *testing.T) {
	nasty := `He said: "no" & 'yes' {{ .Values.image }} # no comment` + "\n" + `\ ` + "☃ 1e3"
	r := release{files: []string{minimal}, values: "config: {web: {brand: " + yamlQuote(nasty) + "}, registration: {max_clients: 1000000}}\n" +
		"clients: {files: {a.yaml: [{client_id: a, client_name: " + yamlQuote(nasty) + "}]}}\n" +
		"podAnnotations: {a: " + yamlQuote(nasty) + "}\ncommonLabels: {a: '1e3', b: 'true'}\nextraEnv: [{name: A, value: " + yamlQuote(nasty) + "}]\n"}.must(t)
	set := r.find(t, "StatefulSet", "")
	for path, want := range map[string]any{
		"spec.template.metadata.annotations.a": nasty, container + "env.A.value": nasty, "metadata.labels.a": "1e3", "metadata.labels.b": "true",
	} {
		if set.at(path) != want {
			t.Errorf("%s is %q", path, set.at(path))
		}
	}
	for path, want := range map[string]any{"latchkey.yaml:web.brand": nasty, "latchkey.yaml:registration.max_clients": 1e6} {
		file, below, _ := strings.Cut(path, ":")
		text, _ := r.find(t, "ConfigMap", "auth-latchkey").at("data[" + file + "]").(string)
		if got := lookup(mergeYAML(t, m{}, text), below); got != want {
			t.Errorf("%s is %v in\n%s", path, got, text)
		}
		if strings.Contains(text, "1e+06") { // Latchkey reads whole numbers
			t.Errorf("a whole number is written as %s", text)
		}
	}
	clients, _ := r.find(t, "ConfigMap", "auth-latchkey-clients").at("data[a.yaml]").(string)
	if !strings.Contains(clients, "☃") || lookup(mergeYAML(t, m{}, "list: "+strings.ReplaceAll("\n"+clients, "\n", "\n  ")), "list.0.client_name") != nasty {
		t.Errorf("clients are\n%s", clients)
	}
}

func yamlQuote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
}
