package harness

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

func configure(t testing.TB, o Options) *Server {
	t.Helper()
	s := &Server{t: t, o: o, Dir: o.Dir, Mail: o.Mail, Secrets: &Secrets{}, log: &Buffer{}}
	if s.Dir == "" { // short, since the socket's path may have some hundred bytes only
		dir, err := os.MkdirTemp("", "lk")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.RemoveAll(dir) })
		s.Dir = dir
	}
	if s.Mail == nil {
		s.Mail = NewMail(t, MailOptions{})
	}
	host, scheme := o.Host, o.Scheme
	if host == "" {
		host = "127.0.0.1"
	}
	if scheme == "" {
		scheme = "http"
	}
	port, ops := Port(t), Port(t)
	s.Issuer, s.Ops = fmt.Sprintf("%s://%s:%d%s", scheme, host, port, o.Path), fmt.Sprintf("http://127.0.0.1:%d", ops)
	s.ConfigFile, s.Store = filepath.Join(s.Dir, "latchkey.yaml"), filepath.Join(s.Dir, "latchkey.db")
	s.SealingKey, s.Socket = filepath.Join(s.Dir, "sealing.key"), filepath.Join(s.Dir, "admin.sock")
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	text := base64.StdEncoding.EncodeToString(key)
	s.Secrets.Add("sealing key", text, string(key))
	if err := os.WriteFile(s.SealingKey, []byte(text+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.Config = map[string]any{
		"issuer":                 s.Issuer,
		"server.listen":          fmt.Sprintf("127.0.0.1:%d", port),
		"server.ops_listen":      fmt.Sprintf("127.0.0.1:%d", ops),
		"server.admin_socket":    s.Socket,
		"server.trusted_proxies": []string{"127.0.0.1/32"}, // so that a client can say which address it has
		"server.shutdown.delay":  "0s",
		"storage.driver":         "bolt",
		"storage.bolt.path":      s.Store,
		"keys.sealing_key_file":  s.SealingKey,
		"mail.from":              "Latchkey <latchkey@example.test>",
		"mail.smtp.address":      s.Mail.Address,
		"mail.smtp.tls":          "none",
		"log.format":             "json",
		"accounts.hash.memory":   "7MiB", // cheap: what is tested is not the hash
		"accounts.hash.passes":   1,
	}
	maps.Copy(s.Config, o.Config)
	if o.Clients == nil {
		o.Clients = Clients()
	}
	s.Config["clients"] = o.Clients
	for _, c := range o.Clients {
		list, _ := c["secrets"].([]map[string]any)
		for _, secret := range list {
			s.Secrets.Add("client secret", fmt.Sprint(secret["value"]))
		}
	}
	s.WriteConfig(t)
	return s
}

// WriteConfig writes Config to ConfigFile.
func (s *Server) WriteConfig(t testing.TB) {
	t.Helper()
	tree := map[string]any{}
	for path, v := range s.Config {
		if v == nil {
			continue
		}
		at := tree
		parts := strings.Split(path, ".")
		for _, p := range parts[:len(parts)-1] {
			next, ok := at[p].(map[string]any)
			if !ok {
				next = map[string]any{}
				at[p] = next
			}
			at = next
		}
		at[parts[len(parts)-1]] = v
	}
	b, err := yaml.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.ConfigFile, b, 0o600); err != nil {
		t.Fatal(err)
	}
}
