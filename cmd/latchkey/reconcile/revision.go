package reconcile

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
)

// revision is of eight hex digits: enough to tell states apart on a dashboard.
func revision(parts ...any) string {
	raw, err := json.Marshal(parts)
	if err != nil { // what is declared was made of JSON's kinds
		return ""
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:4])
}
