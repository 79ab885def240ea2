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
	} {
		if _, err := (release{files: []string{minimal}, values: values}).render(t); err != nil {
			t.Errorf("%s: %v", values, err)
		}
	}
}
