package client

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/storage"
)

// registry is the IANA registry "OAuth Dynamic Client Registration Metadata", and the members that specifications define without it.
func registry() []string {
	return strings.Fields(`redirect_uris token_endpoint_auth_method grant_types response_types client_name client_uri logo_uri scope contacts tos_uri policy_uri
		jwks_uri jwks software_id software_version client_id client_secret client_id_issued_at client_secret_expires_at registration_access_token
		registration_client_uri application_type sector_identifier_uri subject_type id_token_signed_response_alg id_token_encrypted_response_alg
		id_token_encrypted_response_enc userinfo_signed_response_alg userinfo_encrypted_response_alg userinfo_encrypted_response_enc
		request_object_signing_alg request_object_encryption_alg request_object_encryption_enc token_endpoint_auth_signing_alg default_max_age
		require_auth_time default_acr_values initiate_login_uri request_uris claims_redirect_uris nfv_token_signed_response_alg
		nfv_token_encrypted_response_alg nfv_token_encrypted_response_enc tls_client_certificate_bound_access_tokens tls_client_auth_subject_dn
		tls_client_auth_san_dns tls_client_auth_san_uri tls_client_auth_san_ip tls_client_auth_san_email require_signed_request_object
		require_pushed_authorization_requests introspection_signed_response_alg introspection_encrypted_response_alg
		introspection_encrypted_response_enc frontchannel_logout_uri frontchannel_logout_session_required backchannel_logout_uri
		backchannel_logout_session_required post_logout_redirect_uris authorization_details_types dpop_bound_access_tokens client_registration_types
		signed_jwks_uri organization_name description keywords information_uri organization_uri use_mtls_endpoint_aliases
		encrypted_response_enc_values_supported vp_formats_supported
		software_statement authorization_signed_response_alg authorization_encrypted_response_alg authorization_encrypted_response_enc
		backchannel_token_delivery_mode backchannel_client_notification_endpoint backchannel_authentication_request_signing_alg
		backchannel_user_code_parameter`)
}

func TestEveryRegisteredMemberIsInTheTable(t *testing.T) {
	seen := map[string]bool{}
	for _, row := range members() {
		if seen[row.name] {
			t.Errorf("%s is there twice", row.name)
		}
		seen[row.name] = true
		if (row.read == nil) == (row.refused == "") {
			t.Errorf("%s is neither read nor refused, or both", row.name)
		}
	}
	for _, name := range registry() {
		if !seen[name] {
			t.Errorf("%s would be ignored in silence", name)
		}
	}
}

func parse(t testing.TB, text string) Metadata {
	t.Helper()
	m, err := ParseMetadata([]byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return m
}

func golden(t *testing.T, name string) Metadata {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, string(raw))
}

// What a client registers is what it is told, member by member, and every field of the record is reached.
func TestMetadataRoundTrip(t *testing.T) {
	for _, row := range []struct {
		file string
		who  Who
		// beside are fields that no member sets.
		beside string
	}{
		{"registrant.json", Registrant, "ID Secrets JWKS Registered RegisteredWith RegistrationHash ExpiresAt CreatedAt UpdatedAt Version " +
			"Audiences DefaultAudience PKCEExempt SkipConsent AccountClaims AccessTokenAlg AllowedOrigins AccessTokenTTL IDTokenTTL RefreshTokenTTL Disabled ResponseModes Federated Forward " +
			"AllowedGroups GroupsFilter GroupsInAccessToken SecondFactor Declared"},
		{"operator.json", Operator, "ID Sector Secrets JWKSURI Registered RegisteredWith RegistrationHash ExpiresAt CreatedAt UpdatedAt Version Declared " +
			"Federated Forward"},
	} {
		t.Run(row.file, func(t *testing.T) {
			in := golden(t, row.file)
			c := storage.Client{}
			if faults := ReadMetadata(&c, in, row.who, true); faults != nil {
				t.Fatal(faults)
			}
			Complete(&c)
			v := reflect.ValueOf(c)
			for i := range v.NumField() {
				name := v.Type().Field(i).Name
				if v.Field(i).IsZero() != slices.Contains(strings.Fields(row.beside), name) {
					t.Errorf("%s is %v", name, v.Field(i))
				}
			}
			c.ID, c.Secrets = "app", []storage.ClientSecret{{}}
			if faults := Check(c, Served{}); faults != nil {
				t.Error(faults)
			}
			in["client_id"] = "app"
			for name, want := range normal(t, in) {
				if diff := cmp.Diff(want, normal(t, WriteMetadata(c, row.who))[name]); diff != "" {
					t.Errorf("%s: %s", name, diff)
				}
			}
			if extra := len(WriteMetadata(c, row.who)) - len(in); extra != 0 {
				t.Errorf("%d members that were not given", extra)
			}
		})
	}
}

// normal is m as a reader of JSON sees it.
func normal(t *testing.T, m Metadata) (out map[string]any) {
	t.Helper()
	raw, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestRefusedMembers(t *testing.T) {
	for _, row := range members() {
		for _, who := range []Who{Registrant, Operator} {
			refused := row.refused != "" || row.operator && who == Registrant
			for _, v := range []string{`"x"`, `true`, `["x"]`, `7`, `{"x":1}`} {
				c := storage.Client{}
				faults := ReadMetadata(&c, parse(t, `{"`+row.name+`":`+v+`}`), who, true)
				if refused && (len(faults) != 1 || faults[0].Field != row.name) {
					t.Errorf("%s: %s is taken", row.name, v)
				}
			}
			for _, v := range []string{`null`, `""`, `false`, `[]`} {
				c := storage.Client{}
				if faults := ReadMetadata(&c, parse(t, `{"`+row.name+`":`+v+`}`), who, true); (faults != nil) != (row.empty != "" && who == Operator) || !reflect.ValueOf(c).IsZero() {
					t.Errorf("%s: %s asks for nothing, but %v", row.name, v, faults)
				}
			}
		}
	}
}

// A member of another JSON type is a fault of that member, whatever the type.
func TestMemberTypes(t *testing.T) {
	values := map[string]string{"string": `"x"`, "bool": `true`, "list": `["x"]`, "number": `7`, "object": `{"x":1}`, "list of numbers": `[7]`, "fraction": `1.5`, "negative": `-1`, "huge": `1e99`}
	takes := map[string]string{"jwks": "object", "default_max_age": "number", "access_token_ttl": "number", "id_token_ttl": "number", "refresh_token_ttl": "number", "access_token_format": "", "federated_identities": ""}
	for _, name := range []string{"require_auth_time", "require_signed_request_object", "require_pushed_authorization_requests", "frontchannel_logout_session_required",
		"backchannel_logout_session_required", "pkce_exempt", "skip_consent", "account_claims", "disabled", "groups_in_access_token", "second_factor"} {
		takes[name] = "bool"
	}
	for _, name := range []string{"contacts", "redirect_uris", "post_logout_redirect_uris", "grant_types", "response_types", "request_uris", "default_acr_values",
		"response_modes", "audiences", "allowed_origins", "allowed_groups", "groups_filter"} {
		takes[name] = "list"
	}
	for _, name := range MetadataNames(Operator) {
		want, special := takes[name]
		if !special {
			want = "string"
		}
		for kind, v := range values {
			c := storage.Client{}
			faults := ReadMetadata(&c, parse(t, `{"`+name+`":`+v+`}`), Operator, true)
			if good := faults == nil; good != (kind == want) || !good && faults[0].Field != name {
				t.Errorf("%s as a %s: %v", name, kind, faults)
			}
		}
	}
}

func TestReadMetadata(t *testing.T) {
	former := storage.Client{Name: "Old", Contacts: []string{"a"}, SkipConsent: true, HasDefaultMaxAge: true, Localized: map[string]string{"client_name#de": "Alt"}}
	for _, row := range []struct {
		name, in string
		who      Who
		whole    bool
		want     storage.Client
		fault    string
	}{
		{"RFC 7592 §2.2 the whole is replaced, but not what is the operator's", `{"client_name":"New"}`, Registrant, true, storage.Client{Name: "New", SkipConsent: true}, ""},
		{"an operator replaces everything", `{"client_name":"New"}`, Operator, true, storage.Client{Name: "New"}, ""},
		{"an operator changes one member", `{"contacts":["b"]}`, Operator, false,
			storage.Client{Name: "Old", Contacts: []string{"b"}, SkipConsent: true, HasDefaultMaxAge: true, Localized: map[string]string{"client_name#de": "Alt"}}, ""},
		{"RFC 7592 §2.2 null is as if it were not there", `{"client_name":null,"default_max_age":null,"skip_consent":null,"client_name#de":null}`, Operator, false,
			storage.Client{Contacts: []string{"a"}, Localized: map[string]string{}}, ""},
		{"RFC 7591 §2 members that nobody knows are left out", `{"client_name":"New","x_unknown":{"a":[1]},"redirect_uris#de":"x","client_name_2":1}`, Registrant, true, storage.Client{Name: "New", SkipConsent: true}, ""},
		{"RFC 7591 §2.2 languages", `{"client_name":"New","client_name#ja-Kana-JP":"x","tos_uri#fr":"https://a.example/fr"}`, Registrant, true,
			storage.Client{Name: "New", SkipConsent: true, Localized: map[string]string{"client_name#ja-Kana-JP": "x", "tos_uri#fr": "https://a.example/fr"}}, ""},
		{"RFC 7591 §2.2 no language", `{"client_name#":"x"}`, Registrant, false, former, "client_name#"},
		{"RFC 7591 §2.2 two languages", `{"client_name#de#fr":"x"}`, Registrant, false, former, "client_name#de#fr"},
		{"RFC 7591 §2.2 one language in two cases", `{"client_name#DE":"x"}`, Registrant, false, former, "client_name#DE"},
		{"RFC 7591 §2.2 of another type", `{"client_name#de":7}`, Registrant, false, former, "client_name#de"},
		{"too many", `{"contacts":["` + strings.Repeat(`x","`, 100) + `x"]}`, Registrant, false, former, "contacts"},
		{"a value twice", `{"redirect_uris":["https://a.example/","https://a.example/"]}`, Registrant, false, former, "redirect_uris"},
		{"RFC 6749 §3.3 no scope", `{"scope":"a\\b"}`, Registrant, false, former, "scope"},
		{"OpenID Connect Registration §2 0 is an age", `{"default_max_age":0}`, Registrant, true, storage.Client{SkipConsent: true, HasDefaultMaxAge: true}, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := former
			faults := ReadMetadata(&c, parse(t, row.in), row.who, row.whole)
			if row.fault != "" {
				if len(faults) != 1 || faults[0].Field != row.fault {
					t.Errorf("%v", faults)
				}
				return
			}
			if diff := cmp.Diff(row.want, c); faults != nil || diff != "" {
				t.Errorf("%v\n%s", faults, diff)
			}
		})
	}
	if former.Localized["client_name#de"] != "Alt" {
		t.Error("reading changed the former record")
	}
}
