package web

import (
	"bytes"
	standard "html/template"
	"io/fs"
	"path"
	"strings"
	"testing"
	"time"

	template "github.com/DataDog/datadog-agent/pkg/template/html"

	"latchkey/web/words"
)

// TestPagesAreWhatTheStandardLibraryDraws holds every page in every state against html/template, which finds methods by itself: a method that a template
// calls and no verb knows, a rewriting that means something else, and an escape that differs would all show.
func TestPagesAreWhatTheStandardLibraryDraws(t *testing.T) {
	s, err := newSite(Deps{Issuer: sampleAddress, SignUpOpen: true, ResetOpen: true, Now: sampleTime})
	if err != nil {
		t.Fatal(err)
	}
	names, err := fs.Glob(files, "templates/pages/*.html")
	if err != nil {
		t.Fatal(err)
	}
	theirs := map[string]*standard.Template{}
	for _, n := range names {
		name := strings.TrimSuffix(path.Base(n), ".html")
		theirs[name], err = standard.New(name).Option("missingkey=error").Funcs(s.functions()).ParseFS(files, "templates/*.html", n)
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, tag := range []string{words.Fallback, "ar"} {
		c, ok := s.words.Get(tag)
		if !ok {
			t.Fatal("no words in ", tag)
		}
		for _, one := range Samples() {
			f := s.frame(c, "")
			f.Person, f.Title = `A"><b>&'da`, `</title><script>x</script>`
			v := one.view(f)
			var ours, want bytes.Buffer
			if err := s.pages[one.page].ExecuteTemplate(&ours, one.layout, v); err != nil {
				t.Errorf("%s: %v", one.Name, err)
			}
			if err := theirs[one.page].ExecuteTemplate(&want, one.layout, v); err != nil {
				t.Errorf("%s, by the standard library: %v", one.Name, err)
			}
			if !bytes.Equal(ours.Bytes(), want.Bytes()) {
				t.Errorf("%s in %s is not what the standard library draws", one.Name, tag)
			}
		}
	}
}

// talker has a method, fields that bear verbs' names, and functions.
type talker struct {
	Path  string
	Since time.Time
	Inner *talker
	Say   func(string, ...any) string
	Token func(n int) int
	Map   map[string]any
}

func (s *talker) verb(name string) any {
	switch name {
	case "T":
		return s.T
	case "Where":
		return s.Where
	case "Has":
		return s.Has
	}
	return nil
}

func (s *talker) T(key string, args ...any) string {
	return strings.TrimSpace(key + " " + strings.Join(texts(args), "+"))
}
func (s *talker) Where() standard.URL { return "otpauth://a?b=c" } // the same each time
func (s *talker) Has(n int) bool      { return n > 1 }

func texts(args []any) (out []string) {
	for _, a := range args {
		one, _ := a.(string)
		out = append(out, one)
	}
	return out
}

func TestRewrite(t *testing.T) {
	v := &talker{Path: "<&>", Inner: &talker{Path: "/in?a=b c", Since: time.Unix(9, 0)}, Map: map[string]any{"Path": "mapped"}}
	for _, one := range []*talker{v, v.Inner} {
		one.Say, one.Token = one.T, func(n int) int { return n * 2 }
	}
	for _, row := range []struct {
		name, text string
		// ownOnly: the standard library takes it for a mistake.
		ownOnly bool
		want    string
	}{
		{"a method with arguments", `{{.T "a" "b" .Path}}`, false, "a b&#43;&lt;&amp;&gt;"},
		{"a method of a field", `{{.Inner.T "a"}}`, false, "a"},
		{"a method in an argument", `{{if and .Path (not .Since.IsZero)}}no{{else if .Since.IsZero}}zero{{end}}`, false, "zero"},
		{"a method of the root in a range", `{{range $i, $x := .Map}}{{$.T "k" $i}}={{$x}}{{end}}`, false, "k Path=mapped"},
		{"a method after a pipe", `{{"x" | .T "a" | printf "%s!"}}`, false, "a x!"},
		{"a method of a variable", `{{with $y := .Inner}}{{$y.T "a"}}{{$y.Path}}{{end}}`, false, "a/in?a=b c"},
		{"a field of the same name in an address", `<a href="{{.Inner.Path}}">`, false, `<a href="/in?a=b%20c">`},
		{"an address that is checked", `<a href="{{.Where}}">`, false, `<a href="otpauth://a?b=c">`},
		{"a key of a map", `{{.Map.Path}}`, false, "mapped"},
		{"a number", `{{if .Has 2}}two{{end}}{{.Has 1}}`, false, "twofalse"},
		{"a template with a method for its dot", `{{define "x"}}<b title='{{.}}'>{{end}}{{template "x" .T "'" "\""}}`, false, `<b title='&#39; &#34;'>`},
		{"a field that is a function, called", `{{call .Token 2}}`, false, "4"},
		{"a field that is a function, as a method", `{{.Token 2}}`, true, "4"},
		{"a chain behind parentheses", `{{(index .Map "Path")}} {{(.Inner).T "b"}}`, false, "mapped b"},
		{"a method that there is not", `{{.Day .Since}}`, false, ""},
		{"a field that there is not", `{{.Inner.Query}}`, false, ""},
		{"too many arguments", `{{.Has 1 2}}`, false, ""},
		{"an argument of another kind", `{{.Has "1"}}`, false, ""},
		{"no key", `{{.T}}`, false, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			own, err := template.New("own").Funcs(template.FuncMap{verbFunc: callVerb}).Parse(row.text)
			if err != nil {
				t.Fatal(err)
			}
			rewrite(own)
			var got, want bytes.Buffer
			err = own.Execute(&got, v)
			if (err != nil) != (row.want == "") || err == nil && got.String() != row.want {
				t.Errorf("%s %v", &got, err)
			}
			other, err := standard.New("own").Parse(row.text)
			if err != nil {
				t.Fatal(err)
			}
			err = other.Execute(&want, v)
			if !row.ownOnly && ((err != nil) != (row.want == "") || err == nil && want.String() != row.want) {
				t.Errorf("the standard library: %s %v", &want, err)
			}
		})
	}
}
