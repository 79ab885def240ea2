package provider_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// source is one Go file of the repository, its path relative to the root.
type source struct {
	path, dir string
	test      bool
	imports   []string
	// readsClock: it names time.Now.
	readsClock bool
}

func sources(t *testing.T) []source {
	t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	var out []source
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil //nolint:nilerr // a file that goes while we walk
		}
		if name := d.Name(); d.IsDir() && path != root && (strings.HasPrefix(name, ".") || name == "node_modules" || name == "testdata") {
			return filepath.SkipDir
		}
		if d.IsDir() || filepath.Ext(path) != ".go" {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		s := source{path: filepath.ToSlash(rel), dir: filepath.ToSlash(filepath.Dir(rel)), test: strings.HasSuffix(path, "_test.go")}
		for _, imp := range f.Imports {
			name, err := strconv.Unquote(imp.Path.Value)
			if err != nil {
				return err
			}
			s.imports = append(s.imports, name)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok && sel.Sel.Name == "Now" {
				if x, ok := sel.X.(*ast.Ident); ok && x.Name == "time" {
					s.readsClock = true
				}
			}
			return true
		})
		out = append(out, s)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 50 {
		t.Fatalf("only %d files: this is not the repository", len(out))
	}
	return out
}

// within says whether a package or folder is root or below it.
func within(path string, roots ...string) bool {
	return slices.ContainsFunc(roots, func(root string) bool { return path == root || strings.HasPrefix(path, root+"/") })
}

func standard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".") && first != "latchkey"
}

// TestFloors holds who may import whom. Each rule says of which files it speaks and what they must not import.
func TestFloors(t *testing.T) {
	rooms := []string{"grant", "authorize", "endpoint", "accountapi", "register", "forward"}
	files := sources(t)
	for _, rule := range []struct {
		name string
		// of: does the rule speak of this file? Tests are exempt, because they join things.
		of        func(s source) bool
		forbidden func(s source, path string) bool
	}{
		{"the protocol knows neither pages, drivers nor keys: they come as interfaces",
			func(s source) bool { return within(s.dir, "provider") && !within(s.dir, "provider/providertest") },
			func(_ source, p string) bool {
				return within(p, "latchkey/web", "html/template", "latchkey/storage/bolt", "latchkey/storage/memory", "latchkey/storage/postgres", "latchkey/keys", "go.etcd.io/bbolt", "github.com/jackc/pgx")
			}},
		{"grant, authorize, endpoint, accountapi, register and forward are neighbours, and know nothing of one another",
			func(s source) bool {
				return slices.ContainsFunc(rooms, func(r string) bool { return within(s.dir, "provider/"+r) })
			},
			func(s source, p string) bool {
				return slices.ContainsFunc(rooms, func(r string) bool { return within(p, "latchkey/provider/"+r) && !within(s.dir, "provider/"+r) })
			}},
		{"nothing of the protocol imports the assembly",
			func(s source) bool {
				return within(s.dir, "provider") && s.dir != "provider" && !within(s.dir, "provider/providertest")
			},
			func(_ source, p string) bool { return p == "latchkey/provider" }},
		{"the second floor does not import the third",
			func(s source) bool {
				return within(s.dir, "provider/serve", "provider/client", "provider/fetch", "provider/logo", "provider/picture", "provider/password", "provider/token", "provider/bearer", "provider/session", "provider/logout", "provider/account")
			},
			func(_ source, p string) bool {
				return within(p, "latchkey/provider/admin") || slices.ContainsFunc(rooms, func(r string) bool { return within(p, "latchkey/provider/"+r) })
			}},
		{"the vocabulary, the audit and the pace of refusals stand on the standard library alone",
			func(s source) bool { return within(s.dir, "provider/oauth", "provider/audit", "provider/pace") },
			func(_ source, p string) bool { return !standard(p) }},
		{"the fetcher knows the standard library and the vocabulary, not what it fetches",
			func(s source) bool { return within(s.dir, "provider/fetch") },
			func(_ source, p string) bool {
				return !standard(p) && !within(p, "latchkey/provider/oauth", "latchkey/provider/audit")
			}},
		{"the storage contract imports nothing of ours",
			func(s source) bool { return s.dir == "storage" },
			func(_ source, p string) bool { return within(p, "latchkey") }},
		{"drivers know the contract alone",
			func(s source) bool { return within(s.dir, "storage") },
			func(_ source, p string) bool { return within(p, "latchkey") && !within(p, "latchkey/storage") }},
		{"drivers know nothing of what is built on the contract",
			func(s source) bool { return within(s.dir, "storage/bolt", "storage/memory", "storage/postgres") },
			func(_ source, p string) bool {
				return within(p, "latchkey/storage/transfer", "latchkey/storage/archive", "latchkey/storage/cache", "latchkey/storage/watch")
			}},
		{"keys know the storage contract alone",
			func(s source) bool { return within(s.dir, "keys") },
			func(_ source, p string) bool {
				return within(p, "latchkey") && p != "latchkey/storage" && !within(p, "latchkey/keys")
			}},
		{"nothing below cmd imports cmd", func(s source) bool { return !within(s.dir, "cmd", "e2e") },
			func(_ source, p string) bool { return within(p, "latchkey/cmd") }},
		{"only tests use the issuer in memory", func(s source) bool { return !within(s.dir, "provider/providertest") },
			func(_ source, p string) bool { return within(p, "latchkey/provider/providertest") }},
		{"one router", func(s source) bool {
			return s.path != "provider/routes.go" && s.path != "web/routes.go" && s.path != "tools.go"
		},
			func(_ source, p string) bool { return p == "github.com/gorilla/mux" }},
		{"only commands and backups move whole stores", func(s source) bool { return !within(s.dir, "cmd/latchkey", "storage/transfer", "storage/archive") },
			func(_ source, p string) bool { return within(p, "latchkey/storage/transfer") }},
		{"bbolt is one driver's business", func(s source) bool { return !within(s.dir, "storage/bolt", "e2e/bench") && s.path != "tools.go" }, // the benchmark has bare costs to measure
			func(_ source, p string) bool { return within(p, "go.etcd.io/bbolt") }},
		{"pgx is one driver's business", func(s source) bool { return !within(s.dir, "storage/postgres", "e2e") },
			func(_ source, p string) bool { return within(p, "github.com/jackc") }},
	} {
		t.Run(rule.name, func(t *testing.T) {
			seen := false
			for _, s := range files {
				if s.test || !rule.of(s) {
					continue
				}
				seen = true
				for _, p := range s.imports {
					if rule.forbidden(s, p) {
						t.Errorf("%s imports %s", s.path, p)
					}
				}
			}
			if !seen {
				t.Error("the rule speaks of no file")
			}
		})
	}
}

// TestClock: the time is an argument everywhere but in the joinery.
func TestClock(t *testing.T) {
	for _, s := range sources(t) {
		if s.readsClock && !s.test && !within(s.dir, "cmd/latchkey", "e2e", "storage/archive/s3test") { // the last one is a real server, started by tests
			t.Errorf("%s reads the clock", s.path)
		}
	}
}
