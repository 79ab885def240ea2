package client

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"latchkey/storage"
)

// federatedClient is a client that is right.
func federatedClient(identities string) storage.Client {
	c := goodClient()
	c.AuthMethod, c.Secrets, c.Federated = KeyJWTMethod, nil, []byte(identities)
	return c
}

// What of federated_identities is refused when the client is made.
func TestCheckFederated(t *testing.T) {
	with := func(more string) string { return `[{"issuer": "https://c.test", "subject": "s"` + more + `}]` }
	for _, row := range []struct{ name, identities, want string }{
		{"discovery", with(``), ""},
		{"jwks_uri", with(`, "jwks_uri": "https://k.test/keys"`), ""},
		{"jwks_file", with(`, "jwks_file": "/etc/keys.json", "audience": "x", "claims": {"a": "b*"}`), ""},
		{"everything", with(`, "jwks_uri": "https://k.test/keys", "ca_file": "/ca", "token_file": "/t", "allow": ["10.96.0.0/12"]`), ""},
		{"private, in its own networks", `[{"issuer": "https://c.test", "subject": "s", "jwks_uri": "https://10.0.0.1/k", "allow": ["10.0.0.0/8"]}]`, ""},

		{"private", `[{"issuer": "https://c.test", "subject": "s", "jwks_uri": "https://10.0.0.1/k"}]`, "has an address that"},
		{"none", `[]`, "must be a list"},
		{"too many", `[` + strings.Repeat(`{},`, maxIdentities) + `{}]`, "must be a list"},
		{"a mapping", `{"issuer": "https://c.test", "subject": "s"}`, "must be a list"},
		{"RFC 7523 §3(1) without issuer", `[{"subject": "s"}]`, "has no issuer or no subject"},
		{"RFC 7523 §3(2) without subject", `[{"issuer": "https://c.test"}]`, "has no issuer or no subject"},
		{"a subject with a pattern", `[{"issuer": "https://c.test", "subject": "system:serviceaccount:shop:*"}]`, "asterisk"},
		{"a subject that is no string", `[{"issuer": "https://c.test", "subject": 7}]`, "no string"},
		{"OpenID Connect Core §2 an issuer by http", `[{"issuer": "http://c.test", "subject": "s"}]`, "no https URL"},
		{"this server as issuer", `[{"issuer": "https://id.test", "subject": "s"}]`, "this server"},
		{"RFC 7523 §3(3) the cluster's own audience", with(`, "audience": "https://c.test"`), "has its issuer as audience"},
		{"keys from two places", with(`, "jwks_uri": "https://k.test/", "jwks_file": "/k"`), "only one of them"},
		{"keys from a file, by TLS", with(`, "ca_file": "/c", "jwks_file": "/k"`), "nothing is fetched"},
		{"jwks_uri by http", with(`, "jwks_uri": "http://k.test/"`), "https"},
		{"a member that nobody knows", with(`, "jwks": {}`), `"jwks", which is not known`},
		{"a claim that is no string", with(`, "claims": {"a": 1}`), "claim"},
		{"a claim that says nothing", with(`, "claims": {"a": "*"}`), "claim"},
		{"a pattern within a claim", with(`, "claims": {"a": "x*y"}`), "claim"},
		{"everybody's network", with(`, "allow": ["0.0.0.0/0"]`), "no network"},
		{"no network", with(`, "allow": ["10.0.0.1/8"]`), "no network"},
	} {
		faults := Check(federatedClient(row.identities), Served{Issuer: "https://id.test", Fetchable: func(uri string) error {
			if strings.Contains(uri, "10.0.0.1") {
				return errors.New("is private")
			}
			return nil
		}})
		if row.want == "" && faults == nil {
			continue
		}
		if len(faults) != 1 || faults[0].Field != "federated_identities" || row.want == "" || !strings.Contains(faults[0].Problem, row.want) {
			t.Errorf("%s: %v", row.name, faults)
		}
	}
	for name, change := range map[string]func(*storage.Client){
		"OpenID Connect Core §9 a secret":            func(c *storage.Client) { c.AuthMethod, c.Secrets = BasicMethod, []storage.ClientSecret{{}} },
		"RFC 7591 §2 keys of its own":                func(c *storage.Client) { c.JWKS = []byte(ecKeys) },
		"RFC 7591 §2 keys of its own, elsewhere":     func(c *storage.Client) { c.JWKSURI = "https://a.example/keys" },
		"RFC 7591 §3 a client registered itself":     func(c *storage.Client) { c.Registered = true },
		"RFC 6749 §2.1 a client that proves nothing": public,
	} {
		c := federatedClient(with(``))
		change(&c)
		if faults := Check(c, Served{}); len(faults) != 1 || faults[0].Field != "federated_identities" {
			t.Errorf("%s: %v", name, faults)
		}
	}
}

// Only an operator can set them, and what was set comes back.
func TestFederatedMember(t *testing.T) {
	m, err := ParseMetadata([]byte(`{"federated_identities": [` + identity + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	var c storage.Client
	if faults := ReadMetadata(&c, m, Registrant, true); len(faults) != 1 || c.Federated != nil {
		t.Errorf("RFC 7591 §2 a client gave itself an identity: %v", faults)
	}
	if faults := ReadMetadata(&c, m, Operator, true); faults != nil {
		t.Fatal(faults)
	}
	if ids, err := ParseFederated(c.Federated); err != nil || len(ids) != 1 || ids[0].Subject != account || ids[0].Issuer != cluster {
		t.Errorf("%+v %v", ids, err)
	}
	if raw, ok := WriteMetadata(c, Operator)["federated_identities"].(json.RawMessage); !ok || !strings.Contains(string(raw), account) {
		t.Errorf("%s", raw)
	}
	if _, told := WriteMetadata(c, Registrant)["federated_identities"]; told {
		t.Error("a client is told whom it trusts")
	}
	if faults := ReadMetadata(&c, Metadata{"federated_identities": "x"}, Operator, false); len(faults) != 1 {
		t.Error(faults)
	}
	if ReadMetadata(&c, Metadata{"federated_identities": nil}, Operator, false); c.Federated != nil {
		t.Error("it stays")
	}
}
