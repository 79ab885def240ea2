package config

import (
	"strings"

	"latchkey/keys"
)

// key is one row of the table: a name, where its value goes, and what people need to know about it.
type key struct {
	path string
	// to points at the value: *string, *bool, *int, *Duration, *Size, *Secret, *[]string, *[]netip.Prefix, *[]ClientSpec, *[]SecretSpec, *[]ResourceSpec, *Document or *OptionalDuration.
	to any
	// def is the default as text, dev the one in development mode where it is another; "" means the zero value.
	def, dev string
	doc      string
	// oneOf lists the values allowed; min and max bound numbers, durations and sizes, in the syntax of the value.
	oneOf    []string
	min, max string
	// empty is the fault of a list of a client that is there and holds nothing; "" where that is as if it were not there.
	empty string
	// fromFile points at where the name of a secret's file is kept; nil where nobody needs it.
	fromFile *string
}

// env is the name of the key's environment variable.
func (k key) env() string {
	return "LATCHKEY_" + strings.ToUpper(strings.ReplaceAll(k.path, ".", "_"))
}

// table is the single source of keys, in the order of the example file.
func (c *Config) table() []key {
	var t []key
	for _, part := range [][]key{c.serverKeys(), c.storageKeys(), c.backupKeys(), c.signingKeys(), c.protocolKeys(), c.accountKeys(), c.outerKeys(), c.webKeys(), c.declaredKeys()} {
		t = append(t, part...)
	}
	return t
}

func (c *Config) serverKeys() []key {
	s, l := &c.Server, &c.Server.Limits
	return []key{
		{path: "issuer", to: &c.Issuer, dev: "http://localhost:8080", doc: "The issuer: the one URL that every address we print begins with. https, without query, fragment and final slash. http is for loopback hosts, or dev."},
		{path: "dev", to: &c.Dev, def: "false", doc: "Development mode: http issuer, a mailbox page in place of mail, the sample application at /demo, a fresh sealing key. Never in production."},
		{path: "server.listen", to: &s.Listen, def: ":8080", dev: "127.0.0.1:8080", doc: "Address (host:port) of the public listener."},
		{path: "server.ops_listen", to: &s.OpsListen, def: ":9090", dev: "127.0.0.1:9090", doc: `Address of the operators' listener: /metrics, /livez, /readyz, /startupz. "" for none. Keep it from the public.`},
		{path: "server.admin_socket", to: &s.AdminSocket, doc: `Unix socket (mode 0600) that commands talk to while the server runs. "" means admin.sock beside the bolt file, "off" none.`},
		{path: "server.hosts", to: &s.Hosts, doc: "Host names answered beside the issuer's, without port. Any other host gets 421."},
		{path: "server.pprof", to: &s.Pprof, def: "false", doc: "Serve Go profiles at /debug/pprof/ on the operators' listener."},
		{path: "server.tls.cert_file", to: &s.TLS.CertFile, doc: "PEM certificate chain. Read again when it changes. Without it, TLS ends at a proxy."},
		{path: "server.tls.key_file", to: &s.TLS.KeyFile, doc: "PEM private key of the certificate."},
		{path: "server.trusted_proxies", to: &s.TrustedProxies, doc: "Networks (CIDR) of proxies whose Forwarded or X-Forwarded-For tells the client's address. Nobody else is believed."},
		{path: "server.shutdown.delay", to: &s.Shutdown.Delay, def: "10s", dev: "0s", max: "10m", doc: "How long to keep serving after SIGTERM while readiness is down, so that load balancers notice."},
		{path: "server.shutdown.timeout", to: &s.Shutdown.Timeout, def: "25s", min: "1s", max: "10m", doc: "How long requests under way may take after that."},
		{path: "server.limits.max_connections", to: &l.MaxConnections, def: "2048", min: "8", doc: "Open connections. When there is no room, the one that has waited longest without a request is closed."},
		{path: "server.limits.max_concurrent", to: &l.MaxConcurrent, def: "512", min: "4", doc: "The most requests worked on at once. Where processors are short, fewer are, as many as keep them busy. Sign-up and reset are shed first, then pages, then token; JWKS and discovery last."},
		{path: "server.limits.max_body", to: &l.MaxBody, def: "64KiB", min: "4KiB", max: "16MiB", doc: "Size of a request body, uploads aside."},
		{path: "server.limits.max_header", to: &l.MaxHeader, def: "16KiB", min: "4KiB", max: "1MiB", doc: "Size of a request's header."},
		{path: "server.limits.header_timeout", to: &l.HeaderTimeout, def: "5s", min: "100ms", max: "10m", doc: "Time to send a request's header."},
		{path: "server.limits.read_timeout", to: &l.ReadTimeout, def: "15s", min: "100ms", max: "10m", doc: "Time to send a whole request."},
		{path: "server.limits.write_timeout", to: &l.WriteTimeout, def: "30s", min: "100ms", max: "10m", doc: "Time to take the answer."},
		{path: "server.limits.idle_timeout", to: &l.IdleTimeout, def: "2m", min: "100ms", max: "1h", doc: "How long a connection may idle. Clients and proxies must let go of theirs sooner (nginx does after 60s, Traefik and Go's clients after 90s), or lose requests that meet its end."},
		{path: "server.limits.request_timeout", to: &l.RequestTimeout, def: "20s", min: "100ms", max: "10m", doc: "Time we give ourselves to serve a request."},
	}
}

func (c *Config) signingKeys() []key {
	k, t := &c.Keys, &c.Tokens
	return []key{
		{path: "keys.sealing_key", to: &k.SealingKey, fromFile: &k.SealingKeyFile, doc: "The key (32 bytes, base64 or hex) that seals private keys in the store. `latchkey keys generate-sealing-key` makes one. Keep it out of backups of the store."},
		{path: "keys.previous_sealing_keys", to: &k.PreviousSealingKeys, doc: "Former sealing keys, one a line, until `latchkey keys reseal` has run."},
		{path: "keys.rotate_every", to: &k.RotateEvery, def: "30d", min: "1s", max: "3650d", doc: "How long a signing key is active."},
		{path: "keys.publish_ahead", to: &k.PublishAhead, def: "24h", max: "365d", doc: "How long a key is in JWKS before it signs; never less than twice jwks_max_age."},
		{path: "keys.jwks_max_age", to: &k.JWKSMaxAge, def: "15m", min: "1s", max: "1d", doc: "How long caches may keep JWKS and discovery."},
		{path: "keys.skew", to: &k.Skew, def: "60s", max: "1h", doc: "How late verifiers' clocks may be: a retiring key stays that much longer."},
		{path: "keys.rsa_bits", to: &k.RSABits, def: "2048", min: "2048", max: "8192", doc: "Size of new RSA keys."},
		{path: "keys.algorithms", to: &k.Algorithms, def: "[RS256, ES256, EdDSA]", oneOf: keys.Algorithms(), doc: "The rings to keep. RS256 must be among them (OpenID Connect Discovery). One that is added to a running service signs once publish_ahead is over: give it to clients after that."},
		{path: "tokens.access_ttl", to: &t.AccessTTL, def: "10m", min: "1s", max: "30d", doc: "Lifetime of access tokens, for clients without an own one."},
		{path: "tokens.id_ttl", to: &t.IDTTL, def: "10m", min: "1s", max: "30d", doc: "Lifetime of ID tokens."},
		{path: "tokens.refresh_ttl", to: &t.RefreshTTL, def: "30d", min: "1s", max: "3650d", doc: "How long refresh tokens of an authorization live, from when it was given."},
		{path: "tokens.code_ttl", to: &t.CodeTTL, def: "60s", min: "1s", max: "10m", doc: "Lifetime of authorization codes."},
		{path: "tokens.refresh_grace", to: &t.RefreshGrace, def: "10s", max: "5m", doc: "How long the former refresh token gets the same successor again, for an answer that was lost. 0s turns it off."},
		{path: "tokens.access_alg", to: &t.AccessAlg, def: "ES256", oneOf: keys.Algorithms(), doc: "Algorithm of access tokens, for clients without an own one."},
		{path: "tokens.default_audience", to: &t.DefaultAudience, doc: `Audience of access tokens whose request names none. "" means the issuer.`},
	}
}

func (c *Config) accountKeys() []key {
	a := &c.Accounts
	dialect := func(name string, d *Dialect, ttl, minimum string) []key {
		p := "accounts.api." + name + "."
		return []key{
			{path: p + "enabled", to: &d.Enabled, def: "true", doc: "Serve the routes of the " + name + " dialect."},
			{path: p + "token_ttl", to: &d.TokenTTL, def: ttl, min: "1s", max: "365d", doc: "Lifetime of its access tokens."},
			{path: p + "password_min_length", to: &d.PasswordMinLength, def: minimum, min: "1", max: "64", doc: "Its shortest password, in characters."},
		}
	}
	t := []key{
		{path: "accounts.signup", to: &a.SignUp, def: "open", oneOf: []string{"open", "invite", "closed"}, doc: "Whether people may make accounts themselves: `open`; `invite`, only who was invited (`latchkey users invite`), and the pages say so; or `closed`. Invitations work in any case."},
		{path: "accounts.require_verified_email", to: &a.RequireVerifiedEmail, def: "false", doc: "Signing in needs a proven address."},
		{path: "accounts.reset_ttl", to: &a.ResetTTL, def: "15m", min: "1m", max: "1d", doc: "Lifetime of the link that resets a password."},
		{path: "accounts.verify_ttl", to: &a.VerifyTTL, def: "60m", min: "1m", max: "30d", doc: "Lifetime of the link that proves an address."},
		{path: "accounts.password.min_length", to: &a.PasswordMinLength, def: "8", min: "1", max: "64", doc: "Shortest password on pages, in characters. Where set, it raises the minimum of every dialect of the API too, never lowers it."},
	}
	t = append(t, c.passwordKeys()...)
	t = append(t, c.secondKeys()...)
	t = append(t, c.passkeyKeys()...)
	t = append(t, c.lifecycleKeys()...)
	t = append(t, c.activityKeys()...)
	t = append(t, c.portalKeys()...)
	t = append(t, []key{
		{path: "accounts.hash.memory", to: &a.Hash.Memory, def: "19MiB", min: "8KiB", max: "4GiB", doc: "Memory of one argon2id hash."},
		{path: "accounts.hash.passes", to: &a.Hash.Passes, def: "2", min: "1", max: "64", doc: "Passes of argon2id over that memory."},
		{path: "accounts.hash.lanes", to: &a.Hash.Lanes, def: "1", min: "1", max: "64", doc: "Lanes of argon2id."},
		{path: "accounts.hash.slots", to: &a.Hash.Slots, def: "0", min: "0", max: "1024", doc: "Hashes computed at once. 0 means as cores and memory allow."},
		{path: "accounts.hash.queue_wait", to: &a.Hash.QueueWait, def: "5s", min: "1ms", max: "1m", doc: "How long a request may wait for a hash. Who would wait longer gets 503 at once. In a flood, when many more come than can be served, the newest is served first; once it has lasted for 3 seconds, nobody else waits."},
		{path: "accounts.session.ttl", to: &a.Session.TTL, def: "12h", min: "1m", max: "365d", doc: "Lifetime of a browser session."},
		{path: "accounts.session.persistent_ttl", to: &a.Session.PersistentTTL, def: "30d", min: "1m", max: "3650d", doc: `Its lifetime with "keep me signed in".`},
		{path: "accounts.files.resume_max", to: &a.Files.ResumeMax, def: "5MiB", min: "1KiB", max: "64MiB", doc: "Size of a résumé."},
		{path: "accounts.files.picture_max", to: &a.Files.PictureMax, def: "2MiB", min: "1KiB", max: "64MiB", doc: "Size of a picture as it is sent."},
		{path: "accounts.limits.window", to: &a.Limits.Window, def: "15m", min: "1s", max: "1d", doc: "The window in which attempts are counted."},
		{path: "accounts.limits.pair_failures", to: &a.Limits.PairFailures, def: "5", min: "1", doc: "Failures for one client address and one account."},
		{path: "accounts.limits.account_failures", to: &a.Limits.AccountFailures, def: "50", min: "1", doc: "Failures for one account from anywhere."},
		{path: "accounts.limits.address_attempts", to: &a.Limits.AddressAttempts, def: "100", min: "1", doc: "Attempts of any kind from one client address."},
		{path: "accounts.limits.forgot_requests", to: &a.Limits.ForgotMails, def: "5", min: "1", doc: "Reset mails asked for one e-mail address."},
	}...)
	t = append(t, dialect("platform", &a.API.Platform, "24h", "6")...)
	t = append(t, dialect("session", &a.API.Session, "15m", "8")...)
	t = append(t, key{path: "accounts.api.session.refresh_ttl", to: &a.API.Session.RefreshTTL, def: "30d", min: "1s", max: "3650d", doc: "Lifetime of its refresh tokens."})
	return append(t, dialect("simple", &a.API.Simple, "7d", "6")...)
}

func (c *Config) outerKeys() []key {
	m := &c.Mail.SMTP
	return []key{
		{path: "mail.from", to: &c.Mail.From, dev: "Latchkey <latchkey@localhost>", doc: "Sender of mail, such as `Example <no-reply@example.com>`."},
		{path: "mail.smtp.address", to: &m.Address, doc: "Mail server, host:port. Without it, development mode shows mail on its mailbox page."},
		{path: "mail.smtp.tls", to: &m.TLS, def: "starttls", oneOf: []string{"starttls", "tls", "none"}, doc: "Encryption of the connection to it."},
		{path: "mail.smtp.username", to: &m.Username, doc: "Name to sign in with, if it asks for one."},
		{path: "mail.smtp.password", to: &m.Password, doc: "Password to sign in with."},
		{path: "mail.smtp.timeout", to: &m.Timeout, def: "20s", min: "1s", max: "10m", doc: "Time for each command."},
		{path: "clients", to: &c.Clients, doc: "Applications, in the names of RFC 7591."},
		{path: "clients_dir", to: &c.ClientsDir, doc: "Folder of YAML files, read again when they change: each has an application, a list of them, or a mapping of clients, groups and scopes."},
		{path: "log.level", to: &c.Log.Level, def: "info", oneOf: []string{"debug", "info", "warn", "error"}, doc: "What is logged at least."},
		{path: "log.format", to: &c.Log.Format, def: "json", dev: "text", oneOf: []string{"json", "text"}, doc: "Shape of the log's lines."},
		{path: "telemetry.traces", to: &c.Telemetry.Traces, def: "auto", oneOf: []string{"auto", "otlp", "none"}, doc: "Where traces go. auto: as OTEL_TRACES_EXPORTER says, else to the endpoint if there is one. The other OTEL_ variables are heeded too."},
		{path: "telemetry.endpoint", to: &c.Telemetry.Endpoint, doc: "Base URL of an OTLP/HTTP collector, such as http://collector:4318."},
	}
}

// KeyNames lists every key, each with suffix behind it: for completion.
func KeyNames(suffix string) (names []string) {
	var c Config
	for _, k := range c.table() {
		names = append(names, k.path+suffix)
	}
	return names
}
