package admin

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"latchkey/provider/audit"
)

// RotateKeys asks for a rotation; Alg "" means every ring.
type RotateKeys struct {
	Alg string `json:"alg,omitempty"`
}

// Rotated tells when the last of the rings changes over.
type Rotated struct {
	ActivatesAt time.Time `json:"activates_at"`
}

// Resealed counts what was sealed anew.
type Resealed struct {
	Resealed int `json:"resealed"`
}

func (a api) listKeys(r *http.Request) (any, error) {
	keys, err := a.Keys.List(r.Context())
	if err == nil && keys == nil {
		keys = []Key{}
	}
	return keys, err
}

func (a api) rotateKeys(r *http.Request) (any, error) {
	var in RotateKeys
	if err := read(r, &in); err != nil {
		return nil, err
	}
	if algs := a.Served().Algs; in.Alg != "" && !slices.Contains(algs, in.Alg) {
		return nil, &Fault{Code: "invalid", Message: "alg must be one of " + strings.Join(algs, ", ")}
	}
	at, err := a.Keys.Rotate(r.Context(), in.Alg)
	if err != nil {
		return nil, err
	}
	a.record(r, audit.KeyRotated, "", in.Alg)
	return Rotated{at.UTC()}, nil
}

func (a api) revokeKey(r *http.Request) (any, error) {
	out, err := a.Keys.Revoke(r.Context(), r.PathValue("kid"))
	if err != nil {
		return nil, err
	}
	a.record(r, audit.KeyRevoked, "", out.Alg)
	return out, nil
}

func (a api) resealKeys(r *http.Request) (any, error) {
	n, err := a.Keys.Reseal(r.Context())
	if err != nil {
		return nil, err
	}
	return Resealed{n}, nil
}
