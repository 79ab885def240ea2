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
