package validator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Where a request carries its token.
const (
	InHeader = "header"
	InCookie = "cookie"
	InQuery  = "query"
)

// Target is the endpoint of an application.
type Target struct {
	URL, Method string
	// In is InHeader, InCookie or InQuery; Name that of the header, cookie or parameter. Scheme stands before the token in a header, "" for none.
	In, Name, Scheme string
	// Takes and Refuses say which statuses mean what.
	Takes, Refuses Statuses
	HTTP           *http.Client
}

// Statuses are ranges of statuses of HTTP.
type Statuses []struct{ from, to int }

// ParseStatuses reads a list such as "2xx,304".
func ParseStatuses(s string) (Statuses, error) {
	var out Statuses
	for _, one := range strings.Split(s, ",") {
		one = strings.TrimSpace(one)
		if digit, ok := strings.CutSuffix(strings.ToLower(one), "xx"); ok && len(digit) == 1 && digit[0] >= '1' && digit[0] <= '5' {
			from := int(digit[0]-'0') * 100
			out = append(out, struct{ from, to int }{from, from + 99})
			continue
		}
		n, err := strconv.Atoi(one)
		if err != nil || n < 100 || n > 599 {
			return nil, fmt.Errorf("%q is no status; say 401 or 4xx", one)
		}
		out = append(out, struct{ from, to int }{n, n})
	}
	return out, nil
}

func (s Statuses) has(status int) bool {
	return slices.ContainsFunc(s, func(r struct{ from, to int }) bool { return status >= r.from && status <= r.to })
}

// Overlaps tells whether a status is in both.
func (s Statuses) Overlaps(o Statuses) bool {
	for status := 100; status < 600; status++ {
		if s.has(status) && o.has(status) {
			return true
		}
	}
	return false
}

func (t Target) takes(status int) bool   { return t.Takes.has(status) }
func (t Target) refuses(status int) bool { return t.Refuses.has(status) }

// answer is a status, or what failed on the way.
type answer struct {
	status int
	fault  error
}

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 1 << 20

// send asks the application with a token, "" for none. Redirects are answers, not followed.
func (t Target) send(ctx context.Context, token string) answer {
	r, err := http.NewRequestWithContext(ctx, t.Method, t.URL, http.NoBody)
	if err != nil {
		return answer{fault: err}
	}
	r.Header.Set("User-Agent", "latchkey check-validator")
	if token != "" {
		switch t.In {
		case InCookie:
			r.Header.Set("Cookie", t.Name+"="+token)
		case InQuery:
			q := r.URL.Query()
			q.Set(t.Name, token)
			r.URL.RawQuery = q.Encode()
		default:
			r.Header.Set(t.Name, strings.TrimLeft(t.Scheme+" "+token, " "))
		}
	}
	res, err := t.HTTP.Do(r)
	if err != nil {
		return answer{fault: plain(err)}
	}
	defer func() { _ = res.Body.Close() }()
	if _, err := io.Copy(io.Discard, io.LimitReader(res.Body, maxAnswer)); err != nil {
		return answer{fault: plain(err)}
	}
	return answer{status: res.StatusCode}
}

// plain leaves the address out of an error: where tokens are in the query it holds one.
func plain(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}
