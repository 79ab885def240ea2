package config

import (
	"slices"
	"testing"

	"latchkey/provider/client"
)

// Response types are turned on for all, or for a client.
func TestResponseTypesOfClients(t *testing.T) {
	const head = "LATCHKEY_CLIENTS=[{client_id: a, token_endpoint_auth_method: none, redirect_uris: ['https://a.example/cb']"
	for _, row := range []struct {
		name, on, more string
		want           []string
	}{
		{"nothing said", "[code]", "", []string{"code"}},
		{"RFC 7591 §2.1 on for all, but the client has no implicit grant", "[code, id_token]", "", []string{"code"}},
		{"on for all", "[code, id_token, code token]", ", grant_types: [authorization_code, implicit]", []string{"code", "id_token", "code token"}},
		{"on for this client", "[code]", ", grant_types: [authorization_code, implicit], response_types: [code id_token]", []string{"code id_token"}},
		{"RFC 7591 §2.1 on for all, for a client without codes", "[code, id_token]", ", grant_types: [implicit]", []string{"id_token"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			c, err := Load(Sources{Env: []string{"LATCHKEY_DEV=true", "LATCHKEY_AUTHORIZATION_RESPONSE_TYPES=" + row.on, head + row.more + "}]"}})
			if err != nil {
				t.Fatal(err)
			}
			if got := c.Records(Keep{Hash: client.HashSecret})[0].ResponseTypes; !slices.Equal(got, row.want) {
				t.Errorf("got %q", got)
			}
		})
	}
}
