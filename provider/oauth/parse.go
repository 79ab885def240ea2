package oauth

import (
	"io"
	"net/http"
	"net/url"
	"strings"
)

// FormType is the media type of forms.
const FormType = "application/x-www-form-urlencoded"

// manyParams is how many separators make a list one for [url.ParseQuery], which has its own bound for them.
const manyParams = 2 * MaxParams

// parse reads a list of parameters exactly as [url.ParseQuery] does, in one pass, and copies nothing that is not escaped. Where it fails, the values
// that came with the error are not those of ParseQuery.
func parse(s string) (url.Values, error) {
	n := strings.Count(s, "&") + 1
	if n > manyParams || strings.Contains(s, ";") {
		return url.ParseQuery(s)
	}
	out, each := make(url.Values, n), make([]string, 0, n)
	for s != "" {
		var pair string
		if pair, s, _ = strings.Cut(s, "&"); pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		var err error
		if name, err = unescape(name); err != nil {
			return nil, err
		}
		if value, err = unescape(value); err != nil {
			return nil, err
		}
		if was, again := out[name]; again {
			out[name] = append(was, value)
			continue
		}
		each = append(each, value)
		out[name] = each[len(each)-1 : len(each) : len(each)]
	}
	return out, nil
}

func unescape(s string) (string, error) {
	for i := range len(s) {
		if s[i] == '%' || s[i] == '+' {
			return url.QueryUnescape(s)
		}
	}
	return s, nil
}

// Held is a request body that is already in memory.
type Held interface {
	io.ReadCloser
	// Unread is what was not read yet. Nobody may change it.
	Unread() []byte
}

// parseBody fills r.PostForm, as [http.Request.ParseForm] does for a body of that type.
func parseBody(r *http.Request) (err error) {
	held, ok := r.Body.(Held)
	if !ok || r.PostForm != nil || r.URL.RawQuery != "" || r.Method != http.MethodPost || r.Header.Get("Content-Type") != FormType {
		return r.ParseForm()
	}
	r.PostForm, err = parse(string(held.Unread()))
	return err
}
