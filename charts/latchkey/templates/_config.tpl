{{/* What values set of the configuration, and thus nobody else: key → value of the chart. "secret" is what may not be in a ConfigMap at all. */}}
{{- define "latchkey.ownedKeys" -}}
backup.s3.access_key_id: secrets.s3AccessKeyId.existingSecret
issuer: issuer
dev: ""
server.listen: ""
server.ops_listen: ""
server.admin_socket: ""
server.hosts: server.hosts
server.trusted_proxies: server.trustedProxies
server.tls.cert_file: tls.enabled
server.tls.key_file: tls.enabled
server.shutdown.delay: server.shutdown.delaySeconds
server.shutdown.timeout: server.shutdown.timeoutSeconds
storage.driver: storage.driver
storage.bolt.path: ""
storage.postgres.max_conns: storage.postgres.maxConns
storage.postgres.migrate: storage.postgres.migrate
mail.from: mail.from
mail.smtp.address: mail.smtp.address
mail.smtp.tls: mail.smtp.tls
mail.smtp.username: mail.smtp.username
log.level: log.level
log.format: log.format
clients: clients.files
clients_dir: clients.files
telemetry.traces: telemetry.traces
telemetry.endpoint: telemetry.endpoint
backup.every: backup.every
backup.to: backup.to
backup.keep: backup.keep
backup.keep_for: backup.keepFor
backup.recipients: backup.recipients
backup.s3.endpoint: backup.s3.endpoint
backup.s3.region: backup.s3.region
backup.s3.path_style: backup.s3.pathStyle
{{- end }}

{{/* The secrets of the server: value of the chart → key of the configuration. */}}
{{- define "latchkey.secretKeys" -}}
sealingKey: keys.sealing_key
previousSealingKeys: keys.previous_sealing_keys
postgresUrl: storage.postgres.url
smtpPassword: mail.smtp.password
backupKey: backup.key
s3SecretAccessKey: backup.s3.secret_access_key
s3SessionToken: backup.s3.session_token
{{- end }}

{{/* Refuses in config what values set, and secrets: (dict "context" $ "prefix" "" "map" .Values.config). */}}
{{- define "latchkey.checkConfig" -}}
{{- $owned := include "latchkey.ownedKeys" . | fromYaml -}}
{{- $secrets := include "latchkey.secretKeys" . | fromYaml -}}
{{- $prefix := .prefix -}}
{{- range $key, $value := .map -}}
  {{- $path := printf "%s%s" $prefix $key -}}
  {{- range $name, $secret := $secrets -}}
    {{- if or (eq $path $secret) (eq $path (printf "%s_file" $secret)) -}}
      {{- fail (printf "config.%s is a secret, and config becomes a ConfigMap: put it into a Secret and name that in secrets.%s.existingSecret" $path $name) -}}
    {{- end -}}
  {{- end -}}
  {{- if hasKey $owned $path -}}
    {{- $value := get $owned $path -}}
    {{- fail (printf "config.%s is set by the chart%s" $path (ternary "" (printf ": use %s" $value) (eq $value ""))) -}}
  {{- end -}}
  {{- if kindIs "map" $value -}}
    {{- include "latchkey.checkConfig" (dict "prefix" (printf "%s." $path) "map" $value) -}}
  {{- end -}}
{{- end -}}
{{- end }}

{{/* The configuration file. */}}
{{- define "latchkey.configFile" -}}
{{- $v := .Values -}}
{{- $c := dict "issuer" $v.issuer -}}
{{- $server := dict "listen" ":8080" "ops_listen" ":9090" "shutdown" (dict "delay" (printf "%ss" (include "latchkey.shutdownDelay" .)) "timeout" (printf "%ds" (int $v.server.shutdown.timeoutSeconds))) -}}
{{- with $v.server.hosts -}}{{- $_ := set $server "hosts" . -}}{{- end -}}
{{- with $v.server.trustedProxies -}}{{- $_ := set $server "trusted_proxies" . -}}{{- end -}}
{{- if $v.tls.enabled -}}
{{- $_ := set $server "tls" (dict "cert_file" "/etc/latchkey/tls/tls.crt" "key_file" "/etc/latchkey/tls/tls.key") -}}
{{- end -}}
{{- $storage := dict "driver" $v.storage.driver -}}
{{- if eq $v.storage.driver "bolt" -}}
{{- $_ := set $storage "bolt" (dict "path" "/var/lib/latchkey/latchkey.db") -}}
{{- else -}}
{{- $_ := set $server "admin_socket" "/tmp/admin.sock" -}}
{{- $postgres := dict "migrate" $v.storage.postgres.migrate -}}
{{- with $v.storage.postgres.maxConns -}}{{- $_ := set $postgres "max_conns" . -}}{{- end -}}
{{- $_ := set $storage "postgres" $postgres -}}
{{- end -}}
{{- $smtp := dict "address" $v.mail.smtp.address "tls" $v.mail.smtp.tls -}}
{{- with $v.mail.smtp.username -}}{{- $_ := set $smtp "username" . -}}{{- end -}}
{{- $telemetry := dict "traces" $v.telemetry.traces -}}
{{- with $v.telemetry.endpoint -}}{{- $_ := set $telemetry "endpoint" . -}}{{- end -}}
{{- $_ := set $c "server" $server -}}
{{- $_ := set $c "storage" $storage -}}
{{- $_ := set $c "mail" (dict "from" $v.mail.from "smtp" $smtp) -}}
{{- $_ := set $c "log" (dict "level" $v.log.level "format" $v.log.format) -}}
{{- $_ := set $c "telemetry" $telemetry -}}
{{- if include "latchkey.hasClients" . -}}{{- $_ := set $c "clients_dir" "/etc/latchkey/clients" -}}{{- end -}}
{{- with include "latchkey.backupConfig" . | fromYaml -}}{{- $_ := set $c "backup" . -}}{{- end -}}
{{- mergeOverwrite $c (deepCopy $v.config) | toYaml -}}
{{- end }}

{{- define "latchkey.backupConfig" -}}
{{- $b := .Values.backup -}}
{{- $c := dict -}}
{{- with $b.every -}}{{- $_ := set $c "every" . -}}{{- end -}}
{{- with $b.to -}}{{- $_ := set $c "to" . -}}{{- end -}}
{{- with $b.keep -}}{{- $_ := set $c "keep" . -}}{{- end -}}
{{- with $b.keepFor -}}{{- $_ := set $c "keep_for" . -}}{{- end -}}
{{- with $b.recipients -}}{{- $_ := set $c "recipients" . -}}{{- end -}}
{{- $s3 := dict -}}
{{- with $b.s3.endpoint -}}{{- $_ := set $s3 "endpoint" . -}}{{- end -}}
{{- with $b.s3.region -}}{{- $_ := set $s3 "region" . -}}{{- end -}}
{{- if hasPrefix "s3://" $b.to -}}
{{- $_ := set $s3 "path_style" $b.s3.pathStyle -}}
{{- $_ := set $c "s3" $s3 -}}
{{- end -}}
{{- if $b.to -}}{{- toYaml $c -}}{{- end -}}
{{- end }}

{{- define "latchkey.hasClients" -}}
{{- with .Values.clients -}}{{- if or .files .configMaps .secrets -}}true{{- end -}}{{- end -}}
{{- end }}

{{/* Sources of the volume with secrets: each that is named, under the name of its value. */}}
{{- define "latchkey.secretSources" -}}
{{- $v := .Values -}}
{{- range $name, $key := include "latchkey.secretKeys" . | fromYaml }}
{{- $one := index $v.secrets $name -}}
{{- $secret := $one.existingSecret -}}
{{- if eq $name "sealingKey" -}}{{- $secret = include "latchkey.sealingSecret" $ -}}{{- end -}}
{{- if $secret }}
- secret:
    name: {{ $secret }}
    items:
      - key: {{ $one.key | quote }}
        path: {{ kebabcase $name }}
{{- end }}
{{- end }}
{{- end }}

{{/* The environment of every container of ours. */}}
{{- define "latchkey.env" -}}
- name: LATCHKEY_CONFIG
  value: /etc/latchkey/config/latchkey.yaml
{{- $v := .Values }}
{{- range $name, $key := include "latchkey.secretKeys" . | fromYaml }}
{{- $named := or (index $v.secrets $name).existingSecret (eq $name "sealingKey") }}
{{- if and $named (or (ne $name "postgresUrl") (eq $v.storage.driver "postgres")) }}
- name: LATCHKEY_{{ $key | upper | replace "." "_" }}_FILE
  value: /etc/latchkey/secrets/{{ kebabcase $name }}
{{- end }}
{{- end }}
{{- with $v.secrets.s3AccessKeyId }}
{{- if .existingSecret }}
- name: LATCHKEY_BACKUP_S3_ACCESS_KEY_ID
  valueFrom:
    secretKeyRef:
      name: {{ .existingSecret }}
      key: {{ .key | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/* What traces say of where they are from, and how the collector is spoken to. */}}
{{- define "latchkey.telemetryEnv" -}}
{{- $t := .Values.telemetry -}}
- name: POD_NAME
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
- name: POD_NAMESPACE
  valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
- name: NODE_NAME
  valueFrom: {fieldRef: {fieldPath: spec.nodeName}}
- name: OTEL_RESOURCE_ATTRIBUTES
  value: {{ $all := list "k8s.pod.name=$(POD_NAME)" "k8s.namespace.name=$(POD_NAMESPACE)" "k8s.node.name=$(NODE_NAME)" -}}
    {{- range $key, $value := $t.resourceAttributes -}}{{- $all = append $all (printf "%s=%s" $key $value) -}}{{- end -}}
    {{- join "," $all | quote }}
{{- with $t.sampler }}
- name: OTEL_TRACES_SAMPLER
  value: {{ . | quote }}
{{- end }}
{{- with $t.samplerArg }}
- name: OTEL_TRACES_SAMPLER_ARG
  value: {{ . | quote }}
{{- end }}
{{- with .Values.secrets.otlpHeaders }}
{{- if .existingSecret }}
- name: OTEL_EXPORTER_OTLP_HEADERS
  valueFrom:
    secretKeyRef:
      name: {{ .existingSecret }}
      key: {{ .key | quote }}
{{- end }}
{{- end }}
{{- end }}
