package web

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"latchkey/provider/logo"
	"latchkey/provider/serve"
	"latchkey/storage"
	"latchkey/web/words"
)

// logoRoute is where the pictures of applications are served: the client's ID follows, and the version of its logo's address.
const logoRoute = "/client-logo/"

// app is an application as pages in one language show it. Addresses are http or https, or "".
type app struct {
	ID, Name               string
	URI, PolicyURI, TosURI string
	// Logo is the path of its picture, "" where it registered none. Cut is the outline of its key, which stands where no picture does.
	Logo, Cut string
	// Stranger: it registered itself, and nobody here vouches for what it says.
	Stranger bool
}

// app shows a client in the page's language.
func (f *frame) app(c storage.Client) app {
	said := func(member, plain string) string { return f.said(c, member, plain) }
	a := app{ID: c.ID, Name: words.Plain(said("client_name", c.Name)), URI: webLink(said("client_uri", c.URI)), PolicyURI: webLink(said("policy_uri", c.PolicyURI)),
		TosURI: webLink(said("tos_uri", c.TOSURI)), Cut: outline(c.ID), Stranger: c.Registered}
	if a.Name == "" {
		a.Name = words.Plain(c.ID)
	}
	if uri := said("logo_uri", c.LogoURI); uri != "" && f.s.Logos != nil {
		a.Logo = f.Path(logoRoute + url.PathEscape(c.ID) + "?v=" + logo.Version(uri))
	}
	return a
}

// said is what a client said in a member, in the page's language: the member that fits best, else the one without a language, else the first
// there is (RFC 7591 §2.2, OpenID Connect Registration §2.1).
func (f *frame) said(c storage.Client, member, plain string) string {
	var tags []string
	for _, name := range slices.Sorted(maps.Keys(c.Localized)) {
		if tag, ok := strings.CutPrefix(name, member+"#"); ok && c.Localized[name] != "" {
			tags = append(tags, tag)
		}
	}
	tag, ok := f.c.Pick(tags)
	switch {
	case ok:
	case plain != "" || len(tags) == 0:
		return plain
	default:
		tag = tags[0]
	}
	return c.Localized[member+"#"+tag]
}

// client finds an application, as far as it is known.
func (s *Site) client(ctx context.Context, id string) storage.Client {
	c, err := s.Client(ctx, id)
	if err != nil {
		return storage.Client{ID: id}
	}
	return c
}

// logo serves the picture of an application. Where there is none the answer is empty: what stands under the picture is seen.
func (s *Site) logo(w http.ResponseWriter, r *http.Request) error {
	id, err := url.PathUnescape(strings.TrimPrefix(s.rel(r), logoRoute))
	if err != nil {
		id = "" // nobody's
	}
	l, err := s.Logos.Logo(r.Context(), id, r.URL.Query().Get("v"))
	setHeaders(w.Header(), policy{secure: s.secure, upload: true})
	switch {
	case errors.Is(err, logo.ErrNone), errors.Is(err, logo.ErrLater):
		serve.RecordOf(r.Context()).Outcome = "no_logo"
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusNotFound)
		return nil
	case err != nil:
		return err
	}
	age := max(0, l.Until.Sub(s.now(r)))
	w.Header().Set("Cache-Control", "public, max-age="+strconv.Itoa(int(age/time.Second)))
	s.sendFile(w, r, storage.FileInfo{ContentType: l.ContentType}, l.Content)
	return nil
}
