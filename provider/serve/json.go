package serve

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
)

// Values of headers that nearly every answer has. They are shared, and appended to by nobody: [http.Header.Add] would copy them.
var (
	jsonType   = []string{"application/json"}
	noStore    = []string{"no-store"}
	varyOrigin = []string{"Origin"}
)

// smallBody is what net/http counts the bytes of by itself, in bytes.
const smallBody = 1 << 10

// WriteJSON answers with v as JSON that nobody may store (RFC 6749 §5.1). Nothing is written where v cannot be encoded.
func WriteJSON(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode answer: %w", err)
	}
	WriteJSONBytes(w, status, body)
	return nil
}

// WriteJSONBytes is [WriteJSON] of what is JSON already.
func WriteJSONBytes(w http.ResponseWriter, status int, body []byte) {
	h := w.Header()
	h["Content-Type"], h["Cache-Control"] = jsonType, noStore
	if len(body) > smallBody {
		h["Content-Length"] = []string{strconv.Itoa(len(body))}
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client went away: nothing to tell it
}
