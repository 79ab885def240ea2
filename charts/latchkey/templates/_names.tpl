{{/* Names are at most 44 characters, so that with our longest suffix they fit StatefulSets and CronJobs (52). What is cut gets a hash: two releases never share a name. */}}
{{- define "latchkey.short" -}}
{{- $clean := . | replace "." "-" -}}
{{- if or (gt (len .) 44) (ne $clean .) -}}
{{- printf "%s-%s" ($clean | trunc 35 | trimSuffix "-") (sha256sum . | trunc 8) -}}
{{- else -}}
{{- . -}}
{{- end -}}
{{- end }}

{{- define "latchkey.name" -}}
{{- include "latchkey.short" (default .Chart.Name .Values.nameOverride) -}}
{{- end }}

{{- define "latchkey.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if .Values.fullnameOverride -}}
{{- include "latchkey.short" .Values.fullnameOverride -}}
{{- else if regexMatch "^[^a-z]" .Release.Name -}}{{/* a Service's name begins with a letter */}}
{{- include "latchkey.short" (printf "%s-%s" $name .Release.Name) -}}
{{- else if contains $name .Release.Name -}}
{{- include "latchkey.short" .Release.Name -}}
{{- else -}}
{{- include "latchkey.short" (printf "%s-%s" .Release.Name $name) -}}
{{- end -}}
{{- end }}

{{- define "latchkey.namespace" -}}
{{- default .Release.Namespace .Values.namespaceOverride -}}
{{- end }}

{{- define "latchkey.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "latchkey.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end }}

{{/* What selects pods. It must never change: Deployments and StatefulSets refuse that. */}}
{{- define "latchkey.selectorLabels" -}}
app.kubernetes.io/name: {{ include "latchkey.name" .context | quote }}
app.kubernetes.io/instance: {{ .context.Release.Name | quote }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{/* Labels of every object: (dict "context" $ "component" "server" "extra" $labels). Ours win over those given. */}}
{{- define "latchkey.labels" -}}
{{- $ours := include "latchkey.selectorLabels" . | fromYaml -}}
{{- $ours = merge $ours (dict
  "app.kubernetes.io/version" (.context.Chart.AppVersion | toString | trunc 63)
  "app.kubernetes.io/managed-by" .context.Release.Service
  "app.kubernetes.io/part-of" "latchkey"
  "helm.sh/chart" (printf "%s-%s" .context.Chart.Name .context.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-")) -}}
{{- merge $ours (default dict .extra) .context.Values.commonLabels | toYaml -}}
{{- end }}

{{/* Labels of pods: without the chart's version, whose change is no reason to restart. */}}
{{- define "latchkey.podLabels" -}}
{{- $ours := include "latchkey.selectorLabels" . | fromYaml -}}
{{- merge $ours (default dict .extra) .context.Values.commonLabels | toYaml -}}
{{- end }}

{{/* The metadata of an object: (dict "context" $ "name" "…" "component" "server" "labels" … "annotations" … "namespace" …). */}}
{{- define "latchkey.metadata" -}}
name: {{ .name }}
namespace: {{ default (include "latchkey.namespace" .context) .namespace }}
labels:
  {{- include "latchkey.labels" (dict "context" .context "component" (default "server" .component) "extra" .labels) | nindent 2 }}
{{- with merge dict (default dict .annotations) .context.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "latchkey.image" -}}
{{- $repository := required "image.repository is missing: nothing is published, so name the image that you pushed to a registry of yours (docs/kubernetes-install.md)" .Values.image.repository -}}
{{- with .Values.global.imageRegistry -}}{{- $repository = printf "%s/%s" (trimSuffix "/" .) $repository -}}{{- end -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" $repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" $repository (default .Chart.AppVersion .Values.image.tag | toString) -}}
{{- end -}}
{{- end }}

{{- define "latchkey.imagePullSecrets" -}}
{{- $all := list -}}
{{- range concat .Values.global.imagePullSecrets .Values.imagePullSecrets -}}
{{- $all = append $all (ternary (dict "name" .) . (kindIs "string" .)) -}}
{{- end -}}
{{- with uniq $all }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* The issuer in parts: host, without port, and path, "" at the root. */}}
{{- define "latchkey.issuerHost" -}}
{{- (urlParse .Values.issuer).hostname -}}
{{- end }}
{{- define "latchkey.issuerPath" -}}
{{- (urlParse .Values.issuer).path -}}
{{- end }}

{{/* Paths that a proxy hands on: the issuer's, and its metadata at the root of the host (RFC 8414 §3). */}}
{{- define "latchkey.paths" -}}
{{- $path := include "latchkey.issuerPath" . -}}
- {{ default "/" $path | quote }}
{{- if $path }}
- {{ printf "/.well-known/oauth-authorization-server%s" $path | quote }}
{{- end }}
{{- end }}

{{- define "latchkey.portName" -}}{{ ternary "https" "http" .Values.tls.enabled }}{{- end }}
{{- define "latchkey.servicePort" -}}
{{- if .Values.service.port -}}{{ int .Values.service.port }}{{- else -}}{{ ternary 443 80 .Values.tls.enabled }}{{- end -}}
{{- end }}
{{- define "latchkey.tlsSecret" -}}
{{- default (printf "%s-tls" (include "latchkey.fullname" .)) .Values.tls.existingSecret -}}
{{- end }}
{{- define "latchkey.sealingSecret" -}}
{{- default (printf "%s-sealing-key" (include "latchkey.fullname" .)) .Values.secrets.sealingKey.existingSecret -}}
{{- end }}
{{- define "latchkey.replicas" -}}
{{- if .Values.maintenance.args -}}0
{{- else if eq .Values.storage.driver "bolt" -}}1
{{- else if kindIs "invalid" .Values.replicas -}}2
{{- else -}}{{ int .Values.replicas }}
{{- end -}}
{{- end }}

{{/* Seconds of the ways to end. One replica has nobody who serves while it waits. */}}
{{- define "latchkey.preStop" -}}
{{- if kindIs "invalid" .Values.preStopSleepSeconds -}}{{ ternary 0 5 (eq .Values.storage.driver "bolt") }}{{- else -}}{{ int .Values.preStopSleepSeconds }}{{- end -}}
{{- end }}
{{- define "latchkey.shutdownDelay" -}}
{{- $given := .Values.server.shutdown.delaySeconds -}}
{{- if kindIs "invalid" $given -}}{{ ternary 0 5 (eq .Values.storage.driver "bolt") }}{{- else -}}{{ int $given }}{{- end -}}
{{- end }}
