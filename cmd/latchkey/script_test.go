package main

import (
	"net"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// The command under test is this binary itself.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"latchkey": func() { os.Exit(latchkey()) }})
}

// TestScripts runs every command as people do: testdata/*.txtar.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			env.Setenv("LATCHKEY_ISSUER", "https://id.example.com")
			env.Setenv("LATCHKEY_KEYS_SEALING_KEY", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
			env.Setenv("LATCHKEY_MAIL_FROM", "no-reply@example.com")
			env.Setenv("LATCHKEY_MAIL_SMTP_ADDRESS", "localhost:1")
			env.Setenv("LATCHKEY_STORAGE_BOLT_PATH", env.WorkDir+"/s.db")
			env.Setenv("LATCHKEY_SERVER_LISTEN", "127.0.0.1:0")
			env.Setenv("LATCHKEY_SERVER_OPS_LISTEN", "")
			ln, err := net.Listen("tcp", "127.0.0.1:0") // a port that was free a moment ago
			if err != nil {
				return err
			}
			env.Setenv("FREE_ADDRESS", ln.Addr().String())
			return ln.Close()
		},
	})
}
