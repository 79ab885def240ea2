package chart

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

// monitoringAPIs and so on are what a cluster has where those operators are installed.
var allAPIs = []string{"monitoring.coreos.com/v1", "monitoring.coreos.com/v1/ServiceMonitor", "gateway.networking.k8s.io/v1", "gateway.networking.k8s.io/v1/HTTPRoute", "cert-manager.io/v1", "cert-manager.io/v1/Certificate"}

func ciFiles(t *testing.T) (names []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(chartDir, "ci/*-values.yaml"))
	if err != nil || len(files) < 5 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, f := range files {
		names = append(names, filepath.Base(f))
	}
	return names
}

// Every object of every values file is one that Kubernetes knows, to the last field, and Pod Security "restricted" has nothing against its pods.
func TestManifestsAreValid(t *testing.T) {
	v := newValidator(t)
	for _, file := range ciFiles(t) {
		r := release{files: []string{file}, apis: allAPIs}.must(t)
		seen := map[string]bool{}
		for _, o := range r.objects {
			if err := v.judge(o); err != nil {
				t.Errorf("%s: %v: %v", file, o, err)
			}
			if seen[o.String()] {
				t.Errorf("%s: %v is there twice", file, o)
			}
			seen[o.String()] = true
			if o.at("metadata.namespace") == nil {
				t.Errorf("%s: %v has no namespace", file, o)
			}
		}
		for _, why := range insecure(t, r) {
			t.Errorf("%s: %s", file, why)
		}
	}
}

// insecure says what Pod Security "restricted" has against the pods of what was rendered.
func insecure(t *testing.T, r rendered) (reasons []string) {
	t.Helper()
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	version := api.MajorMinorVersion(1, 36)
	pods := 0
	for _, o := range r.objects {
		path := map[string]string{"Deployment": "spec.template", "StatefulSet": "spec.template", "Job": "spec.template", "CronJob": "spec.jobTemplate.spec.template"}[o.kind()]
		template := o.at(path)
		if o.kind() == "Pod" {
			template = map[string]any(o)
		} else if path == "" {
			continue
		}
		text, err := json.Marshal(template)
		if err != nil {
			t.Fatal(err)
		}
		var pod corev1.PodTemplateSpec
		if err := json.Unmarshal(text, &pod); err != nil {
			t.Fatal(err)
		}
		pods++
		for _, result := range evaluator.EvaluatePod(api.LevelVersion{Level: api.LevelRestricted, Version: version}, &metav1.ObjectMeta{}, &pod.Spec) {
			if !result.Allowed {
				reasons = append(reasons, fmt.Sprintf("%v: %s: %s", o, result.ForbiddenReason, result.ForbiddenDetail))
			}
		}
	}
	if pods == 0 {
		t.Fatal("no pods to judge")
	}
	return reasons
}

// The evaluator does refuse: a pod whose security is taken away, one that asks for the host's network, one without seccomp.
func TestPodSecurityRefuses(t *testing.T) {
	for _, values := range []string{
		"securityContext: {allowPrivilegeEscalation: true}",
		"securityContext: {capabilities: {drop: null, add: [NET_ADMIN]}}",
		"podSecurityContext: {runAsNonRoot: false, runAsUser: 0}",
		"podSecurityContext: {seccompProfile: null}",
		"extraVolumes: [{name: host, hostPath: {path: /}}]",
		"sidecars: [{name: s, image: s, securityContext: {privileged: true}}]",
	} {
		if len(insecure(t, release{files: []string{"minimal-values.yaml"}, values: values}.must(t))) == 0 {
			t.Errorf("%s: not refused", values)
		}
	}
	// A container of the user's that says nothing gets the chart's security.
	if why := insecure(t, release{files: []string{"minimal-values.yaml"}, values: "{sidecars: [{name: s, image: s}], initContainers: [{name: i, image: i}]}"}.must(t)); len(why) > 0 {
		t.Errorf("containers without a security context: %v", why)
	}
}

// What is generated is what is there; `make chart-generate` makes it anew.
func TestGenerated(t *testing.T) {
	made, err := Generate("../..")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range made {
		there, err := os.ReadFile("../../" + name)
		if err != nil || string(there) != string(content) {
			t.Errorf("%s is not what `make chart-generate` makes of values.yaml, rules and config.example.yaml (%v)", name, err)
		}
	}
}
