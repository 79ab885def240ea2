package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"latchkey/provider/serve"
)

// devRoutes are the developer's pages; none where they are off.
func (s *Site) devRoutes(get, post func(p, name string, h serve.Handler) Route) []Route {
	if s.Dev == nil {
		return nil
	}
	return []Route{
		get("/dev", "dev", s.devDiscovery), get("/dev/validate", "dev_validate", s.devValidate),
		get("/dev/playground", "dev_playground", s.devPlayground), post("/dev/playground", "dev_playground", s.devStart), get("/dev/request", "dev_request", s.devRequest),
		get(DevCallback, "dev_callback", s.devCallback), post(DevCallback, "dev_callback", s.devExchange),
		get("/dev/kit", "dev_kit", s.devKit), get("/dev/token", "dev_token", s.devToken), post("/dev/token", "dev_token", s.devTokenPost),
	}
}

// HasDev tells the developer's menu what there is.
func (f *frame) HasDev() bool { return f.s.Dev != nil }

// devFrame begins a page of the developer's.
func (s *Site) devFrame(r *http.Request, here, title string) *frame {
	f := s.begin(r, "", "")
	f.Title, f.Here, f.Back = f.T(title), here, here
	return f
}

// explained is a member of a document, its value as JSON, and what it means.
type explained struct{ Name, Value, Text string }

type discoveryView struct {
	*frame
	Address string
	Members []explained
}

func (s *Site) devDiscovery(w http.ResponseWriter, r *http.Request) error {
	members, err := ordered(s.Dev.Discovery())
	if err != nil {
		return fmt.Errorf("read the discovery document: %w", err)
	}
	return s.draw(w, r, http.StatusOK, "portal", "dev", s.devFrame(r, "/dev", "dev.title").discovery(members))
}

// discovery explains the members of a discovery document.
func (f *frame) discovery(members []explained) *discoveryView {
	v := &discoveryView{frame: f, Address: f.s.Issuer + "/.well-known/openid-configuration", Members: members}
	for i, m := range v.Members {
		v.Members[i].Text = f.meaning("dev.meta." + m.Name)
	}
	return v
}

// meaning is the message of a key that may be missing.
func (f *frame) meaning(key string, args ...any) string {
	if !f.c.Has(key) {
		return ""
	}
	return f.T(key, args...)
}

// ordered lists the members of a JSON object as they stand there.
func ordered(object []byte) ([]explained, error) {
	d := json.NewDecoder(bytes.NewReader(object))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, fmt.Errorf("no object: %w", err)
	}
	var out []explained
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, err
		}
		out = append(out, explained{Name: fmt.Sprint(name), Value: pretty(value)})
	}
	return out, nil
}

// pretty is JSON on one line, with spaces where lines may break.
func pretty(value []byte) string {
	var b bytes.Buffer
	if err := json.Compact(&b, value); err != nil {
		return string(value)
	}
	return strings.NewReplacer(`","`, `", "`, `],"`, `], "`, `},"`, `}, "`).Replace(b.String())
}

// indented is JSON over several lines, or the text itself where it is none.
func indented(body []byte) string {
	var b bytes.Buffer
	if err := json.Indent(&b, body, "", "  "); err != nil {
		return string(body)
	}
	return b.String()
}
