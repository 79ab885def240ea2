package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

const goodKey = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

const minimal = `issuer: https://id.example.com
keys: {sealing_key: ` + goodKey + `}
mail: {from: a@example.com, smtp: {address: "mail.example.com:587"}}
`

func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func load(t *testing.T, content string, env []string, flags ...Setting) (*Config, string) {
	t.Helper()
	c, err := Load(Sources{File: write(t, "c.yaml", content), Env: env, Flags: flags})
	if err != nil {
		return nil, err.Error()
	}
	return c, ""
}

func TestPrecedence(t *testing.T) {
	file := minimal + "log: {level: warn}\n"
	for _, row := range []struct {
		name, file string
		env        []string
		flags      []Setting
		want       string
	}{
		{"default", minimal, nil, nil, "info"},
		{"file", file, nil, nil, "warn"},
		{"environment over file", file, []string{"LATCHKEY_LOG_LEVEL=error"}, nil, "error"},
		{"flag over environment", file, []string{"LATCHKEY_LOG_LEVEL=error"}, []Setting{{"--set", "log.level", "debug"}}, "debug"},
	} {
		t.Run(row.name, func(t *testing.T) {
			c, faults := load(t, row.file, row.env, row.flags...)
			if faults != "" || c.Log.Level != row.want {
				t.Errorf("%v %s", c, faults)
			}
		})
	}
}

func TestDevelopment(t *testing.T) {
	c, err := Load(Sources{Flags: []Setting{{"--dev", "dev", "true"}}})
	if err != nil || c.Issuer != "http://localhost:8080" || c.Log.Format != "text" || c.Keys.SealingKeyFile != "data/sealing.key" || c.Server.Listen != "127.0.0.1:8080" {
		t.Fatalf("%v %+v", err, c)
	}
	c, err = Load(Sources{Env: []string{"LATCHKEY_DEV=true", "LATCHKEY_ISSUER=http://id.test"}})
	if err != nil || c.Issuer != "http://id.test" {
		t.Errorf("%v", err)
	}
}

// Every key can be set by its variable, and what was set arrives.
func TestEveryKeyHasAVariable(t *testing.T) {
	var blank Config
	for _, k := range blank.table() {
		value := k.def
		if value == "" {
			value = samples()[k.path]
		}
		if _, secret := k.to.(*Secret); secret {
			value = goodKey
		}
		if k.path == "backup.key" {
			value = ageKey
		}
		if k.path == "clients" {
			value = "[{client_id: a, token_endpoint_auth_method: none, redirect_uris: ['https://a.example/cb']}]"
		}
		if value == "" || strings.Contains(k.path, "tls.") || k.path == "fetch.ca_file" {
			continue
		}
		env := []string{k.env() + "=" + value, "LATCHKEY_DEV=true"}
		if k.path == "dev" {
			env = env[:1]
		}
		c, err := Load(Sources{Env: env, ThemeLater: true}) // its sample files are not here
		if err != nil && !strings.Contains(err.Error(), "mail.smtp") && k.path != "dev" {
			t.Errorf("%s=%s: %v", k.env(), value, err)
		}
		if err == nil && !c.IsSet(k.path) {
			t.Errorf("%s did not arrive", k.path)
		}
	}
}

// Broken configurations: each names the key and the place.
func TestFaults(t *testing.T) {
	dir := t.TempDir()
	secret := filepath.Join(dir, "s")
	if err := os.WriteFile(secret, []byte(goodKey+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	client := func(body string) string { return minimal + "clients:\n  - {client_id: a, " + body + "}\n" }
	replace := func(old, new string) string { return strings.Replace(minimal, old, new, 1) }
	for _, row := range []struct {
		name, file string
		env        []string
		want       string
	}{
		{"unknown key", minimal + "isuer: x\n", nil, "isuer: is not a known key; did you mean issuer? (c.yaml:4)"},
		{"unknown nested key", minimal + "log:\n  levle: x\n", nil, "log.levle: is not a known key; did you mean log.level? (c.yaml:5)"},
		{"unknown far key", minimal + "zzzzzzzzzzzz: x\n", nil, "zzzzzzzzzzzz: is not a known key (c.yaml:4)"},
		{"duplicate key", minimal + "issuer: https://b\n", nil, "issuer: is set twice, first in line 1 (c.yaml:4)"},
		{"duplicate nested key", minimal + "log:\n  level: info\n  level: warn\n", nil, "log.level: is set twice, first in line 5 (c.yaml:6)"},
		{"section that is a value", minimal + "log: x\n", nil, "log: must be a mapping of keys to values (c.yaml:4)"},
		{"value that is a section", minimal + "web: {brand: {a: b}}\n", nil, "web.brand: must be a single value (c.yaml:4)"},
		{"not YAML", "a: [", nil, "is not YAML"},
		{"two documents", minimal + "---\na: b\n", nil, "has more than one document"},
		{"top is a list", "- a\n", nil, "must be a mapping"},
		{"unknown variable", minimal, []string{"LATCHKEY_LOG_LEVLE=info"}, "LATCHKEY_LOG_LEVLE: is not a known variable; did you mean LATCHKEY_LOG_LEVEL? (environment)"},
		{"bad value in a variable", minimal, []string{"LATCHKEY_LOG_LEVEL=loud"}, `log.level: is "loud"; it must be one of debug, info, warn, error (environment LATCHKEY_LOG_LEVEL)`},
		{"bad boolean", minimal + "dev: yes\n", nil, "dev: must be true or false"},
		{"bad number", minimal + "keys2: 1\naccounts: {hash: {passes: two}}\n", nil, "accounts.hash.passes: must be a whole number"},
		{"number too low", minimal + "accounts: {hash: {passes: 0}}\n", nil, "accounts.hash.passes: is 0; it must be at least 1"},
		{"bad duration", minimal + "tokens: {code_ttl: 60}\n", nil, "tokens.code_ttl: is not a duration"},
		{"negative duration", minimal + "tokens: {code_ttl: -5s}\n", nil, "tokens.code_ttl: is not a duration"},
		{"RFC 6749 §4.1.2 code too long", minimal + "tokens: {code_ttl: 11m}\n", nil, "tokens.code_ttl: is 11m; it must be at most 10m"},
		{"bad size", minimal + "accounts: {hash: {memory: 19MB}}\n", nil, "accounts.hash.memory: is not a size"},
		{"weak hash", minimal + "accounts: {hash: {memory: 1MiB}}\n", nil, "accounts.hash.memory: is 1MiB; outside of dev it must be at least 7MiB"},
		{"bad network", minimal + "server: {trusted_proxies: [10.0.0]}\n", nil, `server.trusted_proxies: has "10.0.0", which is no network`},
		{"everybody trusted", minimal + "server: {trusted_proxies: [0.0.0.0/0]}\n", nil, "which is everybody"},
		{"bits beyond the mask", minimal + "server: {trusted_proxies: [10.1.0.0/8]}\n", nil, "it would be 10.0.0.0/8"},
		{"no issuer", replace("issuer: https://id.example.com\n", ""), nil, "issuer: is missing"},
		{"http issuer", replace("https://id", "http://id"), nil, "issuer: uses http; outside of dev only loopback hosts may (c.yaml:1)"},
		{"other scheme", replace("https://id", "ftp://id"), nil, "issuer: must begin with https://"},
		{"issuer with braces", replace("id.example.com", "id.example.com/{x}"), nil, "issuer: must not have braces in its path"},
		{"issuer with query", replace("id.example.com", "id.example.com?x=1"), nil, "issuer: must have neither query nor fragment"},
		{"issuer with fragment", replace("id.example.com", "id.example.com#x"), nil, "issuer: must have neither query nor fragment"},
		{"issuer with slash", replace("id.example.com", "id.example.com/"), nil, "issuer: must not end with a slash"},
		{"issuer with userinfo", replace("id.example.com", "a@id.example.com"), nil, "issuer: must not have user information"},
		{"issuer in capitals", replace("id.example.com", "ID.example.com"), nil, "issuer: must have its host in lower case"},
		{"issuer that is no URL", replace("https://id.example.com", "id"), nil, "issuer: is no URL"},
		{"postgres without a place", minimal, []string{"LATCHKEY_STORAGE_DRIVER=postgres"}, "storage.postgres.url: is missing"},
		{"postgres at no place", minimal, []string{"LATCHKEY_STORAGE_DRIVER=postgres", "LATCHKEY_STORAGE_POSTGRES_URL=postgres://u:secret-word@h:port/d"}, "storage.postgres.url: is no connection string of PostgreSQL"},
		{"no sealing key", replace("sealing_key: "+goodKey, ""), nil, "keys.sealing_key: is missing"},
		{"short sealing key", replace(goodKey, "YWJj"), nil, "keys.sealing_key: key-encryption key has 3 bytes"},
		{"weak sealing key", replace(goodKey, strings.Repeat("0", 64)), nil, "keys.sealing_key: is weak"},
		{"secret and file", minimal, []string{"LATCHKEY_KEYS_SEALING_KEY_FILE=" + secret}, "keys.sealing_key_file: is set beside keys.sealing_key"},
		{"secret's file is missing", replace("sealing_key: "+goodKey, "sealing_key_file: "+dir+"/none"), nil, "keys.sealing_key_file: cannot be read"},
		{"previous sealing key", minimal, []string{"LATCHKEY_KEYS_PREVIOUS_SEALING_KEYS=abc"}, "keys.previous_sealing_keys: key-encryption key"},
		{"no RS256", minimal + "x: 1\n", []string{"LATCHKEY_KEYS_ALGORITHMS=ES256"}, "keys.algorithms: lacks RS256"},
		{"unknown algorithm", minimal, []string{"LATCHKEY_KEYS_ALGORITHMS=[RS256, none]"}, `keys.algorithms: is "none"`},
		{"algorithm not kept", minimal, []string{"LATCHKEY_KEYS_ALGORITHMS=RS256"}, "tokens.access_alg: is ES256, which keys.algorithms lacks"},
		{"rotation too fast", minimal, []string{"LATCHKEY_KEYS_ROTATE_EVERY=1h"}, "keys.rotate_every: is 1h; it must be longer than 1d"},
		{"no sender", replace("from: a@example.com, ", ""), nil, "mail.from: is missing"},
		{"bad sender", replace("a@example.com", "nobody"), nil, "mail.from: is no mail address"},
		{"no mail server", replace(`address: "mail.example.com:587"`, ""), nil, "mail.smtp.address: is missing"},
		{"bad mail server", replace(":587", ""), nil, "mail.smtp.address: is no host:port"},
		{"password in the clear", minimal, []string{"LATCHKEY_MAIL_SMTP_PASSWORD=x", "LATCHKEY_MAIL_SMTP_USERNAME=x", "LATCHKEY_MAIL_SMTP_TLS=none"}, "mail.smtp.tls: is none"},
		{"password without name", minimal, []string{"LATCHKEY_MAIL_SMTP_PASSWORD=x"}, "mail.smtp.username: and mail.smtp.password go together"},
		{"bad listener", minimal, []string{"LATCHKEY_SERVER_LISTEN=8080"}, "server.listen: is no host:port (environment LATCHKEY_SERVER_LISTEN)"},
		{"one listener for both", minimal, []string{"LATCHKEY_SERVER_OPS_LISTEN=:8080"}, "server.ops_listen: is the same as server.listen"},
		{"half of TLS", minimal, []string{"LATCHKEY_SERVER_TLS_CERT_FILE=x"}, "server.tls.key_file: is missing"},
		{"other half of TLS", minimal, []string{"LATCHKEY_SERVER_TLS_KEY_FILE=x"}, "server.tls.cert_file: is missing"},
		{"TLS files", minimal, []string{"LATCHKEY_SERVER_TLS_KEY_FILE=x", "LATCHKEY_SERVER_TLS_CERT_FILE=x"}, "server.tls.cert_file: cannot be used"},
		{"host with port", minimal, []string{"LATCHKEY_SERVER_HOSTS=a:1"}, "server.hosts: has"},
		{"unknown driver", minimal, []string{"LATCHKEY_STORAGE_DRIVER=mysql"}, "storage.driver: is"},
		{"locale", minimal, []string{"LATCHKEY_WEB_DEFAULT_LOCALE=not a tag"}, "web.default_locale: is none of the languages that there are: ar, de, en, es, fr"},
		{"locale that we have no words of", minimal, []string{"LATCHKEY_WEB_DEFAULT_LOCALE=tlh"}, "web.default_locale: is none of the languages that there are: ar, de, en, es, fr"},
		{"link", minimal, []string{"LATCHKEY_WEB_HELP_URL=javascript:alert(1)"}, "web.help_url: is no http or https URL"},
		{"session shorter when kept", minimal, []string{"LATCHKEY_ACCOUNTS_SESSION_PERSISTENT_TTL=1h"}, "accounts.session.persistent_ttl: is shorter"},
		{"client: unknown key", client("redirect_uri: x"), nil, "clients[0].redirect_uri: is not a known key; did you mean redirect_uris? (c.yaml:5)"},
		{"client: for nobody", client("redirect_uris: ['https://a.example/'], token_endpoint_auth_method: none, allowed_groups: []"), nil, "clients[0].allowed_groups: has no groups; leave it out for everybody (c.yaml:5)"},
		{"client: for nobody, null", client("redirect_uris: ['https://a.example/'], token_endpoint_auth_method: none, allowed_groups: "), nil, "clients[0].allowed_groups: has no groups; leave it out for everybody (c.yaml:5)"},
		{"client: no redirect URI", client("token_endpoint_auth_method: none"), nil, "clients[a].redirect_uris: has none"},
		{"client: http redirect URI", client("token_endpoint_auth_method: none, redirect_uris: ['http://a.example/']"), nil, "uses http; only loopback addresses may (c.yaml:5)"},
		{"client: wildcard", client("token_endpoint_auth_method: none, redirect_uris: ['https://*.example/']"), nil, "has a wildcard"},
		{"client: weak secret", client("redirect_uris: ['https://a.example/'], secrets: [{value: short}]"), nil, "clients[a].secrets[0]: is weak"},
		{"client: no secret", client("redirect_uris: ['https://a.example/']"), nil, "clients[a].secrets: has none"},
		{"client: three secrets", client("redirect_uris: ['https://a.example/'], secrets: [{value: aaaaaaaaaaaaaaaa1}, {value: aaaaaaaaaaaaaaaa2}, {value: aaaaaaaaaaaaaaaa3}]"), nil, "at most 2 can be live"},
		{"client: bad hash", client("redirect_uris: ['https://a.example/'], secrets: [{hash: 'md5:x'}]"), nil, "clients[a].secrets[0]: hash is neither"},
		{"client: secret twice", client("redirect_uris: ['https://a.example/'], secrets: [{value: aaaaaaaaaaaaaaaa1, hash: 'sha256:x'}]"), nil, "needs exactly one of"},
		{"client: implicit", client("response_types: [token], token_endpoint_auth_method: none, redirect_uris: ['https://a.example/']"), nil, `clients[0].response_types: is "token"; it must be one of code, id_token`},
		{"client: password grant", client("grant_types: [password]"), nil, `clients[0].grant_types: is "password"`},
		{"client: public with client_credentials", client("grant_types: [client_credentials], token_endpoint_auth_method: none"), nil, "which a public client cannot use"},
		{"client: twice", minimal + "clients: [{client_id: a, token_endpoint_auth_method: none, redirect_uris: ['https://a.example/']}, {client_id: a, token_endpoint_auth_method: none, redirect_uris: ['https://a.example/']}]\n", nil, "clients[a]: is declared twice"},
		{"clients that are no list", minimal + "clients: x\n", nil, "clients: must be a list of clients"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, faults := load(t, row.file, row.env)
			got := faults
			for line := range strings.Lines(faults) { // the folder of the file is of no interest
				if i := strings.Index(line, "("+os.TempDir()); i >= 0 {
					got = strings.ReplaceAll(got, line[i+1:strings.LastIndex(line, "/")+1], "")
				}
			}
			if !strings.Contains(got, row.want) {
				t.Errorf("want %s\n got %s", row.want, got)
			}
			if strings.Contains(got, goodKey) {
				t.Error("a fault tells a secret")
			}
		})
	}
}

func TestAllFaultsAtOnce(t *testing.T) {
	_, faults := load(t, "issuer: http://x.example\nlog: {level: loud, colour: red}\n", []string{"LATCHKEY_NONSENSE=1"})
	for _, want := range []string{"issuer: ", "log.level: ", "log.colour: ", "LATCHKEY_NONSENSE: ", "keys.sealing_key: ", "mail.from: ", "mail.smtp.address: "} {
		if strings.Count("\n"+faults, "\n"+want) != 1 {
			t.Errorf("%s is not told once:\n%s", want, faults)
		}
	}
}

func TestSecretsAreRedacted(t *testing.T) {
	s := NewSecret("hunter2")
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "secret", s, "in", struct{ S Secret }{s})
	asJSON, _ := json.Marshal(struct{ S Secret }{s})
	asYAML, _ := yaml.Marshal(struct{ S Secret }{s})
	all := fmt.Sprintf("%v %+v %#v %s %q %x %v", s, s, s, s, s, s, struct{ S Secret }{s}) + log.String() + string(asJSON) + string(asYAML)
	if strings.Contains(all, "hunter2") || strings.Contains(all, fmt.Sprintf("%x", "hunter2")) {
		t.Error(all)
	}
	c, faults := load(t, strings.Replace(minimal, "mail: {", "clients: [{client_id: a, redirect_uris: ['https://a.example/'], secrets: [{value: topsecrettopsecret}]}]\nmail: {", 1), nil)
	if faults != "" {
		t.Fatal(faults)
	}
	shown, err := c.Effective()
	if err != nil || bytes.Contains(shown, []byte(goodKey)) || bytes.Contains(shown, []byte("topsecret")) || !bytes.Contains(shown, []byte("client_id: a")) {
		t.Errorf("%v\n%s", err, shown)
	}
	if !bytes.Contains(shown, []byte("sealing_key: '[redacted]'")) || !bytes.Contains(shown, []byte("level: info # default")) {
		t.Errorf("%s", shown)
	}
}

func TestSecretFile(t *testing.T) {
	path := write(t, "key", goodKey+"\n")
	c, faults := load(t, strings.Replace(minimal, "sealing_key: "+goodKey, "sealing_key_file: "+path, 1), nil)
	if faults != "" || c.Keys.SealingKey.Reveal() != goodKey || c.Keys.SealingKeyFile != path {
		t.Error(faults)
	}
}

// Whatever [Config.Effective] prints can be read again, and means the same.
func TestEffectiveRoundTrip(t *testing.T) {
	c, faults := load(t, minimal, []string{"LATCHKEY_SERVER_TRUSTED_PROXIES=10.0.0.0/8, fd00::/8", "LATCHKEY_TOKENS_REFRESH_TTL=1d12h"})
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
	second, err := again.Effective()
	if err != nil {
		t.Fatal(err)
	}
	strip := func(b []byte) (out []string) {
		for line := range strings.Lines(string(b)) {
			line, _, _ = strings.Cut(strings.TrimSpace(line), " #")
			if line != "" && !strings.HasPrefix(line, "#") {
				out = append(out, line)
			}
		}
		return out
	}
	if a, b := strip(shown), strip(second); strings.Join(a, "\n") != strings.Join(b, "\n") {
		t.Errorf("%v\n%v", a, b)
	}
}

func TestExample(t *testing.T) {
	committed, err := os.ReadFile("../../../config.example.yaml")
	if err != nil || !bytes.Equal(committed, Example()) {
		t.Errorf("config.example.yaml has drifted; print it anew with `go run ./cmd/latchkey config example` (%v)", err)
	}
	if _, faults := load(t, string(committed), []string{"LATCHKEY_ISSUER=https://a.example", "LATCHKEY_KEYS_SEALING_KEY=" + goodKey,
		"LATCHKEY_MAIL_FROM=a@example.com", "LATCHKEY_MAIL_SMTP_ADDRESS=a:25"}); faults != "" {
		t.Error(faults)
	}
	// With everything that is commented out, every key is there and known.
	var all strings.Builder
	for line := range strings.Lines(string(committed)) {
		bare := strings.TrimLeft(line, " ")
		if rest, ok := strings.CutPrefix(bare, "# "); ok {
			name, _, isKey := strings.Cut(strings.TrimLeft(rest, " -#"), ": ")
			if !isKey && !strings.HasSuffix(rest, ":\n") || strings.ContainsAny(name, " .") || strings.HasPrefix(strings.TrimLeft(rest, " "), "#") {
				continue
			}
			line = line[:len(line)-len(bare)] + rest
		}
		all.WriteString(line)
	}
	_, faults := load(t, all.String(), nil)
	if strings.Contains(faults, "not a known key") || strings.Contains(faults, "not YAML") {
		t.Errorf("%s\n%s", faults, all.String())
	}
	var tree map[string]any
	if err := yaml.Unmarshal([]byte(all.String()), &tree); err != nil {
		t.Fatal(err)
	}
	var c Config
	for _, k := range c.table() {
		at := any(tree)
		for part := range strings.SplitSeq(k.path, ".") {
			at = at.(map[string]any)[part]
		}
		if at == nil {
			t.Errorf("%s is not in the example", k.path)
		}
		if k.doc == "" {
			t.Errorf("%s has no meaning", k.path)
		}
	}
}

func TestDurationAndSize(t *testing.T) {
	for text, want := range map[string]time.Duration{"30d": 720 * time.Hour, "1d12h": 36 * time.Hour, "90s": 90 * time.Second, "0s": 0, "24h": 24 * time.Hour} {
		d, err := parse[Duration](text)
		if err != nil || d.D() != want {
			t.Errorf("%s: %v %v", text, d, err)
		}
		if again, err := parse[Duration](d.String()); err != nil || again != d {
			t.Errorf("%s became %s", text, d)
		}
	}
	for _, text := range []string{"", "5", "d", "-1d", "1d-2h", "99999d", "1.5d", "d5h"} {
		if d, err := parse[Duration](text); err == nil && text != "99999d" {
			t.Errorf("%q is read as %v", text, d)
		}
	}
	for text, want := range map[string]Size{"65536": 65536, "64KiB": 65536, "19MiB": 19 << 20, "1GiB": 1 << 30, "0": 0} {
		z, err := parse[Size](text)
		if err != nil || z != want {
			t.Errorf("%s: %v %v", text, z, err)
		}
		if again, err := parse[Size](z.String()); err != nil || again != z {
			t.Errorf("%s became %s", text, z)
		}
	}
	for _, text := range []string{"", "MiB", "-1", "1.5MiB", "9999999999999GiB", "1MB"} {
		if z, err := parse[Size](text); err == nil {
			t.Errorf("%q is read as %v", text, z)
		}
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(minimal)
	f.Add("clients: [{client_id: a, secrets: [{value: x}]}]")
	f.Add("a: &x {b: *x}")
	f.Fuzz(func(t *testing.T, content string) {
		path := filepath.Join(t.TempDir(), "c.yaml")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if c, err := Load(Sources{File: path}); err == nil {
			if _, err := c.Effective(); err != nil {
				t.Error(err)
			}
		}
	})
}
