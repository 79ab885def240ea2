package config

import (
	"net/netip"
	"testing"
)

// Addresses of clients are judged by fetch.allow when the configuration is read.
func TestServedKnowsWhatIsFetched(t *testing.T) {
	inside := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/16")}
	for _, row := range []struct {
		uri   string
		allow []netip.Prefix
		want  bool
	}{
		{"https://a.example/x", nil, true},
		{"https://a.example:80/x", nil, false},
		{"https://10.0.0.1/x", nil, false},
		{"https://10.0.0.1/x", inside, true},
		{"http://10.0.0.1/x", inside, true},
		{"http://10.1.0.1/x", inside, false},
		{"http://8.8.8.8:8080/x", inside, false},
		{"http://a.example/x", inside, true},
	} {
		c := Config{Fetch: Fetch{Allow: row.allow}}
		if err := c.Served().Fetchable(row.uri); (err == nil) != row.want {
			t.Errorf("%s with %v: %v", row.uri, row.allow, err)
		}
	}
}
