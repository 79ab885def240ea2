{{/*
The sealing key that this chart makes, as data of a Secret. It is made once, when nothing is there that an earlier one may have sealed: everything in the
store is worth nothing without it.
*/}}
{{- define "latchkey.sealingKey" -}}
{{- $namespace := include "latchkey.namespace" . -}}
{{- $name := include "latchkey.sealingSecret" . -}}
{{- $key := .Values.secrets.sealingKey.key -}}
{{- $how := printf "Make the Secret yourself and name it in secrets.sealingKey.existingSecret: latchkey keys generate-sealing-key > sealing-key && kubectl -n %s create secret generic %s --from-file=%s=sealing-key" $namespace (printf "%s-own" $name | trunc 63) $key -}}
{{- $there := lookup "v1" "Secret" $namespace $name -}}
{{- $held := get (default dict $there.data) $key -}}
{{- if $held -}}
{{- $held -}}
{{- else if $there -}}
{{- fail (printf "the Secret %s in %s has no key %s. It is kept from an earlier installation: name the key that it has in secrets.sealingKey.key" $name $namespace $key) -}}
{{- else if not (lookup "v1" "Secret" .Release.Namespace "") -}}
{{- /* A list that is empty has a kind all the same; nothing at all is what a rendering without a cluster finds. */ -}}
{{- fail (printf "secrets.sealingKey: a key can be generated only where the cluster can be looked into (helm install, helm upgrade, --dry-run=server), since every rendering would make another one. %s" $how) -}}
{{- else if .Release.IsUpgrade -}}
{{- fail (printf "the Secret %s in %s is gone, and with it the key that everything in the store is sealed with; no other is made. Bring it back from your copy. %s" $name $namespace $how) -}}
{{- else if lookup "v1" "PersistentVolumeClaim" $namespace (printf "data-%s-0" (include "latchkey.fullname" .)) -}}
{{- fail (printf "the claim data-%s-0 in %s is there from an earlier installation, but not the Secret %s that it is sealed with. Bring that back, or remove the claim to begin anew" (include "latchkey.fullname" .) $namespace $name) -}}
{{- else -}}
{{- randBytes 32 | b64enc -}}
{{- end -}}
{{- end }}
