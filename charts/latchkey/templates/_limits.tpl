{{/* A duration of the configuration, such as 1d12h, in milliseconds. */}}
{{- define "latchkey.milliseconds" -}}
{{- $units := dict "ms" 1 "s" 1000 "m" 60000 "h" 3600000 -}}
{{- $sum := mulf (regexFind "^[0-9]+d" . | trimSuffix "d" | float64) 86400000 -}}
{{- range regexFindAll "[0-9]+(\\.[0-9]+)?(ms|s|m|h)" . -1 -}}
  {{- $sum = addf $sum (mulf (regexFind "^[0-9.]+" . | float64) (get $units (regexFind "[a-z]+$" .))) -}}
{{- end -}}
{{- printf "%f" $sum -}}
{{- end }}

{{/* A duration or a size as a number: (dict "kind" "size" "text" "64KiB"). */}}
{{- define "latchkey.amount" -}}
{{- if eq .kind "size" -}}{{- include "latchkey.bytes" (trimSuffix "B" .text) -}}
{{- else -}}{{- include "latchkey.milliseconds" .text -}}
{{- end -}}
{{- end }}

{{/* Whether variables of the user's may say otherwise than the configuration file: then the server alone can judge. */}}
{{- define "latchkey.overridden" -}}
{{- if .Values.extraEnvFrom -}}true{{- end -}}
{{- range .Values.extraEnv -}}
  {{- if hasPrefix "LATCHKEY_" .name -}}true{{- end -}}
{{- end -}}
{{- end }}

{{/* Refuses what the server would: values beyond the bounds in files/limits.yaml, and those that do not go with one another. */}}
{{- define "latchkey.validateLimits" -}}
{{- $owned := include "latchkey.ownedKeys" . | fromYaml -}}
{{- $file := include "latchkey.configFile" . | fromYaml -}}
{{- $all := dict -}}
{{- $amounts := dict -}}
{{- range $path, $key := .Files.Get "files/limits.yaml" | fromYaml -}}
  {{- $value := $file -}}
  {{- range $step := splitList "." $path -}}
    {{- $value = ternary (get (ternary $value dict (kindIs "map" $value)) $step) "" (kindIs "map" $value) -}}
  {{- end -}}
  {{- $value = default (default "" $key.default) $value -}}
  {{- if kindIs "float64" $value -}}{{- $value = printf "%.0f" $value -}}{{- end -}}
  {{- $_ := set $all $path $value -}}
  {{- if and $key.kind $value -}}
    {{- $amount := include "latchkey.amount" (dict "kind" $key.kind "text" $value) | float64 -}}
    {{- $_ := set $amounts $path $amount -}}
    {{- $name := default (printf "config.%s" $path) (get $owned $path) -}}
    {{- if and $key.least (lt $amount (include "latchkey.amount" (dict "kind" $key.kind "text" $key.least) | float64)) -}}
    {{- fail (printf "%s is %s: it must be at least %s" $name $value $key.least) -}}
    {{- end -}}
    {{- if and $key.most (gt $amount (include "latchkey.amount" (dict "kind" $key.kind "text" $key.most) | float64)) -}}
    {{- fail (printf "%s is %s: it must be at most %s" $name $value $key.most) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- $rotate := get $amounts "keys.rotate_every" -}}
{{- if or (le $rotate (get $amounts "keys.publish_ahead")) (le $rotate (mulf 2 (get $amounts "keys.jwks_max_age"))) -}}
{{- fail (printf "config.keys.rotate_every is %s: it must be longer than config.keys.publish_ahead (%s) and twice config.keys.jwks_max_age (%s)" (get $all "keys.rotate_every") (get $all "keys.publish_ahead") (get $all "keys.jwks_max_age")) -}}
{{- end -}}
{{- if lt (get $amounts "accounts.session.persistent_ttl") (get $amounts "accounts.session.ttl") -}}
{{- fail (printf "config.accounts.session.persistent_ttl is %s: it must not be shorter than config.accounts.session.ttl (%s)" (get $all "accounts.session.persistent_ttl") (get $all "accounts.session.ttl")) -}}
{{- end -}}
{{- if lt (get $amounts "accounts.hash.memory") 7340032.0 -}}
{{- fail (printf "config.accounts.hash.memory is %s: it must be at least 7MiB" (get $all "accounts.hash.memory")) -}}
{{- end -}}
{{- $algorithms := get $all "keys.algorithms" -}}
{{- if not (has "RS256" $algorithms) -}}
{{- fail "config.keys.algorithms lacks RS256, which every provider must support" -}}
{{- end -}}
{{- if not (has (get $all "tokens.access_alg") $algorithms) -}}
{{- fail (printf "config.tokens.access_alg is %s, which config.keys.algorithms (%s) lacks" (get $all "tokens.access_alg") (join ", " $algorithms)) -}}
{{- end -}}
{{- with $file.keys -}}
  {{- if and .rsa_bits (mod (int .rsa_bits) 8) -}}
  {{- fail (printf "config.keys.rsa_bits is %d: it must be a multiple of 8" (int .rsa_bits)) -}}
  {{- end -}}
{{- end -}}
{{- include "latchkey.validateNetworks" (dict "name" "server.trustedProxies" "list" $file.server.trusted_proxies) -}}
{{- with $file.fetch -}}
{{- include "latchkey.validateNetworks" (dict "name" "config.fetch.allow" "list" .allow) -}}
{{- end -}}
{{- end }}

{{/* Refuses networks of IPv4 whose address does not end where their mask does: (dict "name" "server.trustedProxies" "list" …). */}}
{{- define "latchkey.validateNetworks" -}}
{{- $name := .name -}}
{{- range $network := .list -}}
  {{- if regexMatch "^[0-9]+([.][0-9]+){3}/[0-9]+$" $network -}}
    {{- $address := 0 -}}
    {{- range $octet := splitList "." (dir $network) -}}{{- $address = add (mul $address 256) (int $octet) -}}{{- end -}}
    {{- $size := 1 -}}
    {{- range $_ := until (sub 32 (base $network | int) | int) -}}{{- $size = mul $size 2 -}}{{- end -}}
    {{- if mod $address $size -}}
    {{- fail (printf "%s has %s, which has bits set beyond its mask" $name $network) -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- end }}

{{/* Refuses a command of maintenance that could only say how it is used. */}}
{{- define "latchkey.validateMaintenance" -}}
{{- $args := .Values.maintenance.args -}}
{{- $command := ternary (first $args) "" (gt (len $args) 0) -}}
{{- if eq $command "restore" -}}
  {{- $from := list -}}
  {{- $before := "" -}}
  {{- range $arg := rest $args -}}
    {{- if and (or (eq $arg "-") (not (hasPrefix "-" $arg))) (not (has $before (list "--key-file" "--skip-numbers" "--config" "-c" "--set"))) -}}
    {{- $from = append $from $arg -}}
    {{- end -}}
    {{- $before = $arg -}}
  {{- end -}}
  {{- if not $from -}}
  {{- fail "maintenance.args: restore needs what to restore from: [restore, \"s3://bucket/prefix\"]" -}}
  {{- end -}}
  {{- if and (has "--replace" $args) (not (regexMatch "(^| )--yes(=true)?( |$)" (join " " $args))) -}}
  {{- fail "maintenance.args: restore --replace asks before it replaces, and nobody can answer a Job: add --yes" -}}
  {{- end -}}
{{- end -}}
{{- if eq $command "migrate" -}}
  {{- range $flag := list "--from" "--to" -}}
    {{- if not (regexMatch (printf "(^| )%s[= ][^- ]" $flag) (join " " $args)) -}}
    {{- fail "maintenance.args: migrate needs --from and --to: [migrate, --from, STORE, --to, STORE]" -}}
    {{- end -}}
  {{- end -}}
{{- end -}}
{{- end }}
