package config

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"latchkey/provider/client"
	"latchkey/storage"
)

func keep() Keep {
	return Keep{Hash: client.HashSecret, Seal: func(clientID, hash, secret string) ([]byte, error) {
		return []byte(clientID + "|" + hash + "|" + secret), nil
	}}
}

// spec reads one client.
func spec(t *testing.T, text string) *ClientSpec {
	t.Helper()
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	var specs []ClientSpec
	err := setClients(&specs, "clients", doc.Content[0], func(path string, _ *yaml.Node, format string, args ...any) { t.Errorf(path+" "+format, args...) })
	if err != nil || len(specs) != 1 {
		t.Fatalf("%v %v", specs, err)
	}
	return &specs[0]
}

// Everything that a client can have has a key here: each member of the table of metadata, and each field of the record.
func TestClientHasEveryKey(t *testing.T) {
	var names []string
	for _, k := range (&ClientSpec{}).table() {
		names = append(names, k.path)
	}
	for _, name := range client.MetadataNames(client.Operator) {
		if !slices.Contains(names, name) {
			t.Errorf("%s has no key", name)
		}
	}
	for _, name := range names {
		if unknown := client.UnknownMetadata(client.Metadata{name: ""}); unknown != nil && name != "secrets" {
			t.Errorf("%s is in no table of metadata", name)
		}
	}
	reached := reflect.New(reflect.TypeFor[storage.Client]()).Elem()
	for _, with := range []string{"jwks_uri: https://a.example/jwks, sector_identifier_uri: https://s.example/, subject_type: pairwise", "jwks: {keys: []}, id_token_ttl: 1m"} {
		var all strings.Builder
		for _, k := range (&ClientSpec{}).table() {
			value := clientSamples()[k.path]
			switch k.to.(type) {
			case *bool:
				value = "true"
			case *[]SecretSpec:
				value = "[{value: 0123456789abcdef0123456789abcdef}]"
			}
			if k.path == "access_token_format" {
				value = "opaque"
			}
			if value == "" {
				value = k.def
			}
			if !strings.Contains(with, k.path+":") && (k.path != "jwks" && k.path != "jwks_uri") {
				all.WriteString(k.path + ": " + value + "\n")
			}
		}
		record, _ := spec(t, all.String()+"client_name#de: Laden\n"+strings.ReplaceAll(with, ", ", "\n")).Record(keep(), client.Served{})
		for i := range reached.NumField() {
			if v := reflect.ValueOf(record).Field(i); !v.IsZero() {
				reached.Field(i).Set(v)
			}
		}
	}
	beside := strings.Fields("Registered RegisteredWith RegistrationHash ExpiresAt CreatedAt UpdatedAt Declared")
	for i := range reached.NumField() {
		if name := reached.Type().Field(i).Name; reached.Field(i).IsZero() != slices.Contains(beside, name) {
			t.Errorf("%s is %v", name, reached.Field(i))
		}
	}
}

func TestClientRecord(t *testing.T) {
	const uris = "client_id: a\nredirect_uris: ['https://a.example/']\n"
	const secret = "0123456789abcdef0123456789abcdef"
	for _, row := range []struct {
		name, text, fault string
		check             func(c storage.Client) bool
	}{
		{"RFC 7591 §2.2 languages", uris + "token_endpoint_auth_method: none\nclient_name#de: Laden\ntos_uri#fr: https://a.example/fr\n", "",
			func(c storage.Client) bool {
				return c.Localized["client_name#de"] == "Laden" && c.Localized["tos_uri#fr"] == "https://a.example/fr"
			}},
		{"RFC 7591 §2.2 no language", uris + "token_endpoint_auth_method: none\nclient_name#-: Laden\n", "client_name#-", nil},
		{"RFC 7591 §2.2 link that runs", uris + "token_endpoint_auth_method: none\ntos_uri#de: javascript:x\n", "tos_uri#de", nil},
		{"OpenID Connect Registration §2 0 is an age", uris + "token_endpoint_auth_method: none\ndefault_max_age: 0s\n", "",
			func(c storage.Client) bool { return c.HasDefaultMaxAge && c.DefaultMaxAge == 0 }},
		{"OpenID Connect Registration §2 no age", uris + "token_endpoint_auth_method: none\n", "",
			func(c storage.Client) bool { return !c.HasDefaultMaxAge && len(c.ResponseTypes) == 1 }},
		{"keys as YAML", uris + "token_endpoint_auth_method: private_key_jwt\njwks: {keys: [{kty: OKP, crv: Ed25519, x: 11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo}]}\n", "",
			func(c storage.Client) bool { return strings.HasPrefix(string(c.JWKS), `{"keys":[{"crv":"Ed25519"`) }},
		{"keys as JSON", uris + "token_endpoint_auth_method: private_key_jwt\njwks: '{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}'\n", "",
			func(c storage.Client) bool { return c.JWKS != nil }},
		{"RFC 7591 §2 private keys", uris + "token_endpoint_auth_method: private_key_jwt\njwks: {keys: [{kty: OKP, crv: Ed25519, d: x, x: x}]}\n", "jwks", nil},
		{"no keys", uris + "token_endpoint_auth_method: private_key_jwt\n", "jwks", nil},
		{"OpenID Connect Core §8.1", uris + "token_endpoint_auth_method: none\nsubject_type: pairwise\n", "", func(c storage.Client) bool { return c.Sector == "a.example" }},
		{"hybrid", uris + "token_endpoint_auth_method: none\ngrant_types: [authorization_code, implicit]\nresponse_types: [code id_token]\n", "",
			func(c storage.Client) bool { return c.ResponseTypes[0] == "code id_token" }},
		{"RFC 7591 §2.1 without its grant", uris + "token_endpoint_auth_method: none\nresponse_types: [code, id_token]\n", "grant_types", nil},
		{"no keys of ours", uris + "token_endpoint_auth_method: none\nid_token_signed_response_alg: PS512\n", "id_token_signed_response_alg", nil},
		{"a secret is not sealed for nothing", uris + "secrets: [{value: " + secret + "}]\n", "", func(c storage.Client) bool { return c.Secrets[0].Sealed == nil }},
		{"OpenID Connect Core §9 client_secret_jwt", uris + "token_endpoint_auth_method: client_secret_jwt\nsecrets: [{value: " + secret + "}]\n", "",
			func(c storage.Client) bool {
				return string(c.Secrets[0].Sealed) == "a|"+client.HashSecret(secret)+"|"+secret
			}},
		{"OpenID Connect Core §10.1 HS256", uris + "id_token_signed_response_alg: HS256\nsecrets: [{value: " + secret + "}]\n", "",
			func(c storage.Client) bool { return c.Secrets[0].Sealed != nil }},
		{"OpenID Connect Core §10.1 HS256 with a hash", uris + "id_token_signed_response_alg: HS256\nsecrets: [{hash: '" + client.HashSecret(secret) + "'}]\n", "secrets[0]", nil},
		{"RFC 7518 §3.2 short", uris + "userinfo_signed_response_alg: HS256\nsecrets: [{value: " + secret[1:] + "}]\n", "secrets[0]", nil},
		{"RFC 7518 §3.2 short for its algorithm", uris + "token_endpoint_auth_method: client_secret_jwt\ntoken_endpoint_auth_signing_alg: HS512\nsecrets: [{value: " + secret + "}]\n", "secrets[0]", nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			record, faults := spec(t, row.text).Record(keep(), client.Served{Algs: []string{"RS256", "ES256"}})
			if row.fault == "" {
				if faults != nil || !row.check(record) {
					t.Errorf("%v %+v", faults, record)
				}
				return
			}
			if len(faults) != 1 || faults[0].Key != row.fault {
				t.Errorf("%v", faults)
			}
		})
	}
}

// What cannot be kept sealed is a fault, and its file is not used; the error tells nothing of the secret.
func TestSecretThatCannotBeSealed(t *testing.T) {
	dir := t.TempDir()
	text := "client_id: a\ngrant_types: [client_credentials]\ntoken_endpoint_auth_method: client_secret_jwt\nsecrets: [{value: 0123456789abcdef0123456789abcdef}]\n"
	if err := os.WriteFile(filepath.Join(dir, "a.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f := &Folder{Dir: dir, Logger: slog.New(slog.DiscardHandler), Keep: Keep{Hash: client.HashSecret, Seal: func(_, _, secret string) ([]byte, error) {
		return nil, errors.New(secret)
	}}}
	if r, _, err := f.Read(); len(r.Clients) != 0 || err == nil || strings.Contains(err.Error(), "0123456789") {
		t.Errorf("%v %v", r.Clients, err)
	}
	f.Keep = keep()
	if r, _, err := f.Read(); err != nil || len(r.Clients) != 1 || r.Clients[0].Secrets[0].Sealed == nil {
		t.Errorf("%v %v", r.Clients, err)
	}
}

// What the configuration in force says of a client can be read again, and means the same.
func TestClientRoundTrip(t *testing.T) {
	file := strings.Replace(minimal, "mail: {", `clients: [{client_id: a, token_endpoint_auth_method: private_key_jwt, redirect_uris: ['https://a.example/'], default_max_age: 0s,
  "client_name#de": Laden, jwks: {keys: [{kty: OKP, crv: Ed25519, x: 11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo}]}, access_token_ttl: 5m}]
mail: {`, 1)
	c, faults := load(t, file, nil)
	if faults != "" {
		t.Fatal(faults)
	}
	shown, err := c.Effective()
	if err != nil {
		t.Fatal(err)
	}
	again, faults := load(t, strings.ReplaceAll(string(shown), redacted, goodKey), nil, Setting{"--set", "mail.smtp.username", ""})
	if faults != "" {
		t.Fatalf("%s\n%s", faults, shown)
	}
	was, is := c.Records(keep()), again.Records(keep())
	if !reflect.DeepEqual(was, is) || was[0].AccessTokenTTL != 5*time.Minute || !was[0].HasDefaultMaxAge || was[0].Localized == nil {
		t.Errorf("%+v\n%+v\n%s", was, is, shown)
	}
}
