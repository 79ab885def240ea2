package serve

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
)

// WriteJSON answers with v as JSON that nobody may store (RFC 6749 §5.1). Nothing is written where v cannot be encoded.
func WriteJSON(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode answer: %w", err)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client went away: nothing to tell it
	return nil
}
