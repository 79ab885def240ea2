package account

import "latchkey/storage"

// WayIn is a means by which somebody gets into their account on their own.
type WayIn string

// The ways in. A mailed link that sets a new password is none of them: it is for those who lost theirs.
const (
	WayPassword WayIn = "password"
	WayPasskey  WayIn = "passkey"
	WayMail     WayIn = "mail" // a mailed link or code that signs in, where that is on
)

// waysIn lists those of an account that has so many passkeys: whatever takes one away asks here whether another is left.
func (s *Service) waysIn(a storage.Account, passkeys int) []WayIn {
	var out []WayIn
	if a.PasswordHash != "" {
		out = append(out, WayPassword)
	}
	if passkeys > 0 && s.passkeys != nil {
		out = append(out, WayPasskey)
	}
	if s.config.Lifecycle.MailSignIn && a.EmailVerified {
		out = append(out, WayMail)
	}
	return out
}
