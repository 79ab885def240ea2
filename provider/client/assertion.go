package client

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"latchkey/provider/oauth"
	"latchkey/storage"
)

// AssertionType is the only client_assertion_type (RFC 7523 §2.2).
const AssertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

const (
	// maxAssertionLife is how far ahead an assertion may expire: so long its jti is remembered.
	maxAssertionLife = time.Hour
	// pastSkew is how much our clock may be ahead of the client's, futureSkew how much it may be behind.
	pastSkew   = 60 * time.Second
	futureSkew = 30 * time.Second
	// maxAudience bounds the list of audiences.
	maxAudience = 16
)

// assertion is the claims of a client's assertion (RFC 7523 §3).
type assertion struct {
	issuer, subject, id string
	audience            []string
	// Zero where they are not there.
	expires, notBefore, issued time.Time
}

// claimAssertion reads an assertion by the method that mac tells apart. Whom it names is found out here; what it is worth, by Prove.
func claimAssertion(f oauth.Form, mac bool) (Claim, error) {
	raw, kind := f.Get("client_assertion"), f.Get("client_assertion_type")
	if raw == "" && kind == "" {
		return Claim{}, nil
	}
	if raw == "" || kind != AssertionType { // RFC 7521 §4.2, RFC 7523 §2.2
		return Claim{}, errInvalidClient().Because(errors.New("client_assertion or its type is missing or unknown"))
	}
	j, err := parseJWS(raw)
	if err != nil {
		return Claim{}, errInvalidClient().Because(fmt.Errorf("client_assertion: %w", err))
	}
	if strings.HasPrefix(j.Alg, "HS") != mac {
		return Claim{}, nil
	}
	a, err := parseAssertion(j.payload)
	if err != nil {
		return Claim{}, errInvalidClient().Because(fmt.Errorf("client_assertion: %w", err))
	}
	if id := f.Get("client_id"); id != "" && a.issuer != a.subject && !mac {
		// Another issuer vouches, and has its own names; whether it may is the client's to say (RFC 7521 §4.2).
		return Claim{Used: true, ClientID: id, Proof: raw}, nil
	}
	return Claim{Used: true, ClientID: a.subject, Proof: raw}, nil
}

// parseAssertion reads the claims; what must be there is checked later.
func parseAssertion(payload []byte) (a assertion, err error) {
	o, err := ParseMetadata(payload)
	if err != nil {
		return a, errors.New("the claims are not one JSON object with unique names")
	}
	for name, to := range map[string]*string{"iss": &a.issuer, "sub": &a.subject, "jti": &a.id} {
		v, has := o[name]
		if *to, _ = v.(string); has && *to == "" {
			return a, errors.New(name + " is no string, or empty")
		}
	}
	for name, to := range map[string]*time.Time{"exp": &a.expires, "nbf": &a.notBefore, "iat": &a.issued} {
		if v, has := o[name]; has {
			if *to, err = numericDate(v); err != nil {
				return a, errors.New(name + " is no time")
			}
		}
	}
	a.audience, err = audience(o["aud"])
	return a, err
}

// numericDate reads seconds since 1970, whole or not (RFC 7519 §2).
func numericDate(v any) (time.Time, error) {
	n, ok := v.(json.Number)
	if !ok {
		return time.Time{}, errors.New("no number")
	}
	s, err := n.Float64()
	if err != nil || s < 1 || s > 1<<40 {
		return time.Time{}, errors.New("out of bounds")
	}
	return time.UnixMilli(int64(s * 1000)), nil
}

// audience reads a string or an array of strings (RFC 7519 §4.1.3).
func audience(v any) ([]string, error) {
	if s, ok := v.(string); ok {
		return []string{s}, nil
	}
	list, ok := v.([]any)
	if (v != nil && !ok) || len(list) > maxAudience {
		return nil, errors.New("aud is neither a string nor a short array")
	}
	out := make([]string, 0, len(list))
	for _, item := range list {
		s, ok := item.(string)
		if !ok {
			return nil, errors.New("aud has what is no string")
		}
		out = append(out, s)
	}
	return out, nil
}

// assertions judges assertions whose signature held. Both methods share it.
type assertions struct {
	replays storage.Replays
	// audiences are the values of aud that mean us.
	audiences []string
}

// accept checks the claims (RFC 7523 §3, OpenID Connect Core §9) and spends the jti. Errors: ErrWrong, or a fault.
func (s *assertions) accept(ctx context.Context, c storage.Client, v Verified, now time.Time) error {
	a, err := parseAssertion(v.Payload)
	if err == nil {
		err = a.check(c.ID, v.Type, s.audiences, now)
	}
	if err != nil {
		return fmt.Errorf("%w: client_assertion: %w", ErrWrong, err)
	}
	sum := sha256.Sum256([]byte(c.ID + "\x00" + a.id))
	err = s.replays.SpendOnce(ctx, "jti:"+hex.EncodeToString(sum[:]), a.expires.Add(pastSkew), now)
	switch {
	case errors.Is(err, storage.ErrSpent): // RFC 7523 §3(7), OpenID Connect Core §9
		return fmt.Errorf("%w: client_assertion: the jti was used before", ErrWrong)
	case err != nil:
		return fmt.Errorf("spend assertion: %w", err)
	}
	return nil
}

// check says what is wrong with the claims of a client's assertion.
func (a assertion) check(clientID, typ string, audiences []string, now time.Time) error {
	switch strings.TrimPrefix(strings.ToLower(typ), "application/") {
	case "", "jwt", "client-authentication+jwt": // RFC 8725 §3.11: no other kind of JWT serves as this one
	default:
		return errors.New("typ")
	}
	if a.issuer != clientID { // RFC 7523 §3(1)
		return errors.New("iss is not the client")
	}
	if a.subject != clientID { // RFC 7523 §3(2)
		return errors.New("sub is not the client")
	}
	if !slices.ContainsFunc(a.audience, func(aud string) bool { return slices.Contains(audiences, aud) }) { // RFC 7523 §3(3)
		return errors.New("aud is not this server")
	}
	if a.expires.IsZero() { // RFC 7523 §3(4)
		return errors.New("exp is missing")
	}
	if !now.Before(a.expires.Add(pastSkew)) { // RFC 7523 §3(4)
		return errors.New("expired")
	}
	if a.expires.After(now.Add(maxAssertionLife + futureSkew)) { // RFC 7523 §3(4): unreasonably far in the future
		return errors.New("exp is more than an hour ahead")
	}
	if a.notBefore.After(now.Add(futureSkew)) { // RFC 7523 §3(5)
		return errors.New("nbf is in the future")
	}
	if a.issued.After(now.Add(futureSkew)) { // RFC 7523 §3(6)
		return errors.New("iat is in the future")
	}
	if a.id == "" { // OpenID Connect Core §9
		return errors.New("jti is missing")
	}
	return nil
}
