package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	jose "github.com/go-jose/go-jose/v4"
)

func (g *guard) times(claims map[string]any) error {
	now := float64(time.Now().Unix())
	exp, isNumber := claims["exp"].(float64)
	switch g.flaw {
	case "exp":
		isNumber, exp = true, now+1
	case "exp-falsy": // if (claims.exp && claims.exp < now)
		if !isNumber || exp == 0 {
			isNumber, exp = true, now+1
		}
	case "exp-text": // what is no number is compared with nothing
		if _, text := claims["exp"].(string); text {
			isNumber, exp = true, now+1
		}
	}
	if !isNumber || exp <= now {
		return errors.New("exp")
	}
	if nbf, ok := claims["nbf"].(float64); ok && nbf > now && g.flaw != "nbf" {
		return errors.New("nbf")
	}
	return nil
}

func (g *guard) parties(claims map[string]any) error {
	iss, _ := claims["iss"].(string)
	aud := []string{}
	switch v := claims["aud"].(type) {
	case string:
		aud = append(aud, v)
	case []any:
		for _, one := range v {
			aud = append(aud, fmt.Sprint(one))
		}
	}
	if list, ok := claims["iss"].([]any); ok && g.flaw == "iss-list" {
		iss = fmt.Sprint(list[0])
	}
	if iss != g.issuer && g.flaw != "iss" && (g.flaw != "iss-prefix" || !strings.HasPrefix(iss, g.issuer)) && (g.flaw != "iss-slash" || strings.TrimSuffix(iss, "/") != g.issuer) {
		return errors.New("iss")
	}
	switch g.flaw {
	case "aud":
		return nil
	case "aud-text": // one audience only
		aud = slices.DeleteFunc(aud, func(string) bool { _, list := claims["aud"].([]any); return list })
	case "aud-missing":
		if len(aud) == 0 {
			return nil
		}
	case "aud-prefix":
		if strings.HasPrefix(strings.Join(aud, " "), g.audience) {
			return nil
		}
	}
	if !slices.Contains(aud, g.audience) {
		return errors.New("aud")
	}
	if sub, _ := claims["sub"].(string); sub == "" && g.flaw != "sub" {
		return errors.New("sub")
	}
	if known := []string{"iss", "sub", "aud", "exp", "iat", "jti", "client_id", "scope", "nbf", "sid"}; g.flaw == "unknown-claim" {
		for name := range claims {
			if !slices.Contains(known, name) {
				return errors.New(name)
			}
		}
	}
	return nil
}

func fetchKeys(address string) ([]jose.JSONWebKey, error) {
	res, err := http.Get(address)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	var set jose.JSONWebKeySet
	return set.Keys, json.NewDecoder(res.Body).Decode(&set)
}

// key finds a key of the issuer. The set is fetched anew for an unknown kid, at most five times a second.
func (g *guard) key(kid string) (jose.JSONWebKey, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.keys == nil {
		g.keys = map[string]jose.JSONWebKey{}
	}
	k, ok := g.keys[kid]
	if !ok && (g.fetched.IsZero() || g.flaw != "never-again" && (g.flaw == "hammers" || time.Since(g.fetched) > 200*time.Millisecond)) {
		set, err := fetchKeys(g.issuer + "/jwks.json")
		if err != nil {
			return k, false
		}
		if g.fetched = time.Now(); g.flaw != "hoards" {
			clear(g.keys)
		}
		for _, one := range set {
			g.keys[one.KeyID] = one
		}
		k, ok = g.keys[kid]
	}
	return k, ok
}
