package provider_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"latchkey/provider"
	"latchkey/provider/account"
	"latchkey/provider/serve"
)

func TestSlowSecretsSpeakOfTheEdge(t *testing.T) {
	fault := errors.New("fault")
	for _, c := range []struct {
		name       string
		err        error
		status     int
		retryAfter time.Duration
	}{
		{"too often", &account.Refusal{Kind: account.Throttled, RetryAfter: time.Minute}, 429, time.Minute},
		{"queue full", &account.Refusal{Kind: account.Busy, RetryAfter: time.Second}, 503, time.Second},
		{"a fault stays one", fault, 500, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			check := provider.SlowSecrets(func(_ context.Context, _, _ string, who account.Caller) (bool, error) {
				if who.Address != "192.0.2.1" {
					t.Errorf("on behalf of %q", who.Address)
				}
				return false, c.err
			})
			ok, err := check(serve.WithRecord(t.Context(), &serve.Record{Address: "192.0.2.1"}), "encoded", "secret")
			if a := serve.Explain(err); ok || a.Status != c.status || a.RetryAfter != c.retryAfter {
				t.Errorf("got %v, %d, %s", ok, a.Status, a.RetryAfter)
			}
		})
	}
}
