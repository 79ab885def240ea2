package config

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/mail"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"latchkey/keys"
	"latchkey/provider/client"
	"latchkey/provider/serve"
)

// check does what concerns more than one key, or more than a value's syntax.
func (c *Config) check(fault func(path, format string, args ...any)) {
	c.checkIssuer(fault)
	c.checkServer(fault)
	c.checkStorage(fault)
	c.checkKeys(fault)
	c.checkMail(fault)
	c.checkClients(fault)
	c.checkForwarded(fault)
	c.checkFetch(fault)
	c.checkBackup(fault)
	c.checkPasskeys(fault)
	c.checkResources(fault)
	c.checkSecond(fault)
	c.checkLifecycle(fault)
	if c.Accounts.Session.PersistentTTL < c.Accounts.Session.TTL {
		fault("accounts.session.persistent_ttl", "is shorter than accounts.session.ttl")
	}
	if !c.Dev && c.Accounts.Hash.Memory < 7<<20 {
		fault("accounts.hash.memory", "is %v; outside of dev it must be at least 7MiB", c.Accounts.Hash.Memory)
	}
	if c.Accounts.Hash.Memory < Size(c.Accounts.Hash.Lanes)*8<<10 {
		fault("accounts.hash.memory", "must be at least 8KiB for each lane") // RFC 9106 §3.1
	}
	c.checkLocale(fault)
	for path, value := range map[string]string{"web.help_url": c.Web.HelpURL, "web.privacy_url": c.Web.PrivacyURL, "web.terms_url": c.Web.TermsURL, "telemetry.endpoint": c.Telemetry.Endpoint,
		"accounts.password.breach.url": c.Accounts.NewPassword.Breach.URL} {
		if u, err := url.Parse(value); value != "" && (err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http") {
			fault(path, "is no http or https URL")
		}
	}
}

func (c *Config) checkIssuer(fault func(path, format string, args ...any)) {
	if c.Issuer == "" {
		fault("issuer", "is missing; it is the URL that people and applications reach us at, such as https://id.example.com")
		return
	}
	u, err := url.Parse(c.Issuer)
	switch {
	case err != nil || u.Hostname() == "" || u.Opaque != "":
		fault("issuer", "is no URL such as https://id.example.com")
		return
	case u.Scheme != "https" && u.Scheme != "http" || !strings.HasPrefix(c.Issuer, u.Scheme+"://"):
		fault("issuer", "must begin with https://")
	case u.Scheme == "http" && !serve.IsLoopback(u.Hostname()) && !c.Dev:
		fault("issuer", "uses http; outside of dev only loopback hosts may")
	}
	if strings.ContainsAny(c.Issuer, "?#") {
		fault("issuer", "must have neither query nor fragment") // OpenID Connect Discovery §3
	}
	if u.User != nil {
		fault("issuer", "must not have user information")
	}
	if strings.HasSuffix(c.Issuer, "/") {
		fault("issuer", "must not end with a slash: applications compare it byte by byte")
	}
	if u.Host != strings.ToLower(u.Host) {
		fault("issuer", "must have its host in lower case: applications compare it byte by byte")
	}
	if strings.ContainsAny(u.Path, "{}") {
		fault("issuer", "must not have braces in its path") // a route could not be told from a template
	}
	if strings.Contains(u.Path, "//") || strings.Contains(u.Path+"/", "/../") || strings.Contains(u.Path+"/", "/./") {
		fault("issuer", "has an empty or dot segment in its path")
	}
}

func (c *Config) checkServer(fault func(path, format string, args ...any)) {
	for path, address := range map[string]string{"server.listen": c.Server.Listen, "server.ops_listen": c.Server.OpsListen, "mail.smtp.address": c.Mail.SMTP.Address} {
		if address == "" && path != "server.listen" {
			continue
		}
		host, port, err := net.SplitHostPort(address)
		if err == nil && (port == "" || host == "" && path == "mail.smtp.address") {
			err = net.InvalidAddrError("incomplete")
		}
		if err == nil {
			_, err = net.LookupPort("tcp", port)
		}
		if err != nil {
			fault(path, "is no host:port")
		}
	}
	if _, port, err := net.SplitHostPort(c.Server.Listen); err == nil && port != "0" && c.Server.Listen == c.Server.OpsListen {
		fault("server.ops_listen", "is the same as server.listen; metrics must not face the public")
	}
	cert, key := c.Server.TLS.CertFile, c.Server.TLS.KeyFile
	switch {
	case cert != "" && key == "":
		fault("server.tls.key_file", "is missing beside server.tls.cert_file")
	case cert == "" && key != "":
		fault("server.tls.cert_file", "is missing beside server.tls.key_file")
	case cert != "":
		if err := keyPair(cert, key); err != nil {
			fault("server.tls.cert_file", "cannot be used with server.tls.key_file: %v", plain(err))
		}
	}
	for _, host := range c.Server.Hosts {
		if host == "" || strings.ContainsAny(host, "/:*@ ") {
			fault("server.hosts", "has %q, which is no host name without port", host)
		}
	}
}

func keyPair(certFile, keyFile string) error {
	cert, err := ReadFile(certFile)
	if err != nil {
		return err
	}
	key, err := ReadFile(keyFile)
	if err == nil {
		_, err = tls.X509KeyPair(cert, key)
	}
	return err
}

func (c *Config) checkFetch(fault func(path, format string, args ...any)) {
	if c.Fetch.CAFile == "" {
		return
	}
	pem, err := ReadFile(c.Fetch.CAFile)
	switch {
	case err != nil:
		fault("fetch.ca_file", "cannot be read: %v", plain(err))
	case !x509.NewCertPool().AppendCertsFromPEM([]byte(pem)):
		fault("fetch.ca_file", "has no certificate in PEM form")
	}
}

func (c *Config) checkKeys(fault func(path, format string, args ...any)) {
	k := &c.Keys
	switch {
	case k.SealingKey.IsSet():
		c.checkSealingKey("keys.sealing_key", k.SealingKey.Reveal(), fault)
	case !c.Dev && !c.IsSet("keys.sealing_key_file"):
		fault("keys.sealing_key", "is missing; set it or keys.sealing_key_file (`latchkey keys generate-sealing-key` makes one)")
	}
	for line := range strings.Lines(k.PreviousSealingKeys.Reveal()) {
		if text := strings.TrimSpace(line); text != "" {
			c.checkSealingKey("keys.previous_sealing_keys", text, fault)
		}
	}
	if !slices.Contains(k.Algorithms, "RS256") {
		fault("keys.algorithms", "lacks RS256, which every provider must support") // OpenID Connect Discovery §3
	}
	if !slices.Contains(k.Algorithms, c.Tokens.AccessAlg) {
		fault("tokens.access_alg", "is %s, which keys.algorithms lacks", c.Tokens.AccessAlg)
	}
	if ahead := max(k.PublishAhead, 2*k.JWKSMaxAge); k.RotateEvery <= ahead {
		fault("keys.rotate_every", "is %v; it must be longer than %v, the longer of keys.publish_ahead and twice keys.jwks_max_age", k.RotateEvery, ahead)
	}
	if k.RSABits%8 != 0 {
		fault("keys.rsa_bits", "must be a multiple of 8")
	}
}

func (c *Config) checkSealingKey(path, text string, fault func(path, format string, args ...any)) {
	if c.origins[path] == "" && c.origins[path+"_file"] != "" {
		path += "_file"
	}
	key, err := keys.ParseSealingKey([]byte(text))
	if err != nil {
		fault(path, "%v", err)
		return
	}
	if len(slices.Compact(slices.Clone(key))) < 8 {
		fault(path, "is weak: it repeats itself; `latchkey keys generate-sealing-key` makes a good one")
	}
}

func (c *Config) checkMail(fault func(path, format string, args ...any)) {
	m := &c.Mail
	if m.From == "" {
		fault("mail.from", "is missing: resetting a password needs mail")
	} else if _, err := mail.ParseAddress(m.From); err != nil {
		fault("mail.from", "is no mail address")
	}
	if m.SMTP.Address == "" && !c.Dev {
		fault("mail.smtp.address", "is missing: resetting a password needs mail (in dev mode a page shows it instead)")
	}
	if (m.SMTP.Username == "") != !m.SMTP.Password.IsSet() && !c.IsSet("mail.smtp.password_file") {
		fault("mail.smtp.username", "and mail.smtp.password go together; one is missing")
	}
	if host, _, _ := net.SplitHostPort(m.SMTP.Address); m.SMTP.Password.IsSet() && m.SMTP.TLS == "none" && !serve.IsLoopback(host) {
		fault("mail.smtp.tls", "is none: the password would go over the network in the clear")
	}
}

func (c *Config) checkClients(fault func(path, format string, args ...any)) {
	ids := map[string]bool{}
	for i := range c.Clients {
		spec := &c.Clients[i]
		name, origin := "clients["+spec.made.ID+"]", c.origins["clients"]
		if file, line, found := cutLast(origin, ":"); found && strings.Trim(line, "0123456789") == "" {
			origin = file + ":" + strconv.Itoa(spec.line)
		}
		c.origins[name] = origin
		if ids[spec.made.ID] && spec.made.ID != "" {
			fault(name, "is declared twice")
		}
		ids[spec.made.ID] = true
		_, faults := spec.Record(Keep{Hash: client.HashSecret, Env: c.Declared.Env}, c.Served())
		for _, f := range faults {
			c.origins[name+"."+f.Key] = origin
			fault(name+"."+f.Key, "%s", f.Problem)
		}
	}
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}
