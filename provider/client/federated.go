package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"latchkey/provider/fetch"
	"latchkey/storage"
)

// Bounds of a client's federated_identities.
const (
	maxIdentities     = 20
	maxIdentityText   = 512
	maxIdentityClaims = 20
)

// FederatedIdentity is somebody for whom another issuer vouches, such as a service account of a cluster, and who may speak as a client: an assertion of
// that issuer about that subject proves it (RFC 7523 §3, RFC 7521 §4.2).
type FederatedIdentity struct {
	// Issuer and Subject are iss and sub of its assertions, byte for byte.
	Issuer, Subject string
	// Audience is the one value of aud; "" means this server, by its issuer or by one of the endpoints that authenticate clients.
	Audience string
	// Claims must be there with these values; a value that ends with "*" is how it begins.
	Claims map[string]string
	// JWKSURI is where the issuer's keys are fetched, JWKSFile the file that has them; with neither, the issuer's discovery document says where they are.
	JWKSURI, JWKSFile string
	// CAFile has authorities that vouch for the server at these addresses, beside the system's; TokenFile the bearer token that the server asks for. ""
	// for none.
	CAFile, TokenFile string
	// Allow are networks outside of the public internet that these addresses may be in, beside those that all may be in.
	Allow []netip.Prefix
}

// ParseFederated reads federated_identities. Its error completes "the member …".
func ParseFederated(raw []byte) ([]FederatedIdentity, error) {
	if raw == nil {
		return nil, nil
	}
	v, err := StrictJSON(raw)
	list, ok := v.([]any)
	if err != nil || !ok || len(list) == 0 || len(list) > maxIdentities {
		return nil, fmt.Errorf("must be a list of 1 to %d identities", maxIdentities)
	}
	out := make([]FederatedIdentity, len(list))
	for i, item := range list {
		if out[i], err = parseIdentity(item); err != nil {
			return nil, fmt.Errorf("has an identity that %w", err)
		}
	}
	return out, nil
}

func parseIdentity(v any) (id FederatedIdentity, err error) {
	o, ok := v.(map[string]any)
	if !ok {
		return id, errors.New("is no mapping")
	}
	texts := map[string]*string{"issuer": &id.Issuer, "subject": &id.Subject, "audience": &id.Audience, "jwks_uri": &id.JWKSURI, "jwks_file": &id.JWKSFile,
		"ca_file": &id.CAFile, "token_file": &id.TokenFile}
	for _, name := range slices.Sorted(maps.Keys(o)) {
		switch to := texts[name]; {
		case to != nil:
			if *to, ok = o[name].(string); !ok || *to == "" || len(*to) > maxIdentityText || strings.ContainsFunc(*to, func(r rune) bool { return r < ' ' || r == 0x7f }) {
				return id, fmt.Errorf("has a %s that is no string of 1 to %d bytes", name, maxIdentityText)
			}
		case name == "claims":
			id.Claims, err = parseConstraints(o[name])
		case name == "allow":
			id.Allow, err = parseNetworks(o[name])
		default:
			err = fmt.Errorf("has the member %q, which is not known", name)
		}
		if err != nil {
			return id, err
		}
	}
	return id, nil
}

func parseConstraints(v any) (map[string]string, error) {
	o, ok := v.(map[string]any)
	if !ok || len(o) > maxIdentityClaims {
		return nil, fmt.Errorf("has claims that are no mapping of at most %d", maxIdentityClaims)
	}
	out := map[string]string{}
	for name, value := range o {
		text, ok := value.(string)
		if !ok || text == "" || text == "*" || len(text) > maxIdentityText || strings.Contains(strings.TrimSuffix(text, "*"), "*") {
			return nil, fmt.Errorf(`has for the claim %q neither a string nor the beginning of one, with "*" behind it`, name)
		}
		out[name] = text
	}
	return out, nil
}

func parseNetworks(v any) (out []netip.Prefix, err error) {
	list, ok := v.([]any)
	if !ok || len(list) > MaxListed {
		return nil, errors.New("has an allow that is no list of networks")
	}
	for _, item := range list {
		text, _ := item.(string)
		p, err := netip.ParsePrefix(text)
		if err != nil || p.Bits() == 0 || p != p.Masked() {
			return nil, errors.New("has an allow with what is no network such as 10.96.0.0/12")
		}
		out = append(out, p)
	}
	return out, nil
}

// federatedRow is federated_identities.
func federatedRow(name string) member {
	return documentRow(name, func(raw []byte) error { _, err := ParseFederated(raw); return err }, func(c *storage.Client) *[]byte { return &c.Federated })
}

// documentRow is a member that has parts, and is kept as JSON; parse says what is wrong with them.
func documentRow(name string, parse func(raw []byte) error, at func(*storage.Client) *[]byte) member {
	return member{
		name: name,
		read: func(c *storage.Client, v any) error {
			raw, err := json.Marshal(v)
			if err == nil {
				err = parse(raw)
			}
			if err != nil {
				return err
			}
			*at(c) = raw
			return nil
		},
		clear: func(c *storage.Client) { *at(c) = nil },
		write: func(c storage.Client) any {
			if raw := *at(&c); raw != nil {
				return json.RawMessage(raw)
			}
			return nil
		},
	}
}

// federated checks federated_identities.
func (k *checker) federated() {
	const field = "federated_identities"
	c := k.c
	if c.Federated == nil {
		return
	}
	k.bad(c.Registered, field, "is set, but the client registered itself")
	k.bad(c.AuthMethod != KeyJWTMethod, field, "is set, but the client's token_endpoint_auth_method is not private_key_jwt")
	k.bad(c.JWKS != nil || c.JWKSURI != "", field, "is given beside keys of the client's own; only one of them can be")
	ids, err := ParseFederated(c.Federated)
	k.bad(err != nil, field, "%v", err)
	for _, id := range ids {
		problem := k.identityProblem(id)
		k.badValue(problem != "", field, id.Subject, "%s", problem)
	}
}

// identityProblem says what is wrong with one identity; "" if nothing is.
func (k *checker) identityProblem(id FederatedIdentity) string {
	switch {
	case id.Issuer == "" || id.Subject == "":
		return "has no issuer or no subject"
	case secureURI(id.Issuer) != "" || strings.Contains(id.Issuer, "?"):
		return "has an issuer that is no https URL" // OpenID Connect Core §2
	case id.Issuer == k.s.Issuer:
		return "has this server as its issuer"
	case strings.HasSuffix(id.Subject, "*"):
		return "ends with an asterisk: a subject is compared whole; the member claims can have beginnings"
	case id.Audience == id.Issuer:
		return "has its issuer as audience: that is what every token of a cluster has which is meant for the cluster itself"
	case id.JWKSURI != "" && id.JWKSFile != "":
		return "has jwks_uri beside jwks_file; only one of them can be"
	case id.JWKSFile != "" && (id.CAFile != "" || id.TokenFile != "" || id.Allow != nil):
		return "has a jwks_file, so nothing is fetched: ca_file, token_file and allow mean nothing"
	case id.JWKSFile != "":
		return ""
	}
	uri := id.JWKSURI
	if uri == "" {
		uri = id.Issuer
	}
	if problem := secureURI(uri); problem != "" {
		return "has a jwks_uri that " + problem
	}
	if problem := k.reached(uri); problem != "" && fetch.Check(uri, id.Allow) != nil {
		return "has an address that " + problem
	}
	return ""
}
