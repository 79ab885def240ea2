package chart

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

// row is what must hold of one object. want is compared as JSON; nil means that there is nothing there. absent means that there is no such object.
type row struct {
	why, file, values, kind, name, path string
	want                                any
	absent                              bool
}

func (r row) test(t *testing.T) {
	t.Helper()
	file := r.file
	if file == "" {
		file = "minimal-values.yaml"
	}
	out := release{files: []string{file}, values: r.values}.must(t)
	if r.absent {
		if out.has(r.kind) {
			t.Errorf("%s: there is a %s", r.why, r.kind)
		}
		return
	}
	got := out.find(t, r.kind, r.name).at(r.path)
	if !reflect.DeepEqual(plainJSON(t, got), plainJSON(t, r.want)) {
		t.Errorf("%s:\n%s %s %s is %s\nmust be %s", r.why, r.kind, r.name, r.path, asJSON(t, got), asJSON(t, r.want))
	}
}

func plainJSON(t *testing.T, v any) (out any) {
	t.Helper()
	if err := json.Unmarshal([]byte(asJSON(t, v)), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

const (
	minimal, boltFile, ha, hardened, allOn = "minimal-values.yaml", "bolt-values.yaml", "ha-postgres-values.yaml", "hardened-values.yaml", "all-on-values.yaml"
	container                              = "spec.template.spec.containers.latchkey."
	postgres                               = "{storage: {driver: postgres}, secrets: {postgresUrl: {existingSecret: db}}"
)

type (
	m = map[string]any
	l = []any
)

func TestShapes(t *testing.T) {
	for _, r := range []row{
		{why: "bolt is a StatefulSet of one", kind: "StatefulSet", path: "spec.replicas", want: 1},
		{why: "bolt has no Deployment", kind: "Deployment", absent: true},
		{why: "bolt has a claim", kind: "StatefulSet", path: "spec.volumeClaimTemplates.0.spec.resources.requests.storage", want: "2Gi"},
		{why: "the claim stays when the release goes", kind: "StatefulSet", path: "spec.persistentVolumeClaimRetentionPolicy", want: m{"whenDeleted": "Retain", "whenScaled": "Retain"}},
		{why: "no storage class unless one is named", kind: "StatefulSet", path: "spec.volumeClaimTemplates.0.spec.storageClassName"},
		{why: "a dash is no storage class at all", values: "storage: {bolt: {storageClassName: '-'}}", kind: "StatefulSet", path: "spec.volumeClaimTemplates.0.spec.storageClassName", want: ""},
		{why: "a claim of one's own replaces the template", values: "storage: {bolt: {existingClaim: mine}}", kind: "StatefulSet", path: "spec.volumeClaimTemplates"},
		{why: "and is mounted", values: "storage: {bolt: {existingClaim: mine}}", kind: "StatefulSet", path: "spec.template.spec.volumes.data.persistentVolumeClaim.claimName", want: "mine"},
		{why: "a StatefulSet has its headless Service", kind: "Service", name: "auth-latchkey-headless", path: "spec.clusterIP", want: "None"},
		{why: "bolt needs no disruption budget", kind: "PodDisruptionBudget", absent: true},
		{why: "nobody waits for a replica that nobody stands in for", kind: "StatefulSet", path: container + "lifecycle"},
		{why: "a pod that never became ready does not keep its successor away", kind: "StatefulSet", path: "spec.podManagementPolicy", want: "Parallel"},
		{why: "postgres is a Deployment of two", values: postgres + "}", kind: "Deployment", path: "spec.replicas", want: 2},
		{why: "postgres has no StatefulSet", file: ha, kind: "StatefulSet", absent: true},
		{why: "postgres has no claim", file: ha, kind: "Deployment", path: "spec.template.spec.volumes.data"},
		{why: "no pod goes before its successor is ready", file: ha, kind: "Deployment", path: "spec.strategy", want: m{"type": "RollingUpdate", "rollingUpdate": m{"maxUnavailable": 0, "maxSurge": 1}}},
		{why: "the autoscaler owns the number", file: ha, kind: "Deployment", path: "spec.replicas"},
		{why: "the autoscaler scales the Deployment", file: ha, kind: "HorizontalPodAutoscaler", path: "spec.scaleTargetRef", want: m{"apiVersion": "apps/v1", "kind": "Deployment", "name": "auth-latchkey"}},
		{why: "the autoscaler's bounds", file: ha, kind: "HorizontalPodAutoscaler", path: "spec.maxReplicas", want: 9},
		{why: "a broken pod does not keep a node from being drained", file: ha, kind: "PodDisruptionBudget", path: "spec.unhealthyPodEvictionPolicy", want: "AlwaysAllow"},
		{why: "one at a time is away", file: ha, kind: "PodDisruptionBudget", path: "spec.maxUnavailable", want: 1},
		{why: "or so many stay", values: postgres + ", podDisruptionBudget: {minAvailable: 50%}}", kind: "PodDisruptionBudget", path: "spec.minAvailable", want: "50%"},
		{why: "no budget for one replica", values: postgres + ", replicas: 1}", kind: "PodDisruptionBudget", absent: true},
		{why: "pods are spread over zones", file: ha, kind: "Deployment", path: "spec.template.spec.topologySpreadConstraints.0.topologyKey", want: "topology.kubernetes.io/zone"},
		{why: "each generation by itself", file: ha, kind: "Deployment", path: "spec.template.spec.topologySpreadConstraints.1.matchLabelKeys", want: l{"pod-template-hash"}},
		{why: "as far as that goes", file: ha, kind: "Deployment", path: "spec.template.spec.topologySpreadConstraints.1.whenUnsatisfiable", want: "ScheduleAnyway"},
		{why: "a constraint of one's own selects our pods", file: allOn, kind: "Deployment", path: "spec.template.spec.topologySpreadConstraints.0.labelSelector.matchLabels[app.kubernetes.io/component]", want: "server"},
		{why: "none if so wished", file: hardened, values: "topologySpreadConstraints: []", kind: "Deployment", path: "spec.template.spec.topologySpreadConstraints"},
	} {
		r.test(t)
	}
}

func TestPods(t *testing.T) {
	for _, r := range []row{
		{why: "a digest goes before a tag", values: "image: {tag: v9, digest: 'sha256:" + strings.Repeat("a", 64) + "'}", kind: "StatefulSet", path: container + "image", want: "registry.example.com/latchkey@sha256:" + strings.Repeat("a", 64)},
		{why: "the tag is the chart's version of the application", kind: "StatefulSet", path: container + "image", want: "registry.example.com/latchkey:0.1.0"},
		{why: "a registry for all goes before the repository", values: "{global: {imageRegistry: mirror.example.com/}, image: {repository: latchkey}}", kind: "StatefulSet", path: container + "image", want: "mirror.example.com/latchkey:0.1.0"},
		{why: "pull secrets of both lists, once each", file: allOn, kind: "Deployment", path: "spec.template.spec.imagePullSecrets", want: l{m{"name": "pull"}, m{"name": "pull-too"}}},
		{why: "no token in pods", kind: "StatefulSet", path: "spec.template.spec.automountServiceAccountToken", want: false},
		{why: "nor by the account", kind: "ServiceAccount", path: "automountServiceAccountToken", want: false},
		{why: "an account of one's own is not made", values: "serviceAccount: {create: false, name: mine}", kind: "ServiceAccount", absent: true},
		{why: "but used", values: "serviceAccount: {create: false, name: mine}", kind: "StatefulSet", path: "spec.template.spec.serviceAccountName", want: "mine"},
		// Variables of Services begin with LATCHKEY_ where a release is named so, and the server refuses what it does not know.
		{why: "no variables of other Services", kind: "StatefulSet", path: "spec.template.spec.enableServiceLinks", want: false},
		{why: "the user", kind: "StatefulSet", path: "spec.template.spec.securityContext.runAsUser", want: 65532},
		{why: "which a platform may choose", values: "podSecurityContext: {runAsUser: null, runAsGroup: null, fsGroup: null}", kind: "StatefulSet", path: "spec.template.spec.securityContext", want: m{"runAsNonRoot": true, "fsGroupChangePolicy": "OnRootMismatch", "seccompProfile": m{"type": "RuntimeDefault"}}},
		{why: "a root file system to read", kind: "StatefulSet", path: container + "securityContext.readOnlyRootFilesystem", want: true},
		{why: "a bounded folder for what is passing", kind: "StatefulSet", path: "spec.template.spec.volumes.tmp.emptyDir", want: m{"sizeLimit": "512Mi"}},
		{why: "a limit of memory, none of processor time", kind: "StatefulSet", path: container + "resources.limits", want: m{"memory": "512Mi", "ephemeral-storage": "1Gi"}},
		{why: "the cluster decides about user namespaces", kind: "StatefulSet", path: "spec.template.spec.hostUsers"},
		{why: "unless it is said", file: hardened, kind: "Deployment", path: "spec.template.spec.hostUsers", want: false},
		{why: "a pod sleeps until nobody sends to it", file: ha, kind: "Deployment", path: container + "lifecycle.preStop.sleep.seconds", want: 5},
		{why: "not if it is said not to", file: ha, values: "preStopSleepSeconds: 0", kind: "Deployment", path: container + "lifecycle"},
		{why: "liveness asks the process alone", kind: "StatefulSet", path: container + "livenessProbe.httpGet", want: m{"path": "/livez", "port": "ops"}},
		{why: "readiness leaves the store out", kind: "StatefulSet", path: container + "readinessProbe.httpGet.path", want: "/readyz?exclude=store"},
		{why: "or not", values: "probes: {readiness: {store: true}}", kind: "StatefulSet", path: container + "readinessProbe.httpGet.path", want: "/readyz"},
		{why: "a start may take its time", kind: "StatefulSet", path: container + "startupProbe", want: m{"httpGet": m{"path": "/startupz", "port": "ops"}, "periodSeconds": 2, "timeoutSeconds": 2, "failureThreshold": 150}},
		{why: "sidecars start first and go on", file: allOn, kind: "Deployment", path: "spec.template.spec.initContainers.0.restartPolicy", want: "Always"},
		{why: "init containers come after them, and end", file: allOn, kind: "Deployment", path: "spec.template.spec.initContainers.1.restartPolicy"},
		{why: "our user's labels do not touch what selects", values: "podLabels: {app.kubernetes.io/name: other}", kind: "StatefulSet", path: "spec.template.metadata.labels[app.kubernetes.io/name]", want: "latchkey"},
		{why: "nor do labels for all", values: "commonLabels: {app.kubernetes.io/instance: other}", kind: "Service", name: "auth-latchkey", path: "metadata.labels[app.kubernetes.io/instance]", want: "auth"},
		{why: "traces say which pod", kind: "StatefulSet", path: container + "env.OTEL_RESOURCE_ATTRIBUTES.value", want: "k8s.pod.name=$(POD_NAME),k8s.namespace.name=$(POD_NAMESPACE),k8s.node.name=$(NODE_NAME)"},
		{why: "and what else is said", file: allOn, kind: "Deployment", path: container + "env.OTEL_RESOURCE_ATTRIBUTES.value", want: "k8s.pod.name=$(POD_NAME),k8s.namespace.name=$(POD_NAMESPACE),k8s.node.name=$(NODE_NAME),deployment.environment.name=production"},
		{why: "headers of the collector are of a Secret", file: allOn, kind: "Deployment", path: container + "env.OTEL_EXPORTER_OTLP_HEADERS.valueFrom.secretKeyRef", want: m{"name": "collector", "key": "headers"}},
		{why: "secrets are files", file: boltFile, kind: "StatefulSet", path: container + "env.LATCHKEY_MAIL_SMTP_PASSWORD_FILE.value", want: "/etc/latchkey/secrets/smtp-password"},
		{why: "readable by the group alone", kind: "StatefulSet", path: "spec.template.spec.volumes.secrets.projected.defaultMode", want: 0o440},
		{why: "under names of their own", file: ha, kind: "Deployment", path: "spec.template.spec.volumes.secrets.projected.sources.0.secret", want: m{"name": "latchkey-app", "items": l{m{"key": "uri", "path": "postgres-url"}}}},
		{why: "the database's secret is not asked for with bolt", values: "secrets: {postgresUrl: {existingSecret: db}}", kind: "StatefulSet", path: container + "env.LATCHKEY_STORAGE_POSTGRES_URL_FILE"},
	} {
		r.test(t)
	}
}
