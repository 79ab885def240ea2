package endpoint

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"latchkey/provider/oauth"
)

// maxPosted bounds what goes on in an address, in bytes.
const maxPosted = 7 << 10

// posted is a request that came by POST and goes on by GET.
type posted struct {
	Form string    `json:"f"`
	At   time.Time `json:"t"`
}

// again takes a posted request to a GET of our own: another site's POST comes without the session cookie (SameSite), so we would say
// "signed out" to who is not. What is sealed is worth no more than the request was.
func (e *Logout) again(w http.ResponseWriter, form oauth.Form) error {
	plain, err := json.Marshal(posted{Form: form.Encode(), At: e.Now()})
	if err != nil {
		return fmt.Errorf("encode logout: %w", err)
	}
	if len(plain) > maxPosted {
		return problem("request", "the request is too long", nil)
	}
	sealed, err := e.Vault.Seal(postedPurpose, "", plain)
	if err != nil {
		return fmt.Errorf("seal logout: %w", err)
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Location", e.Path+LogoutRoute+"?posted="+base64.RawURLEncoding.EncodeToString(sealed))
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

// form reads the parameters: from the body, from the query, or from what again sealed.
func (e *Logout) form(r *http.Request) (oauth.Form, error) {
	if r.Method == http.MethodPost {
		return oauth.PostForm(r)
	}
	f, err := oauth.QueryForm(r.URL.RawQuery)
	if err != nil || f.Get("posted") == "" {
		return f, err
	}
	var p posted
	b, err := oauth.DecodeBase64(f.Get("posted"))
	if err == nil {
		if b, err = e.Vault.Open(postedPurpose, "", b); err == nil {
			err = json.Unmarshal(b, &p)
		}
	}
	if err != nil || e.Now().Sub(p.At) >= askTTL {
		return oauth.Form{}, problem("expired", "", err)
	}
	return oauth.QueryForm(p.Form)
}
