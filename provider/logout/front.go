package logout

import (
	"context"
	"net/url"
	"slices"

	"latchkey/storage"
)

// maxFrames bounds what one page loads.
const maxFrames = 40

// Front says who is told that a session ended, and how the browser tells those that asked for it.
type Front struct {
	// Issuer is the issuer identifier.
	Issuer  string
	Clients Clients
	// SID is what a client knows the session by.
	SID func(c storage.Client, sid string) string
}

// Told lists the applications of a session that are told of its end by either channel, and the addresses that the page is to load in frames
// (Front-Channel Logout §3). A client that cannot be read is left out: the session ends all the same.
func (f Front) Told(ctx context.Context, s storage.Session) (apps []storage.Client, frames []string) {
	for _, id := range s.Clients {
		c, err := f.Clients.Client(ctx, id)
		if err != nil {
			continue
		}
		frame, ok := f.frame(c, f.SID(c, s.SID))
		if ok = ok && len(frames) < maxFrames; ok {
			frames = append(frames, frame)
		}
		if ok || (c.BackchannelLogoutURI != "" && slices.Contains(s.Notify, id)) {
			apps = append(apps, c)
		}
	}
	return apps, frames
}

// frame is a client's address with iss and sid, and its own query kept (Front-Channel Logout §2). Both parameters are always there, and not
// only for clients that require them: without them an application cannot tell us from any other page that frames it.
func (f Front) frame(c storage.Client, sid string) (string, bool) {
	u, err := url.Parse(c.FrontchannelLogoutURI)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return "", false
	}
	query := "iss=" + url.QueryEscape(f.Issuer) + "&sid=" + url.QueryEscape(sid)
	if u.RawQuery != "" {
		query = u.RawQuery + "&" + query
	}
	u.RawQuery, u.Fragment, u.RawFragment = query, "", ""
	return u.String(), true
}
