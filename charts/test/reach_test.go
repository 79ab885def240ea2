package chart

import "testing"

func TestReach(t *testing.T) {
	paths := l{"/auth", "/.well-known/oauth-authorization-server/auth"}
	for _, r := range []row{
		{why: "the public Service leads to the public port alone", kind: "Service", name: "auth-latchkey", path: "spec.ports", want: l{m{"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP", "appProtocol": "http"}}},
		{why: "it selects the server, not tests or backups", kind: "Service", name: "auth-latchkey", path: "spec.selector", want: m{"app.kubernetes.io/name": "latchkey", "app.kubernetes.io/instance": "auth", "app.kubernetes.io/component": "server"}},
		{why: "with TLS in the pod it is 443", file: hardened, kind: "Service", name: "auth-latchkey", path: "spec.ports.0", want: m{"name": "https", "port": 443, "targetPort": "https", "protocol": "TCP", "appProtocol": "https"}},
		{why: "metrics have a Service of their own", kind: "Service", name: "auth-latchkey-metrics", path: "spec.ports.0.port", want: 9090},
		{why: "that knows pods which are not ready", kind: "Service", name: "auth-latchkey-metrics", path: "spec.publishNotReadyAddresses", want: true},
		{why: "where traffic goes", file: allOn, kind: "Service", name: "auth-latchkey", path: "spec.trafficDistribution", want: "PreferSameZone"},
		{why: "families of addresses", file: allOn, kind: "Service", name: "auth-latchkey", path: "spec.ipFamilies", want: l{"IPv4", "IPv6"}},
		{why: "a protocol that is said", file: allOn, kind: "Service", name: "auth-latchkey", path: "spec.ports.0.appProtocol", want: "kubernetes.io/h2c"},
		{why: "no Ingress unless asked", kind: "Ingress", absent: true},
		{why: "its host is the issuer's", file: boltFile, kind: "Ingress", path: "spec.rules.0.host", want: "id.example.com"},
		{why: "its path too", file: boltFile, kind: "Ingress", path: "spec.rules.0.http.paths.0.path", want: "/"},
		{why: "an issuer with a path has two", file: allOn, kind: "Ingress", path: "spec.rules.0.http.paths.1.path", want: paths[1]},
		{why: "it leads to the Service's port by name", file: allOn, kind: "Ingress", path: "spec.rules.0.http.paths.0.backend.service", want: m{"name": "auth-latchkey", "port": m{"name": "https"}}},
		{why: "TLS ends there, with cert-manager's certificate", file: allOn, kind: "Ingress", path: "metadata.annotations[cert-manager.io/cluster-issuer]", want: "public"},
		{why: "in a Secret of its own", file: allOn, kind: "Ingress", path: "spec.tls", want: l{m{"hosts": l{"id.example.com"}, "secretName": "auth-latchkey-ingress-tls"}}},
		{why: "or of ours", file: boltFile, values: "ingress: {tls: {secretName: wildcard}}", kind: "Ingress", path: "spec.tls.0.secretName", want: "wildcard"},
		{why: "or not at all", file: boltFile, values: "ingress: {tls: {enabled: false}}", kind: "Ingress", path: "spec.tls"},
		{why: "other hosts, other paths", file: boltFile, values: "{ingress: {hosts: [a.example.com, b.example.com], paths: [/x]}}", kind: "Ingress", path: "spec.rules.1", want: m{"host": "b.example.com", "http": m{"paths": l{m{"path": "/x", "pathType": "Prefix", "backend": m{"service": m{"name": "auth-latchkey", "port": m{"name": "http"}}}}}}}},
		{why: "an HTTPRoute has the issuer's host", file: ha, kind: "HTTPRoute", path: "spec.hostnames", want: l{"id.example.com"}},
		{why: "an issuer with a port has a host without one", file: ha, values: "issuer: https://id.example.com:8443", kind: "HTTPRoute", path: "spec.hostnames", want: l{"id.example.com"}},
		{why: "and leads to the Service", file: ha, kind: "HTTPRoute", path: "spec.rules", want: l{m{"matches": l{m{"path": m{"type": "PathPrefix", "value": "/"}}}, "backendRefs": l{m{"name": "auth-latchkey", "port": 80}}}}},
		{why: "rules of ours come first", file: allOn, kind: "HTTPRoute", path: "spec.rules.0.filters.0.type", want: "RequestRedirect"},
		{why: "both paths of an issuer with a path", file: allOn, kind: "HTTPRoute", path: "spec.rules.1.matches", want: l{m{"path": m{"type": "PathPrefix", "value": paths[0]}}, m{"path": m{"type": "PathPrefix", "value": paths[1]}}}},
		{why: "a certificate for the pod has the names that it is called by", file: hardened, kind: "Certificate", path: "spec.dnsNames", want: l{"id.example.com", "auth-latchkey", "auth-latchkey.identity.svc"}},
		{why: "goes where the pod takes it from", file: hardened, kind: "Certificate", path: "spec.secretName", want: "auth-latchkey-tls"},
		{why: "which is there", file: hardened, kind: "Deployment", path: "spec.template.spec.volumes.tls.secret.secretName", want: "auth-latchkey-tls"},
		{why: "and has a new key each time", file: hardened, kind: "Certificate", path: "spec.privateKey", want: m{"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"}},
		{why: "a ServiceMonitor finds the metrics Service", file: ha, kind: "ServiceMonitor", path: "spec.selector.matchLabels[app.kubernetes.io/component]", want: "metrics"},
		{why: "in the release's namespace, wherever it is itself", file: allOn, kind: "ServiceMonitor", path: "spec.namespaceSelector.matchNames", want: l{"identity"}},
		{why: "it may be elsewhere", file: allOn, kind: "ServiceMonitor", path: "metadata.namespace", want: "monitoring"},
		{why: "a PodMonitor finds the pods", values: "metrics: {podMonitor: {enabled: true}}", kind: "PodMonitor", path: "spec.selector.matchLabels[app.kubernetes.io/component]", want: "server"},
		{why: "its port is the operators'", values: "metrics: {podMonitor: {enabled: true}}", kind: "PodMonitor", path: "spec.podMetricsEndpoints.0.port", want: "ops"},
	} {
		r.test(t)
	}
}

func TestNetworkPolicy(t *testing.T) {
	for _, r := range []row{
		{why: "off unless asked", kind: "NetworkPolicy", absent: true},
		{why: "both directions are closed", file: hardened, kind: "NetworkPolicy", path: "spec.policyTypes", want: l{"Ingress", "Egress"}},
		{why: "the public port for helm test and the namespaces that are named", file: hardened, kind: "NetworkPolicy", path: "spec.ingress.0", want: m{
			"ports": l{m{"port": "https", "protocol": "TCP"}},
			"from": l{
				m{"podSelector": m{"matchLabels": m{"app.kubernetes.io/name": "latchkey", "app.kubernetes.io/instance": "auth", "app.kubernetes.io/component": "test"}}},
				m{"namespaceSelector": m{"matchExpressions": l{m{"key": "kubernetes.io/metadata.name", "operator": "In", "values": l{"ingress-nginx"}}}}},
			}}},
		{why: "the operators' port for monitoring alone", file: hardened, kind: "NetworkPolicy", path: "spec.ingress.1", want: m{
			"ports": l{m{"port": "ops", "protocol": "TCP"}}, "from": l{m{"namespaceSelector": m{"matchExpressions": l{m{"key": "kubernetes.io/metadata.name", "operator": "In", "values": l{"monitoring"}}}}}}}},
		{why: "everybody, for balancers that lead to pods", file: hardened, values: "networkPolicy: {ingress: {anywhere: true}}", kind: "NetworkPolicy", path: "spec.ingress.0.from"},
		{why: "no monitoring, no rule", file: hardened, values: "networkPolicy: {monitoring: {namespaces: []}}", kind: "NetworkPolicy", path: "spec.ingress.1"},
		{why: "out to DNS", file: hardened, kind: "NetworkPolicy", path: "spec.egress.0", want: m{"ports": l{m{"port": 53, "protocol": "UDP"}, m{"port": 53, "protocol": "TCP"}}, "to": l{m{"namespaceSelector": m{"matchExpressions": l{m{"key": "kubernetes.io/metadata.name", "operator": "In", "values": l{"kube-system"}}}}}}}},
		{why: "to the database", file: hardened, kind: "NetworkPolicy", path: "spec.egress.1", want: m{"ports": l{m{"port": 5432, "protocol": "TCP"}}, "to": l{m{"podSelector": m{"matchLabels": m{"cnpg.io/cluster": "latchkey"}}}}}},
		{why: "to https, but not the clouds' metadata", file: hardened, kind: "NetworkPolicy", path: "spec.egress.2.to.0.ipBlock.except", want: l{"169.254.0.0/16"}},
		{why: "to the mail server's port", file: hardened, kind: "NetworkPolicy", path: "spec.egress.3", want: m{"ports": l{m{"port": 465, "protocol": "TCP"}}, "to": l{m{"ipBlock": m{"cidr": "192.0.2.25/32"}}}}},
		{why: "nowhere else", file: hardened, kind: "NetworkPolicy", path: "spec.egress.4"},
		{why: "to the collector's port", file: hardened, values: "telemetry: {endpoint: 'http://collector:4318'}", kind: "NetworkPolicy", path: "spec.egress.4.ports.0.port", want: 4318},
		{why: "bolt has no database", values: "networkPolicy: {enabled: true, ingress: {anywhere: true}}", kind: "NetworkPolicy", path: "spec.egress.1.ports.0.port", want: 443},
		{why: "backups take in nobody", file: allOn, kind: "NetworkPolicy", name: "auth-latchkey-backup", path: "spec.ingress"},
		{why: "and reach the bucket's port", file: allOn, kind: "NetworkPolicy", name: "auth-latchkey-backup", path: "spec.egress.2.ports.0.port", want: 9000},
	} {
		r.test(t)
	}
}

func TestBackups(t *testing.T) {
	job := "spec.jobTemplate.spec.template.spec."
	for _, r := range []row{
		{why: "no CronJob unless asked", file: boltFile, kind: "CronJob", absent: true},
		{why: "it runs our command", file: allOn, kind: "CronJob", path: job + "containers.backup.args", want: l{"backup"}},
		{why: "one at a time", file: allOn, kind: "CronJob", path: "spec.concurrencyPolicy", want: "Forbid"},
		{why: "with the database's secret", file: allOn, kind: "CronJob", path: job + "containers.backup.env.LATCHKEY_STORAGE_POSTGRES_URL_FILE.value", want: "/etc/latchkey/secrets/postgres-url"},
		{why: "and the bucket's", file: allOn, kind: "CronJob", path: job + "containers.backup.env.LATCHKEY_BACKUP_S3_ACCESS_KEY_ID.valueFrom.secretKeyRef", want: m{"name": "bucket", "key": "access-key-id"}},
		{why: "its pods are no servers", file: allOn, kind: "CronJob", path: "spec.jobTemplate.spec.template.metadata.labels[app.kubernetes.io/component]", want: "backup"},
		{why: "a claim for a folder is mounted", file: boltFile, values: "backup: {to: /var/lib/latchkey-backup, existingClaim: backups}", kind: "StatefulSet", path: "spec.template.spec.volumes.backup.persistentVolumeClaim.claimName", want: "backups"},
	} {
		r.test(t)
	}
}

// One command in place of the server, with everything that it has.
func TestMaintenance(t *testing.T) {
	const (
		restore = "{maintenance: {args: [restore, 's3://backups/latchkey', --replace, --yes]}}"
		pod     = "spec.template.spec."
	)
	for _, r := range []row{
		{why: "no Job unless asked", file: allOn, kind: "Job", absent: true},
		{why: "it runs the command", file: boltFile, values: restore, kind: "Job", path: pod + "containers.task.args", want: l{"restore", "s3://backups/latchkey", "--replace", "--yes"}},
		{why: "on the claim of the StatefulSet", file: boltFile, values: restore, kind: "Job", path: pod + "volumes.data.persistentVolumeClaim.claimName", want: "data-auth-latchkey-0"},
		{why: "with the secrets", file: boltFile, values: restore, kind: "Job", path: pod + "containers.task.env.LATCHKEY_BACKUP_KEY_FILE.value", want: "/etc/latchkey/secrets/backup-key"},
		{why: "the server is away", file: boltFile, values: restore, kind: "StatefulSet", path: "spec.replicas", want: 0},
		{why: "with postgres too, whatever scales it", file: ha, values: restore, kind: "Deployment", path: "spec.replicas", want: 0},
		{why: "nobody scales it up", file: ha, values: restore, kind: "HorizontalPodAutoscaler", absent: true},
		{why: "there is no claim with postgres", file: ha, values: restore, kind: "Job", path: pod + "volumes.data"},
		{why: "what the database needs beside it comes along", file: allOn, values: restore, kind: "Job", path: pod + "initContainers.proxy.restartPolicy", want: "Always"},
		{why: "no Service leads to it", file: boltFile, values: restore, kind: "Job", path: "spec.template.metadata.labels[app.kubernetes.io/component]", want: "task"},
		{why: "it may reach what backups may", file: hardened, values: restore, kind: "NetworkPolicy", name: "auth-latchkey-backup", path: "spec.podSelector.matchExpressions", want: l{m{"key": "app.kubernetes.io/component", "operator": "In", "values": l{"backup", "task"}}}},
		{why: "the database's secret is there before bolt moves to it", file: boltFile, values: "{secrets: {postgresUrl: {existingSecret: db}}}", kind: "StatefulSet", path: pod + "volumes.secrets.projected.sources.1.secret.name", want: "db"},
	} {
		r.test(t)
	}
	v := newValidator(t)
	first := release{files: []string{boltFile}, values: restore}.must(t)
	for _, o := range first.objects {
		if err := v.judge(o); err != nil {
			t.Errorf("%v: %v", o, err)
		}
	}
	if why := insecure(t, first); len(why) > 0 {
		t.Error(why)
	}
	// A Job cannot be changed: another command has another name, and the same one keeps it.
	second := release{files: []string{boltFile}, values: "{maintenance: {args: [compact]}}"}.must(t)
	again := release{files: []string{boltFile}, values: restore}.must(t)
	name := first.find(t, "Job", "").name()
	if name == second.find(t, "Job", "").name() || name != again.find(t, "Job", "").name() {
		t.Errorf("%s, %s, %s", name, second.find(t, "Job", "").name(), again.find(t, "Job", "").name())
	}
}
