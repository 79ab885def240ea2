package audit_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"latchkey/provider/audit"
)

// TestNamesAreAllThatAreDeclared reads the package's own source: an event that is declared and not listed would be counted as unknown.
func TestNamesAreAllThatAreDeclared(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var declared []audit.Name
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 {
				return true
			}
			kind, named := spec.Type.(*ast.Ident)
			value, literal := spec.Values[0].(*ast.BasicLit)
			if named && literal && kind.Name == "Name" {
				text, err := strconv.Unquote(value.Value)
				if err != nil {
					t.Fatal(err)
				}
				declared = append(declared, audit.Name(text))
			}
			return true
		})
	}
	listed := audit.Names()
	if len(declared) < 20 {
		t.Fatalf("only %d events found in the source", len(declared))
	}
	for _, n := range declared {
		if !slices.Contains(listed, n) {
			t.Errorf("%s is not in Names", n)
		}
	}
	if len(listed) != len(declared) {
		t.Errorf("Names has %d events, the source %d", len(listed), len(declared))
	}
}
