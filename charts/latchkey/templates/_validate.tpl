{{/* What a schema cannot say, or not as clearly: each problem is one line that says what to do. */}}
{{- define "latchkey.validate" -}}
{{- $v := .Values -}}
{{- $_ := required "issuer is missing: the URL that people and applications reach Latchkey at, such as https://id.example.com (with a host of yours)" $v.issuer -}}
{{- if not (hasPrefix "https://" $v.issuer) -}}
{{- fail (printf "issuer is %s: it must begin with https://" $v.issuer) -}}
{{- end -}}
{{- $_ = include "latchkey.image" . -}}
{{- $_ = required "mail.from is missing: the sender of mail, such as \"Example <no-reply@example.com>\"; resetting a password needs mail" $v.mail.from -}}
{{- $_ = required "mail.smtp.address is missing: the mail server, host:port; resetting a password needs mail" $v.mail.smtp.address -}}
{{- include "latchkey.validateStorage" . -}}
{{- include "latchkey.validateSecrets" . -}}
{{- include "latchkey.validateScale" . -}}
{{- include "latchkey.validateReach" . -}}
{{- include "latchkey.validateClients" . -}}
{{- include "latchkey.validateMaintenance" . -}}
{{- include "latchkey.checkConfig" (dict "prefix" "" "map" $v.config) -}}
{{- if not (include "latchkey.overridden" .) -}}
{{- include "latchkey.validateLimits" . -}}
{{- end -}}
{{- end }}

{{- define "latchkey.validateStorage" -}}
{{- $v := .Values -}}
{{- if eq $v.storage.driver "bolt" -}}
  {{- if gt (int (default 1 $v.replicas)) 1 -}}
  {{- fail (printf "replicas is %d, but storage.driver bolt keeps everything in one file that one process has: leave replicas at 1, or use storage.driver postgres" (int $v.replicas)) -}}
  {{- end -}}
  {{- if eq "0" (toString $v.replicas) -}}
  {{- fail "replicas is 0: with storage.driver bolt it is 1. To stop it for a while, kubectl scale" -}}
  {{- end -}}
  {{- if $v.autoscaling.enabled -}}
  {{- fail "autoscaling.enabled needs storage.driver postgres: with bolt there is one replica" -}}
  {{- end -}}
  {{- if $v.backup.cronJob.enabled -}}
  {{- fail "backup.cronJob.enabled needs storage.driver postgres: the file of bolt belongs to the server's process, which makes backups itself: set backup.every" -}}
  {{- end -}}
  {{- include "latchkey.validateClaim" . -}}
{{- else if not $v.secrets.postgresUrl.existingSecret -}}
  {{- fail "secrets.postgresUrl.existingSecret is missing: the Secret with PostgreSQL's connection string, which storage.driver postgres needs" -}}
{{- end -}}
{{- end }}

{{/* A StatefulSet's claim cannot be changed in place; the API server's own words do not say what to do. */}}
{{- define "latchkey.validateClaim" -}}
{{- $namespace := include "latchkey.namespace" . -}}
{{- $name := include "latchkey.fullname" . -}}
{{- with lookup "apps/v1" "StatefulSet" $namespace $name -}}
  {{- with .spec.volumeClaimTemplates -}}
    {{- $was := (index . 0).spec.resources.requests.storage -}}
    {{- $is := $.Values.storage.bolt.size | toString -}}
    {{- $before := include "latchkey.bytes" $was | float64 -}}
    {{- $after := include "latchkey.bytes" $is | float64 -}}
    {{- if $.Values.storage.bolt.existingClaim -}}
    {{- else if lt $after $before -}}
    {{- fail (printf "storage.bolt.size is %s, and was %s: a claim cannot shrink" $is $was) -}}
    {{- else if gt $after $before -}}
    {{- fail (printf "storage.bolt.size is %s, and was %s: grow the claim (kubectl -n %s patch pvc data-%s-0 -p '{\"spec\":{\"resources\":{\"requests\":{\"storage\":\"%s\"}}}}'), then remove the StatefulSet without its pod (kubectl -n %s delete statefulset %s --cascade=orphan), then upgrade" $is $was $namespace $name $is $namespace $name) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- end }}

{{/* A quantity in bytes: the API server writes 2048Mi as 2Gi. */}}
{{- define "latchkey.bytes" -}}
{{- $factor := 1.0 -}}
{{- range $i, $unit := list "k" "M" "G" "T" "P" -}}
  {{- range $_ := until (add1 $i | int) -}}
    {{- if hasSuffix (printf "%si" (upper $unit)) $ -}}{{- $factor = mulf $factor 1024 -}}
    {{- else if hasSuffix $unit $ -}}{{- $factor = mulf $factor 1000 -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- mulf (regexFind "^[0-9.]+" $ | float64) $factor | printf "%.0f" -}}
{{- end }}

{{- define "latchkey.validateSecrets" -}}
{{- $v := .Values -}}
{{- if not (or $v.secrets.sealingKey.existingSecret $v.secrets.sealingKey.generate) -}}
{{- fail "secrets.sealingKey: name a Secret in existingSecret, or let one be generated" -}}
{{- end -}}
{{- if and $v.mail.smtp.username (not $v.secrets.smtpPassword.existingSecret) -}}
{{- fail "mail.smtp.username is set, but not secrets.smtpPassword.existingSecret: the Secret with the password" -}}
{{- end -}}
{{- if and $v.secrets.smtpPassword.existingSecret (not $v.mail.smtp.username) -}}
{{- fail "secrets.smtpPassword.existingSecret is set, but not mail.smtp.username" -}}
{{- end -}}
{{- $both := list $v.secrets.s3AccessKeyId.existingSecret $v.secrets.s3SecretAccessKey.existingSecret -}}
{{- if and (has "" $both) (ne (join "" $both) "") -}}
{{- fail "secrets.s3AccessKeyId.existingSecret and secrets.s3SecretAccessKey.existingSecret go together; one is missing" -}}
{{- end -}}
{{- if and (or $v.backup.every $v.backup.cronJob.enabled) (not $v.backup.to) -}}
{{- fail "backup.to is missing: the folder or s3://bucket/prefix that backups go to" -}}
{{- end -}}
{{- if and $v.backup.to (not $v.secrets.backupKey.existingSecret) -}}
{{- fail "secrets.backupKey.existingSecret is missing: the Secret with the age identity that backups are encrypted for (`latchkey backup generate-key` makes one)" -}}
{{- end -}}
{{- if and (hasPrefix "s3://" $v.backup.to) (not (and $v.backup.s3.endpoint (first $both))) -}}
{{- fail "backup.to is a bucket: backup.s3.endpoint, secrets.s3AccessKeyId.existingSecret and secrets.s3SecretAccessKey.existingSecret are needed" -}}
{{- end -}}
{{- if has (trimSuffix "/" $v.backup.to) (list "/var/lib/latchkey" "/tmp") -}}
{{- fail (printf "backup.to is %s, which goes with the pod or the store: name backup.existingClaim and use /var/lib/latchkey-backup, or a bucket" $v.backup.to) -}}
{{- end -}}
{{- if and $v.backup.every $v.backup.cronJob.enabled -}}
{{- fail "backup.every and backup.cronJob.enabled would both make backups: choose one" -}}
{{- end -}}
{{- $secrets := include "latchkey.secretKeys" . | fromYaml -}}
{{- range $env := $v.extraEnv -}}
  {{- range $name, $key := $secrets -}}
    {{- if eq $env.name (printf "LATCHKEY_%s" ($key | upper | replace "." "_")) -}}
    {{- fail (printf "extraEnv has %s, which is a secret: name a Secret in secrets.%s.existingSecret" $env.name $name) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- end }}

{{- define "latchkey.validateScale" -}}
{{- $v := .Values -}}
{{- $needs := add (include "latchkey.preStop" . | int) (include "latchkey.shutdownDelay" . | int) (int $v.server.shutdown.timeoutSeconds) | int -}}
{{- if le (int $v.terminationGracePeriodSeconds) $needs -}}
{{- fail (printf "terminationGracePeriodSeconds is %d: it must be more than the %d s of preStopSleepSeconds, server.shutdown.delaySeconds and server.shutdown.timeoutSeconds together" (int $v.terminationGracePeriodSeconds) $needs) -}}
{{- end -}}
{{- with $v.autoscaling -}}
  {{- if .enabled -}}
    {{- if gt (int .minReplicas) (int .maxReplicas) -}}
    {{- fail (printf "autoscaling.minReplicas (%d) is more than autoscaling.maxReplicas (%d)" (int .minReplicas) (int .maxReplicas)) -}}
    {{- end -}}
    {{- if not (or .targetCPUUtilizationPercentage .targetMemoryUtilizationPercentage .metrics) -}}
    {{- fail "autoscaling.enabled has nothing to go by: set autoscaling.targetCPUUtilizationPercentage, .targetMemoryUtilizationPercentage or .metrics" -}}
    {{- end -}}
    {{- $requests := default dict (default dict $v.resources).requests -}}
    {{- if and .targetCPUUtilizationPercentage (not $requests.cpu) -}}
    {{- fail "autoscaling.targetCPUUtilizationPercentage is a share of resources.requests.cpu, which is missing" -}}
    {{- end -}}
    {{- if and .targetMemoryUtilizationPercentage (not $requests.memory) -}}
    {{- fail "autoscaling.targetMemoryUtilizationPercentage is a share of resources.requests.memory, which is missing" -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- if le (int $v.progressDeadlineSeconds) (int $v.minReadySeconds) -}}
{{- fail (printf "progressDeadlineSeconds (%d) must be more than minReadySeconds (%d)" (int $v.progressDeadlineSeconds) (int $v.minReadySeconds)) -}}
{{- end -}}
{{- with $v.podDisruptionBudget -}}
  {{- $least := ternary (int $v.autoscaling.minReplicas) (include "latchkey.replicas" $ | int) $v.autoscaling.enabled -}}
  {{- if and .enabled (gt $least 1) (kindIs "float64" .minAvailable | or (kindIs "int64" .minAvailable)) (ge (int .minAvailable) $least) -}}
  {{- fail (printf "podDisruptionBudget.minAvailable is %d of %d pods: no node could be drained" (int .minAvailable) $least) -}}
  {{- end -}}
  {{- if and .enabled (kindIs "invalid" .minAvailable) (kindIs "invalid" .maxUnavailable) -}}
  {{- fail "podDisruptionBudget needs maxUnavailable or minAvailable" -}}
  {{- end -}}
{{- end -}}
{{- end }}

{{- define "latchkey.validateReach" -}}
{{- $v := .Values -}}
{{- if eq $v.service.type "ClusterIP" -}}
  {{- range $key := list "nodePort" "externalTrafficPolicy" "loadBalancerClass" "loadBalancerSourceRanges" -}}
    {{- if index $v.service $key -}}
    {{- fail (printf "service.%s is of no use with service.type ClusterIP" $key) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- with $v.tls.certManager.privateKey -}}
  {{- $sizes := dict "ECDSA" (list 256 384 521) "RSA" (list 2048 3072 4096) "Ed25519" list -}}
  {{- if and .size (ne .algorithm "Ed25519") (not (has (int .size) (get $sizes .algorithm))) -}}
  {{- fail (printf "tls.certManager.privateKey.size is %d, which is none of %s" (int .size) .algorithm) -}}
  {{- end -}}
{{- end -}}
{{- if and $v.httpRoute.enabled (not $v.httpRoute.parentRefs) -}}
{{- fail "httpRoute.parentRefs is missing: the Gateway that the HTTPRoute is attached to" -}}
{{- end -}}
{{- if and $v.ingress.certManager.clusterIssuer $v.ingress.certManager.issuer -}}
{{- fail "ingress.certManager.clusterIssuer and ingress.certManager.issuer are both set: choose one" -}}
{{- end -}}
{{- if and $v.tls.enabled (not (or $v.tls.existingSecret $v.tls.certManager.enabled)) -}}
{{- fail "tls.enabled needs a certificate: tls.existingSecret or tls.certManager.enabled" -}}
{{- end -}}
{{- if and $v.tls.certManager.enabled (not $v.tls.enabled) -}}
{{- fail "tls.certManager.enabled is of no use without tls.enabled" -}}
{{- end -}}
{{- if and $v.tls.certManager.enabled (not $v.tls.certManager.issuerRef.name) -}}
{{- fail "tls.certManager.issuerRef.name is missing: cert-manager's issuer" -}}
{{- end -}}
{{- if and $v.metrics.serviceMonitor.enabled $v.metrics.podMonitor.enabled -}}
{{- fail "metrics.serviceMonitor.enabled and metrics.podMonitor.enabled would both read the same metrics: choose one" -}}
{{- end -}}
{{- if and $v.metrics.serviceMonitor.enabled (not $v.metrics.service.enabled) -}}
{{- fail "metrics.serviceMonitor.enabled needs metrics.service.enabled, or use metrics.podMonitor" -}}
{{- end -}}
{{- if and $v.networkPolicy.enabled (not (or $v.networkPolicy.ingress.anywhere $v.networkPolicy.ingress.namespaces $v.networkPolicy.ingress.from)) -}}
{{- fail "networkPolicy.enabled would let nobody in: name networkPolicy.ingress.namespaces, .from, or set .anywhere" -}}
{{- end -}}
{{- end }}

{{- define "latchkey.validateClients" -}}
{{- range $file, $content := .Values.clients.files -}}
  {{- $clients := $content -}}
  {{- if kindIs "map" $content -}}{{- $clients = default list $content.clients -}}{{- end -}}
  {{- range $client := $clients -}}
    {{- range $secret := default list $client.secrets -}}
      {{- if hasKey $secret "value" -}}
      {{- fail (printf "clients.files.%s: client %s has a secret's value, and files becomes a ConfigMap: put it into a Secret, list that in clients.secretFiles, and name value_file, or give a hash" $file (toString $client.client_id)) -}}
      {{- end -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- end }}
