package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"latchkey/provider/serve"
)

type handOffView struct {
	*frame
	Host   string
	Target template.URL
}

// target checks an address that the browser is sent to. It is registered, so this is the second lock: what runs as script is refused.
func target(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme == "" || strings.ContainsFunc(s, func(r rune) bool { return r <= 0x20 || r == 0x7f }) {
		return nil, errors.New("the target is no absolute address")
	}
	switch strings.ToLower(u.Scheme) {
	case "javascript", "vbscript", "data", "blob", "file", "about", "view-source":
		return nil, fmt.Errorf("the target's scheme %q is refused", u.Scheme)
	case "http", "https":
		if u.Host == "" {
			return nil, errors.New("the target has no host")
		}
	}
	return u, nil
}

// HandOff takes the browser to target with a Refresh header, and a link for who stays.
func (s *Site) HandOff(w http.ResponseWriter, r *http.Request, to string) error {
	u, err := target(to)
	if err != nil {
		return fmt.Errorf("hand off: %w", err)
	}
	f := s.begin(r, "", "")
	host := u.Host
	if host == "" {
		host = u.Scheme + ":" // an application on this device
	}
	f.Title, f.Back, f.Notice = f.T("handoff.title", "host", host), "/", ""
	// Escaped by us: html/template knows only http, https and mailto for links, and native applications have schemes of their own (RFC 8252 §7.1).
	v := &handOffView{frame: f, Host: host, Target: template.URL(u.String())} //nolint:gosec // checked above
	var b bytes.Buffer
	if err := s.pages["handoff"].ExecuteTemplate(&b, "bow", v); err != nil {
		return fmt.Errorf("draw hand-off: %w", err)
	}
	setHeaders(w.Header(), policy{secure: s.secure})
	w.Header().Set("Refresh", "0; url="+u.String())
	s.html(w, r, http.StatusOK, b.Bytes())
	return nil
}

// submitter is the one line of script that is not in a file: the page that holds it allows this line by its hash, and nothing else.
const submitter = "document.forms[0].submit()"

type formPostView struct {
	*frame
	Host, Action string
	Params       []serve.Param
	Script       template.JS
}

// FormPost shows a form that posts itself (OAuth 2.0 Form Post Response Mode §2).
func (s *Site) FormPost(w http.ResponseWriter, r *http.Request, action string, params []serve.Param) error {
	u, err := target(action)
	if err != nil {
		return fmt.Errorf("form post: %w", err)
	}
	if u.Scheme != "https" && u.Scheme != "http" || !plainHost(u) {
		return errors.New("form post: the target is no http or https address")
	}
	f := s.begin(r, "", "")
	f.Title, f.Back, f.Notice = f.T("handoff.title", "host", u.Host), "/", ""
	v := &formPostView{frame: f, Host: u.Host, Action: action, Params: params, Script: submitter}
	var b bytes.Buffer
	if err := s.pages["formpost"].ExecuteTemplate(&b, "bare", v); err != nil {
		return fmt.Errorf("draw form post: %w", err)
	}
	sum := sha256.Sum256([]byte(submitter))
	setHeaders(w.Header(), policy{secure: s.secure, formAction: u.Scheme + "://" + u.Host, scriptHash: "sha256-" + base64.StdEncoding.EncodeToString(sum[:])})
	s.html(w, r, http.StatusOK, b.Bytes())
	return nil
}
