{{/* The volume with the store of bolt, where no StatefulSet brings it. */}}
{{- define "latchkey.dataVolume" -}}
- name: data
  persistentVolumeClaim:
    claimName: {{ default (printf "data-%s-0" (include "latchkey.fullname" .)) .Values.storage.bolt.existingClaim }}
{{- end }}

{{/*
The template of pods that run one command and end: (dict "context" $ "component" "backup" "args" (list …) "resources" … "annotations" … "data" true).
They have what the server has, but for ports and probes, and are selected by no Service.
*/}}
{{- define "latchkey.commandTemplate" -}}
{{- $ := .context -}}
{{- $v := $.Values -}}
metadata:
  labels:
    {{- include "latchkey.podLabels" (dict "context" $ "component" .component "extra" $v.podLabels) | nindent 4 }}
  {{- with merge (dict) (default dict .annotations) $v.commonAnnotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  {{- include "latchkey.podBasics" $ | nindent 2 }}
  restartPolicy: Never
  {{- include "latchkey.initContainers" $ | nindent 2 }}
  containers:
    - name: {{ .component }}
      image: {{ include "latchkey.image" $ | quote }}
      imagePullPolicy: {{ $v.image.pullPolicy }}
      args:
        {{- toYaml .args | nindent 8 }}
      env:
        {{- include "latchkey.env" $ | nindent 8 }}
        {{- include "latchkey.extraEnv" $ | nindent 8 }}
      {{- with $v.extraEnvFrom }}
      envFrom:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .resources }}
      resources:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      securityContext:
        {{- toYaml $v.securityContext | nindent 8 }}
      volumeMounts:
        {{- include "latchkey.configMounts" $ | nindent 8 }}
        {{- if .data }}
        - {name: data, mountPath: /var/lib/latchkey}
        {{- end }}
        {{- with $v.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
  volumes:
    {{- include "latchkey.configVolumes" $ | nindent 4 }}
    {{- if .data }}
    {{- include "latchkey.dataVolume" $ | nindent 4 }}
    {{- end }}
    {{- with $v.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end }}
