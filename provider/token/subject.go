package token

import (
	"encoding/base64"

	"latchkey/storage"
)

// Pairwise is the subject_type of clients that must not be able to compare people (OpenID Connect Core §8).
const Pairwise = "pairwise"

const (
	subjectPurpose = "pairwise subject"
	sessionPurpose = "pairwise session"
)

// Subject is `sub` as a client gets to know it, of the account whose own is sub: the same for public clients; for pairwise ones a value that
// only clients of the same sector share, and from which nobody without the keyring gets back (OpenID Connect Core §8.1).
func (i *Issuer) Subject(c storage.Client, sub string) string {
	return i.pairwise(subjectPurpose, c, sub)
}

// SID is `sid` as a client gets to know it, of the session whose own is sid; "" stays "". It is as pairwise as the client's subjects are: else one
// `sid` would tell clients of different sectors what their subjects do not (OpenID Connect Core §8.1).
func (i *Issuer) SID(c storage.Client, sid string) string {
	if sid == "" {
		return ""
	}
	return i.pairwise(sessionPurpose, c, sid)
}

func (i *Issuer) pairwise(purpose string, c storage.Client, own string) string {
	if c.SubjectType != Pairwise {
		return own
	}
	sector := c.Sector
	if sector == "" { // a client without one shares with nobody; no host has a space
		sector = "client " + c.ID
	}
	mac := i.keys.Stable(purpose, []byte(sector+"\x00"+own))
	return base64.RawURLEncoding.EncodeToString(mac[:])
}

// HintNames tells whether an ID token that [Issuer.VerifyIDHint] took names the account. c is the client that the hint was made for: its
// `aud`, which may be another than the one that shows it.
func (i *Issuer) HintNames(hint ID, c storage.Client, a storage.Account) bool {
	return hint.Audience.Has(c.ID) && a.Sub != "" && hint.Subject == i.Subject(c, a.Sub)
}
