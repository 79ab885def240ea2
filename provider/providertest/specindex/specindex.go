// Package specindex reads which clause of which specification stands in which file, and in the rows of which test. It must not judge: a
// clause without a test is shown as one.
package specindex

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// mention is a specification with the sections that follow its name.
var mention = regexp.MustCompile(`(RFC \d{4}(?:bis)?|OpenID Connect Core|OpenID Connect Discovery|OpenID Connect Registration|RP-Initiated Logout|` +
	`Front-Channel Logout|Back-Channel Logout|Session Management|Initiating User Registration|unmet_authentication_requirements|Multiple Response Type(?:s| Encoding Practices)|` +
	`Form Post Response Mode|OAuth 2\.1) ((?:§[\d.]*\d(?:, )?)+)`)

// Clause is one section of one specification.
type Clause struct{ Spec, Section string }

// Index maps clauses to the files and the tests that name them.
type Index struct{ Code, Tests map[Clause]map[string]bool }

// Read reads the Go files below the folders of root.
func Read(root string, folders ...string) (*Index, error) {
	x := &Index{Code: map[Clause]map[string]bool{}, Tests: map[Clause]map[string]bool{}}
	for _, folder := range folders {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(path) != ".go" {
				return err
			}
			rel, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			return x.file(path, filepath.ToSlash(rel))
		})
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", folder, err)
		}
	}
	return x, nil
}

func (x *Index) file(path, name string) error {
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	if !strings.HasSuffix(name, "_test.go") {
		for _, group := range f.Comments {
			if group.End() > f.Package { // what a package's doc lists is no check
				note(x.Code, group.Text(), name)
			}
		}
		return nil
	}
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || !strings.HasPrefix(fn.Name.Name, "Test") {
			continue
		}
		where := name + " " + fn.Name.Name
		note(x.Tests, fn.Doc.Text(), where)
		ast.Inspect(fn, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if s, err := strconv.Unquote(lit.Value); err == nil {
					note(x.Tests, s, where)
				}
			}
			return true
		})
	}
	return nil
}

func note(m map[Clause]map[string]bool, text, where string) {
	for _, hit := range mention.FindAllStringSubmatch(strings.Join(strings.Fields(text), " "), -1) {
		for section := range strings.SplitSeq(hit[2], ", ") {
			c := Clause{hit[1], strings.TrimPrefix(section, "§")}
			if c.Section == "" {
				continue
			}
			if m[c] == nil {
				m[c] = map[string]bool{}
			}
			m[c][where] = true
		}
	}
}

// Markdown is the index as a page: every clause that the code names, with its files and tests.
func (x *Index) Markdown() string {
	var b strings.Builder
	b.WriteString("# Clauses\n\nWhich clause of which specification is kept in which file, and which tests have a row for it. Made from the comments and the\n" +
		"names of test rows; `go test ./provider/providertest/specindex -update` writes it anew.\n")
	spec := ""
	for _, c := range slices.SortedFunc(maps.Keys(x.Code), before) {
		if c.Spec != spec {
			spec = c.Spec
			_, _ = fmt.Fprintf(&b, "\n## %s\n\n| clause | code | tests |\n| --- | --- | --- |\n", spec)
		}
		_, _ = fmt.Fprintf(&b, "| §%s | %s | %s |\n", c.Section, list(x.Code[c]), cmp.Or(list(x.Tests[c]), "–"))
	}
	return b.String()
}

func list(m map[string]bool) string { return strings.Join(slices.Sorted(maps.Keys(m)), "<br>") }

// before orders by specification, then by the numbers of the section.
func before(a, b Clause) int {
	if n := strings.Compare(a.Spec, b.Spec); n != 0 {
		return n
	}
	return slices.Compare(numbers(a.Section), numbers(b.Section))
}

func numbers(section string) []int {
	var out []int
	for s := range strings.SplitSeq(section, ".") {
		n, err := strconv.Atoi(s)
		if err != nil {
			n = 0
		}
		out = append(out, n)
	}
	return out
}
