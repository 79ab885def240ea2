package e2e

import (
	"slices"
	"strings"
	"testing"

	"latchkey/e2e/harness"
)

// TestDoctorOfReplicas: a probe finds its way to the replica whose socket was asked, past the others.
func TestDoctorOfReplicas(t *testing.T) {
	r := harness.StartReplicas(t, 3, harness.Database(t), harness.Options{Config: map[string]any{"server.trusted_proxies": nil}})
	out, stderr, _ := r.Run(t, "doctor")
	lines := strings.Split(out, "\n")
	if !slices.ContainsFunc(lines, func(l string) bool {
		return strings.HasPrefix(l, "OK") && strings.Contains(l, " forwarded ") && strings.Contains(l, "from the connection")
	}) {
		t.Errorf("no word about forwarded headers:\n%s%s", out, stderr)
	}
	if !slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, "OK") && strings.Contains(l, "schema ") }) {
		t.Errorf("no word about the database:\n%s%s", out, stderr)
	}
}
