package config

import "testing"

func TestDevIssuerFollowsTheListener(t *testing.T) {
	for _, row := range []struct {
		name, listen, issuer, want string
	}{
		{"another port", "127.0.0.1:9000", "", "http://localhost:9000"},
		{"every address", ":9000", "", "http://localhost:9000"},
		{"every address of IPv4", "0.0.0.0:9000", "", "http://localhost:9000"},
		{"every address of IPv6", "[::]:9000", "", "http://localhost:9000"},
		{"an address of this machine's network", "192.0.2.7:9000", "", "http://192.0.2.7:9000"},
		{"one of IPv6", "[2001:db8::7]:9000", "", "http://[2001:db8::7]:9000"},
		{"any port", "127.0.0.1:0", "", "http://localhost:8080"},
		{"an issuer that is set stays", "127.0.0.1:9000", "http://id.test", "http://id.test"},
	} {
		t.Run(row.name, func(t *testing.T) {
			flags := []Setting{{"--dev", "dev", "true"}, {"--set", "server.listen", row.listen}}
			if row.issuer != "" {
				flags = append(flags, Setting{"--issuer", "issuer", row.issuer})
			}
			c, err := Load(Sources{Flags: flags})
			if err != nil || c.Issuer != row.want {
				t.Errorf("%v %+v, want %s", err, c, row.want)
			}
		})
	}
	if _, err := Load(Sources{Flags: []Setting{{"--set", "server.listen", ":9000"}}}); err == nil {
		t.Error("outside of dev an issuer is made up")
	}
}
