{{/* Containers of users get our security context where they have none. */}}
{{- define "latchkey.containers" -}}
{{- $v := .context.Values -}}
{{- range .list }}
{{- $c := deepCopy . -}}
{{- if not (hasKey $c "securityContext") -}}{{- $_ := set $c "securityContext" $v.securityContext -}}{{- end -}}
{{- if $.always -}}{{- $_ := set $c "restartPolicy" "Always" -}}{{- end }}
- {{- toYaml $c | nindent 2 }}
{{- end }}
{{- end }}

{{/* What all pods of ours have in common. */}}
{{- define "latchkey.podBasics" -}}
{{- $v := .Values -}}
serviceAccountName: {{ include "latchkey.serviceAccountName" . }}
automountServiceAccountToken: {{ $v.automountServiceAccountToken }}
enableServiceLinks: false
{{- if not (kindIs "invalid" $v.hostUsers) }}
hostUsers: {{ $v.hostUsers }}
{{- end }}
{{- include "latchkey.imagePullSecrets" . }}
securityContext:
  {{- toYaml $v.podSecurityContext | nindent 2 }}
{{- range $key := list "affinity" "tolerations" "nodeSelector" "priorityClassName" "runtimeClassName" "schedulerName" "dnsPolicy" "dnsConfig" "hostAliases" }}
{{- with index $v $key }}
{{ $key }}: {{ if kindIs "string" . }}{{ . | quote }}{{ else }}{{ toYaml . | nindent 2 }}{{ end }}
{{- end }}
{{- end }}
{{- end }}

{{/* Volumes of every container of ours that reads the configuration. */}}
{{- define "latchkey.configVolumes" -}}
{{- $v := .Values -}}
- name: config
  configMap:
    name: {{ include "latchkey.fullname" . }}
- name: secrets
  projected:
    defaultMode: 0440
    sources:
      {{- include "latchkey.secretSources" . | trim | nindent 6 }}
- name: tmp
  emptyDir:
    sizeLimit: {{ $v.tmp.sizeLimit | quote }}
    {{- with $v.tmp.medium }}
    medium: {{ . }}
    {{- end }}
{{- if include "latchkey.hasClients" . }}
- name: clients
  projected:
    sources:
      {{- if $v.clients.files }}
      - configMap:
          name: {{ include "latchkey.fullname" . }}-clients
      {{- end }}
      {{- range $v.clients.configMaps }}
      - configMap:
          name: {{ . }}
      {{- end }}
      {{- range $v.clients.secrets }}
      - secret:
          name: {{ . }}
      {{- end }}
{{- end }}
{{- range $v.clients.secretFiles }}
- name: {{ printf "client-%s" . | replace "." "-" | trunc 54 | trimSuffix "-" }}-{{ sha256sum . | trunc 8 }}
  secret:
    secretName: {{ . }}
    defaultMode: 0440
{{- end }}
{{- if $v.tls.enabled }}
- name: tls
  secret:
    secretName: {{ include "latchkey.tlsSecret" . }}
    defaultMode: 0440
{{- end }}
{{- with $v.backup.existingClaim }}
- name: backup
  persistentVolumeClaim:
    claimName: {{ . }}
{{- end }}
{{- end }}

{{- define "latchkey.configMounts" -}}
{{- $v := .Values -}}
- {name: config, mountPath: /etc/latchkey/config, readOnly: true}
- {name: secrets, mountPath: /etc/latchkey/secrets, readOnly: true}
- {name: tmp, mountPath: /tmp}
{{- if include "latchkey.hasClients" . }}
- {name: clients, mountPath: /etc/latchkey/clients, readOnly: true}
{{- end }}
{{- range $v.clients.secretFiles }}
- name: {{ printf "client-%s" . | replace "." "-" | trunc 54 | trimSuffix "-" }}-{{ sha256sum . | trunc 8 }}
  mountPath: /etc/latchkey/client-secrets/{{ . }}
  readOnly: true
{{- end }}
{{- if $v.tls.enabled }}
- {name: tls, mountPath: /etc/latchkey/tls, readOnly: true}
{{- end }}
{{- if $v.backup.existingClaim }}
- {name: backup, mountPath: /var/lib/latchkey-backup}
{{- end }}
{{- end }}

{{/* Containers before and beside ours. */}}
{{- define "latchkey.initContainers" -}}
{{- if or .Values.initContainers .Values.sidecars }}
initContainers:
  {{- include "latchkey.containers" (dict "context" . "list" .Values.sidecars "always" true) | trim | nindent 2 }}
  {{- include "latchkey.containers" (dict "context" . "list" .Values.initContainers) | trim | nindent 2 }}
{{- end }}
{{- end }}

{{/* Variables that users add. */}}
{{- define "latchkey.extraEnv" -}}
{{- with .Values.extraEnv }}
{{- toYaml . }}
{{- end }}
{{- end }}

{{- define "latchkey.spread" -}}
{{- $selector := dict "matchLabels" (include "latchkey.selectorLabels" (dict "context" . "component" "server") | fromYaml) -}}
{{- $given := .Values.topologySpreadConstraints -}}
{{- if and (kindIs "invalid" $given) (eq .Values.storage.driver "postgres") -}}
{{- $given = list -}}
{{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" -}}
{{- $given = append $given (dict "maxSkew" 1 "topologyKey" . "whenUnsatisfiable" "ScheduleAnyway" "matchLabelKeys" (list "pod-template-hash")) -}}
{{- end -}}
{{- end -}}
{{- with $given }}
topologySpreadConstraints:
  {{- range . }}
  {{- $one := deepCopy . -}}
  {{- if not (hasKey $one "labelSelector") -}}{{- $_ := set $one "labelSelector" $selector -}}{{- end }}
  - {{- toYaml $one | nindent 4 }}
  {{- end }}
{{- end }}
{{- end }}

{{/* The template of the server's pods. */}}
{{- define "latchkey.podTemplate" -}}
{{- $v := .Values -}}
metadata:
  labels:
    {{- include "latchkey.podLabels" (dict "context" . "component" "server" "extra" $v.podLabels) | nindent 4 }}
  annotations:
    {{- /* Only the configuration file: clients and certificates are read again live, and Secrets are not ours to look into. */}}
    checksum/config: {{ include "latchkey.configFile" . | sha256sum }}
    {{- with merge (dict) $v.podAnnotations $v.commonAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  {{- include "latchkey.podBasics" . | nindent 2 }}
  terminationGracePeriodSeconds: {{ int $v.terminationGracePeriodSeconds }}
  {{- include "latchkey.spread" . | nindent 2 }}
  {{- include "latchkey.initContainers" . | nindent 2 }}
  containers:
    - name: latchkey
      image: {{ include "latchkey.image" . | quote }}
      imagePullPolicy: {{ $v.image.pullPolicy }}
      args: [serve]
      ports:
        - {name: {{ include "latchkey.portName" . }}, containerPort: 8080, protocol: TCP}
        - {name: ops, containerPort: 9090, protocol: TCP}
      env:
        {{- include "latchkey.env" . | nindent 8 }}
        {{- include "latchkey.telemetryEnv" . | nindent 8 }}
        {{- include "latchkey.extraEnv" . | nindent 8 }}
      {{- with $v.extraEnvFrom }}
      envFrom:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      startupProbe:
        httpGet: {path: /startupz, port: ops}
        {{- toYaml $v.probes.startup | nindent 8 }}
      readinessProbe:
        httpGet: {path: {{ ternary "/readyz" "/readyz?exclude=store" $v.probes.readiness.store | quote }}, port: ops}
        {{- toYaml (omit $v.probes.readiness "store") | nindent 8 }}
      livenessProbe:
        httpGet: {path: /livez, port: ops}
        {{- toYaml $v.probes.liveness | nindent 8 }}
      {{- with include "latchkey.preStop" . | int }}
      lifecycle:
        preStop:
          sleep:
            seconds: {{ . }}
      {{- end }}
      {{- with $v.resources }}
      resources:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      securityContext:
        {{- toYaml $v.securityContext | nindent 8 }}
      volumeMounts:
        {{- include "latchkey.configMounts" . | nindent 8 }}
        {{- if eq $v.storage.driver "bolt" }}
        - {name: data, mountPath: /var/lib/latchkey}
        {{- end }}
        {{- with $v.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
  volumes:
    {{- include "latchkey.configVolumes" . | nindent 4 }}
    {{- if and (eq $v.storage.driver "bolt") $v.storage.bolt.existingClaim }}
    {{- include "latchkey.dataVolume" . | nindent 4 }}
    {{- end }}
    {{- with $v.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end }}
