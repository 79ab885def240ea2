package logout

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"latchkey/provider/client"
	"latchkey/provider/fetch"
	"latchkey/storage"
)

// kind is how a try ended.
type kind int

const (
	done    kind = iota
	later        // worth trying for as long as there is time
	refused      // worth a few tries
	hopeless
)

// outcome is a kind with a text for the operator, "" for done; cause is for the log, and may be nil.
type outcome struct {
	kind
	text  string
	cause error
}

// refusedText begins the text of every refusal, by which the next try knows that it was one.
const refusedText = "refused: "

// tell sends one client its notices, one after the other. A client that does not answer is asked once, and the rest is put off with it:
// else a thousand sessions of an application that is away would be a thousand time-outs.
func (d *Dispatcher) tell(ctx context.Context, id string, notices []storage.LogoutNotice, until time.Time) {
	c, rest := d.find(ctx, id)
	for _, n := range notices {
		out := rest
		if out == nil {
			if ctx.Err() != nil || d.Now().Add(d.PostTimeout).After(until) {
				return // the lease runs out, and they are tried again
			}
			out = d.post(ctx, c, n)
		}
		if ctx.Err() != nil && out.kind != done {
			return // it was us who hung up
		}
		if out.kind == later {
			rest = out
		}
		d.settle(ctx, n, out)
	}
}

// find returns the client, or what becomes of all its notices.
func (d *Dispatcher) find(ctx context.Context, id string) (storage.Client, *outcome) {
	c, err := d.Clients.Client(ctx, id)
	switch {
	case errors.Is(err, client.ErrUnknown):
		return c, &outcome{kind: hopeless, text: "there is no such client"}
	case err != nil:
		return c, &outcome{later, "the client could not be read", err}
	case c.BackchannelLogoutURI == "":
		return c, &outcome{kind: hopeless, text: "the client has no backchannel_logout_uri"}
	}
	return c, nil
}

// post makes the token and sends it.
func (d *Dispatcher) post(ctx context.Context, c storage.Client, n storage.LogoutNotice) *outcome {
	ctx, cancel := context.WithTimeout(ctx, d.PostTimeout)
	defer cancel()
	token, err := d.Tokens.LogoutToken(ctx, c, n.Sub, n.SID) // Back-Channel Logout §2.4: sub and sid, whether or not sid is required
	if err != nil {
		return &outcome{later, "the logout token could not be made", err}
	}
	body := url.Values{"logout_token": {token}}.Encode()
	status, err := d.Fetcher.Post(ctx, c.BackchannelLogoutURI, "application/x-www-form-urlencoded", []byte(body)) // Back-Channel Logout §2.5
	if err != nil {
		return unanswered(err)
	}
	return judge(status)
}

// unanswered judges a request that was not answered. An address that is never fetched is a fault of the registration.
func unanswered(err error) *outcome {
	out := &outcome{later, "no answer", err}
	if errors.Is(err, fetch.ErrAddress) {
		out.kind, out.text = refused, refusedText+"no address to send to"
	}
	if e, ok := errors.AsType[*fetch.Error](err); ok {
		out.text += " (" + e.Reason + ")"
	}
	return out
}

// judge reads the status. 204 comes from frameworks that drop an empty 200; 400 says that the request was wrong or that the logout failed,
// and not which (Back-Channel Logout §2.8). What is sent again is what may have failed for a passing reason (Back-Channel Logout §2.5): an
// overloaded or broken client for as long as there is time, one that says no a few times.
func judge(status int) *outcome {
	switch status {
	case http.StatusOK, http.StatusNoContent:
		return &outcome{}
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return &outcome{kind: later, text: fmt.Sprintf("status %d", status)}
	}
	if status >= 500 {
		return &outcome{kind: later, text: fmt.Sprintf("status %d", status)}
	}
	return &outcome{kind: refused, text: fmt.Sprintf("%sstatus %d", refusedText, status)}
}
