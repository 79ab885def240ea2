#!/bin/sh
# Gets an access token by the pod's own token. Usage: token.sh ISSUER CLIENT_ID [TOKEN_FILE]
curl -sS --fail-with-body "$1/token" \
  -d grant_type=client_credentials -d client_id="$2" \
  -d client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer \
  --data-urlencode client_assertion@"${3:-/var/run/secrets/latchkey/token}"
