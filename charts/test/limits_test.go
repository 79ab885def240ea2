package chart

import (
	"strings"
	"testing"
)

// What is refused because of another value, or of a bound that the configuration has: by the templates, in one line that says what to do, and not by a schema
// before them whose words say nothing.
func TestRefusedInWords(t *testing.T) {
	for _, r := range []struct{ values, says string }{
		{"replicas: 2", "replicas is 2, but storage.driver bolt keeps everything in one file that one process has: leave replicas at 1, or use storage.driver postgres"},
		{"autoscaling: {enabled: true}", "autoscaling.enabled needs storage.driver postgres: with bolt there is one replica"},
		{"backup: {cronJob: {enabled: true}}", "backup.cronJob.enabled needs storage.driver postgres: the file of bolt belongs to the server's process, which makes backups itself"},
		{"config: {accounts: {session: {ttl: 0s}}}", "config.accounts.session.ttl is 0s: it must be at least 1m"},
		{"config: {accounts: {session: {ttl: 59.9s}}}", "config.accounts.session.ttl is 59.9s: it must be at least 1m"},
		{"config: {tokens: {code_ttl: 9m61s}}", "config.tokens.code_ttl is 9m61s: it must be at most 10m"},
		{"config: {tokens: {access_ttl: 30d1ms}}", "config.tokens.access_ttl is 30d1ms: it must be at most 30d"},
		{"config: {fetch: {timeout: 99ms}}", "config.fetch.timeout is 99ms: it must be at least 100ms"},
		{"config: {server: {limits: {max_body: 17MiB}}}", "config.server.limits.max_body is 17MiB: it must be at most 16MiB"},
		{"config: {server: {limits: {max_header: 4095}}}", "config.server.limits.max_header is 4095: it must be at least 4KiB"},
		{"backup: {every: 366d, to: /backup}\nsecrets: {backupKey: {existingSecret: a}}", "backup.every is 366d: it must be at most 365d"},
		{"config: {keys: {publish_ahead: 400d}}", "config.keys.publish_ahead is 400d: it must be at most 365d"},
		{"config: {keys: {publish_ahead: 30d}}", "config.keys.rotate_every is 30d: it must be longer than config.keys.publish_ahead (30d) and twice config.keys.jwks_max_age (15m)"},
		{"config: {keys: {rotate_every: 30m, publish_ahead: 1s}}", "config.keys.rotate_every is 30m: it must be longer than"},
		{"config: {keys: {rsa_bits: 2049}}", "config.keys.rsa_bits is 2049: it must be a multiple of 8"},
		{"config: {keys: {algorithms: [ES256]}}", "config.keys.algorithms lacks RS256, which every provider must support"},
		{"config: {tokens: {access_alg: RS384}}", "config.tokens.access_alg is RS384, which config.keys.algorithms (RS256, ES256, EdDSA) lacks"},
		{"config: {keys: {algorithms: [RS256]}}", "config.tokens.access_alg is ES256, which config.keys.algorithms (RS256) lacks"},
		{"config: {accounts: {session: {persistent_ttl: 11h}}}", "config.accounts.session.persistent_ttl is 11h: it must not be shorter than config.accounts.session.ttl (12h)"},
		{"config: {accounts: {hash: {memory: 6MiB}}}", "config.accounts.hash.memory is 6MiB: it must be at least 7MiB"},
		{"server: {trustedProxies: [10.0.0.1/8]}", "server.trustedProxies has 10.0.0.1/8, which has bits set beyond its mask"},
		{"config: {fetch: {allow: [192.168.1.0/16]}}", "config.fetch.allow has 192.168.1.0/16, which has bits set beyond its mask"},
		{"maintenance: {args: [restore]}", "maintenance.args: restore needs what to restore from: [restore, \"s3://bucket/prefix\"]"},
		{"maintenance: {args: [restore, --replace, --yes]}", "maintenance.args: restore needs what to restore from"},
		{"maintenance: {args: [restore, --key-file, /a, --skip-numbers, '7']}", "maintenance.args: restore needs what to restore from"},
		{"maintenance: {args: [restore, /backup, --replace]}", "maintenance.args: restore --replace asks before it replaces, and nobody can answer a Job: add --yes"},
		{"maintenance: {args: [migrate]}", "maintenance.args: migrate needs --from and --to: [migrate, --from, STORE, --to, STORE]"},
		{"maintenance: {args: [migrate, --from, 'bolt:/a']}", "maintenance.args: migrate needs --from and --to"},
		{"maintenance: {args: [migrate, --from, --to]}", "maintenance.args: migrate needs --from and --to"},
	} {
		_, err := release{files: []string{minimal}, values: r.values}.render(t)
		if err == nil {
			t.Errorf("%s: not refused", r.values)
			continue
		}
		if text := err.Error(); !strings.Contains(text, r.says) || strings.Count(text, "\n") > 0 {
			t.Errorf("%s: the message must be one line with %q: %v", r.values, r.says, err)
		}
	}
}

// What the server takes is not refused: every way to write a network, a mail server's port, a language, and values at their bounds.
func TestNotRefused(t *testing.T) {
	for _, values := range []string{
		"server: {trustedProxies: [10.0.0.0/8, 192.168.255.0/24, 255.255.255.255/32, 100.64.0.0/10, 'fd00::/8', '2001:db8:1:2:3:4:5:6/128', '2001:db8::1/128', '::1/128', '1::/16', '1:2:3:4:5:6:7::/112', '::ffff:10.0.0.0/104']}",
		"config: {fetch: {allow: [10.0.0.1, '::1', 'fe80::/10', 10.20.0.0/16]}}",
		"service: {type: LoadBalancer, loadBalancerSourceRanges: [0.0.0.0/0, '::/0', 10.0.0.0/8]}",
		"mail: {smtp: {address: 'm.example.com:65535'}}",
		"mail: {smtp: {address: '[2001:db8::1]:25'}}",
		"config: {web: {default_locale: de}}",
		"config: {accounts: {session: {ttl: 60s, persistent_ttl: 1m}}, tokens: {access_ttl: 29d24h, code_ttl: 1s}, fetch: {timeout: 0.1s}}",
		"config: {accounts: {session: {ttl: 365d, persistent_ttl: 3650d}, hash: {memory: 7340032}}, server: {limits: {max_body: 16MiB, max_header: 4096B}}}",
		"config: {keys: {rotate_every: 31m, publish_ahead: 0s}}",
		"config: {keys: {algorithms: [RS256, RS384], rsa_bits: 3072}, tokens: {access_alg: RS384}}",
		"{config: {keys: {algorithms: [RS256]}}, extraEnv: [{name: LATCHKEY_TOKENS_ACCESS_ALG, value: RS256}]}", // variables win over the file
		"{config: {keys: {algorithms: [RS256]}}, extraEnvFrom: [{configMapRef: {name: a}}]}",
		"maintenance: {args: [compact]}",
		"maintenance: {args: [restore, --key-file=/a, /backup]}",
		"maintenance: {args: [restore, '-', --replace, --yes]}",
		"maintenance: {args: [migrate, --from=bolt:/a, '--to', 'postgres:env:A']}",
	} {
		if _, err := (release{files: []string{minimal}, values: values}).render(t); err != nil {
			t.Errorf("%s: %v", values, err)
		}
	}
}
