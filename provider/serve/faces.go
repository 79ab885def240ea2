package serve

import (
	"encoding/json"
	"net/http"
	"strings"

	"latchkey/provider/oauth"
)

// JSONFace is the [Face] of endpoints that clients authenticate at; use it as FaceFunc(JSONFace).
func JSONFace(w http.ResponseWriter, r *http.Request, err error) int {
	a := Explain(err)
	if a.Code == oauth.InvalidClient && triedBasic(r) {
		w.Header().Set("WWW-Authenticate", `Basic realm="latchkey", charset="UTF-8"`) // RFC 6749 §5.2
	}
	return writeError(w, a)
}

// BearerFace is the [Face] of protected resources (RFC 6750 §3); use it as FaceFunc(BearerFace).
func BearerFace(w http.ResponseWriter, r *http.Request, err error) int {
	a := Explain(err)
	switch a.Status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusBadRequest:
		challenge := `Bearer realm="latchkey"`
		// Without credentials no error code is told (RFC 6750 §3.1): such an error describes nothing.
		if a.Description != "" {
			challenge += `, error="` + string(a.Code) + `", error_description="` + a.Description + `"`
		}
		w.Header().Set("WWW-Authenticate", challenge)
	}
	return writeError(w, a)
}

// PageFace is the [Face] of endpoints that people see.
func PageFace(pages Pages) Face {
	return FaceFunc(func(w http.ResponseWriter, r *http.Request, err error) int {
		a := Explain(err)
		a.SetHeaders(w.Header())
		pages.Problem(w, r, problemOf(err, a, RecordOf(r.Context()).ID))
		return a.Status
	})
}

// PlainFace is the [Face] of everything that has no better one, such as what is refused before routing.
func PlainFace(w http.ResponseWriter, _ *http.Request, err error) int {
	a := Explain(err)
	a.SetHeaders(w.Header())
	return writePlain(w, a.Status, a.Description)
}

func writePlain(w http.ResponseWriter, status int, text string) int {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n")) // a client that has gone needs no answer
	return status
}

func triedBasic(r *http.Request) bool {
	scheme, _, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.EqualFold(scheme, "Basic")
}

// writeError writes the body of RFC 6749 §5.2.
func writeError(w http.ResponseWriter, a Answer) int {
	body, err := json.Marshal(struct {
		Error       oauth.Code `json:"error"`
		Description string     `json:"error_description,omitempty"`
	}{a.Code, a.Description})
	if err != nil { // two strings always encode
		body = []byte(`{"error":"server_error"}`)
	}
	a.SetHeaders(w.Header())
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(a.Status)
	_, _ = w.Write(body) // a client that has gone needs no answer
	return a.Status
}
