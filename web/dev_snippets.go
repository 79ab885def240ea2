package web

import (
	"embed"
	"net/http"
	"net/url"
	"strings"
)

//go:embed devsnippets
var snippetFiles embed.FS

// snippet is code for a language or a proxy, with this issuer's values.
type snippet struct {
	ID, Title string
	// Group is the name that tabs of one row share; Open: it is shown.
	Group string
	Open  bool
	// Note says what it needs and how it was tried.
	Note string
	Code string
	Copy copyButton
}

type snippetsView struct {
	*frame
	Issuer, Audience string
	Validate         []snippet
	SignIn           []snippet
}

// snippetNames are the files below devsnippets: what they are called, and the message that says how they were tried.
var snippetNames = []struct{ file, title, note string }{
	{"validate.go", "Go", "dev.snippet.go"}, {"validate.mjs", "Node", "dev.snippet.node"}, {"validate.py", "Python", "dev.snippet.python"}, {"validate.java", "Java", "dev.snippet.java"},
	{"validate.cs", ".NET", "dev.snippet.dotnet"}, {"nginx.conf", "nginx", "dev.snippet.nginx"}, {"envoy.yaml", "Envoy", "dev.snippet.envoy"}, {"kubectl.yaml", "kubectl", "dev.snippet.kubectl"},
}

var signInNames = []struct{ file, title, note string }{
	{"signin.go", "Go", "dev.snippet.signin.go"}, {"signin.mjs", "Node", "dev.snippet.signin.node"}, {"signin.py", "Python", "dev.snippet.signin.python"},
}

func (s *Site) devValidate(w http.ResponseWriter, r *http.Request) error {
	v, err := s.devFrame(r, "/dev/validate", "dev.validate").snippets()
	if err != nil {
		return err
	}
	return s.draw(w, r, http.StatusOK, "portal", "dev_validate", v)
}

func (f *frame) snippets() (*snippetsView, error) {
	v := &snippetsView{frame: f, Issuer: f.s.Issuer, Audience: f.s.Dev.Audience}
	for _, part := range []struct {
		id    string
		names []struct{ file, title, note string }
		into  *[]snippet
	}{{"validate", snippetNames, &v.Validate}, {"signin", signInNames, &v.SignIn}} {
		for _, n := range part.names {
			raw, err := snippetFiles.ReadFile("devsnippets/" + n.file + ".txt")
			if err != nil {
				return nil, err
			}
			id := part.id + "-" + strings.Trim(strings.ToLower(n.title), ".")
			*part.into = append(*part.into, snippet{ID: id, Group: part.id, Open: part.id == "validate" && len(*part.into) == 0, Title: n.title, Note: f.T(n.note), Code: f.s.fillSnippet(string(raw)), Copy: f.Copy(id, n.title)})
		}
	}
	return v, nil
}

// fillSnippet puts this issuer's values into a snippet.
func (s *Site) fillSnippet(code string) string {
	u, err := url.Parse(s.Issuer)
	if err != nil {
		return code // the issuer was parsed before
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return strings.NewReplacer("@ISSUER@", s.Issuer, "@AUDIENCE@", s.Dev.Audience, "@HOST@", u.Host, "@HOSTNAME@", u.Hostname(), "@PORT@", port, "@PATH@", s.base).Replace(code)
}
