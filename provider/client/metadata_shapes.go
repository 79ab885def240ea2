package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"latchkey/provider/oauth"
	"latchkey/storage"
)

// scopeRow is a list with spaces between (RFC 7591 §2).
func scopeRow(name string) member {
	return member{
		name: name,
		read: func(c *storage.Client, v any) error {
			s, err := asText(v)
			if err != nil {
				return err
			}
			scopes, err := oauth.ParseScopes(s)
			if err != nil {
				return errors.New("is no list of scopes with spaces between")
			}
			c.Scopes = scopes
			return nil
		},
		clear: func(c *storage.Client) { c.Scopes = nil },
		write: func(c storage.Client) any {
			if len(c.Scopes) > 0 {
				return oauth.Scopes(c.Scopes).String()
			}
			return nil
		},
	}
}

func jwksRow(name string) member {
	return member{
		name: name,
		read: func(c *storage.Client, v any) (err error) {
			if _, ok := v.(map[string]any); !ok {
				return errors.New("must be a JWK Set") // RFC 7517 §5
			}
			c.JWKS, err = json.Marshal(v)
			return err
		},
		clear: func(c *storage.Client) { c.JWKS = nil },
		write: func(c storage.Client) any {
			if c.JWKS != nil {
				return json.RawMessage(c.JWKS)
			}
			return nil
		},
	}
}

// formatRow is access_token_format: "jwt" or "opaque".
func formatRow(name string) member {
	return member{
		name: name,
		read: func(c *storage.Client, v any) error {
			if v != "jwt" && v != "opaque" {
				return errors.New("must be jwt or opaque")
			}
			c.OpaqueAccessTokens = v == "opaque"
			return nil
		},
		clear: func(c *storage.Client) { c.OpaqueAccessTokens = false },
		write: func(c storage.Client) any {
			if c.OpaqueAccessTokens {
				return "opaque"
			}
			return nil
		},
	}
}

// languageTag is the shape of BCP 47.
var languageTag = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*$`) })

// readLocalized reads a member whose name has a language behind "#" (RFC 7591 §2.2).
func readLocalized(c *storage.Client, name, tag string, v any) error {
	s, err := asText(v)
	if err != nil {
		return err
	}
	if !languageTag().MatchString(tag) {
		return errors.New("has no language behind its #") // BCP 47
	}
	if len(c.Localized) >= MaxListed {
		return fmt.Errorf("is one of more than %d in other languages", MaxListed)
	}
	for other := range c.Localized {
		if other != name && strings.EqualFold(other, name) { // RFC 7591 §2.2: tags are compared without case
			return errors.New("is there twice, in other case")
		}
	}
	if c.Localized == nil {
		c.Localized = map[string]string{}
	}
	c.Localized[name] = s
	return nil
}
