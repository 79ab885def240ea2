package token

import (
	"encoding/base64"

	"latchkey/storage"
)

// Pairwise is the subject_type of clients that must not be able to compare people (OpenID Connect Core §8).
const Pairwise = "pairwise"

const subjectPurpose = "pairwise subject"

// Subject is `sub` as a client gets to know it, of the account whose own is sub: the same for public clients; for pairwise ones a value that
// only clients of the same sector share, and from which nobody without the keyring gets back (OpenID Connect Core §8.1).
func (i *Issuer) Subject(c storage.Client, sub string) string {
	if c.SubjectType != Pairwise {
		return sub
	}
	sector := c.Sector
	if sector == "" { // a client without one shares with nobody; no host has a space
		sector = "client " + c.ID
	}
	mac := i.keys.Stable(subjectPurpose, []byte(sector+"\x00"+sub))
	return base64.RawURLEncoding.EncodeToString(mac[:])
}

// HintNames tells whether an ID token that [Issuer.VerifyIDHint] took names the account. c is the client that the hint was made for: its
// `aud`, which may be another than the one that shows it.
func (i *Issuer) HintNames(hint ID, c storage.Client, a storage.Account) bool {
	return hint.Audience.Has(c.ID) && a.Sub != "" && hint.Subject == i.Subject(c, a.Sub)
}
