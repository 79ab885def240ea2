package memory

import (
	"slices"

	"latchkey/storage"
)

// The clones keep callers and store apart: every slice and pointer of a record is copied on the way in and out.

func cloneOf[T any](p *T) *T {
	if p == nil {
		return nil
	}
	v := *p
	return &v
}

func cloneAccount(a storage.Account) storage.Account {
	a.ExperienceYears = cloneOf(a.ExperienceYears)
	a.Skills, a.Groups = slices.Clone(a.Skills), slices.Clone(a.Groups)
	a.Resume, a.Picture = cloneOf(a.Resume), cloneOf(a.Picture)
	a.PasswordHistory = slices.Clone(a.PasswordHistory)
	a.Address = cloneOf(a.Address)
	if a.TOTP = cloneOf(a.TOTP); a.TOTP != nil {
		a.TOTP.Sealed = slices.Clone(a.TOTP.Sealed)
	}
	return a
}

func cloneSession(s storage.Session) storage.Session {
	s.AMR, s.Clients, s.Notify = slices.Clone(s.AMR), slices.Clone(s.Clients), slices.Clone(s.Notify)
	return s
}

func cloneGrant(g storage.Grant) storage.Grant {
	g.Scopes, g.Resources = slices.Clone(g.Scopes), slices.Clone(g.Resources)
	g.AMR = slices.Clone(g.AMR)
	g.Claims, g.Confirmation = slices.Clone(g.Claims), slices.Clone(g.Confirmation)
	g.Code, g.Refresh = cloneOf(g.Code), cloneOf(g.Refresh)
	return g
}

func cloneConsent(c storage.Consent) storage.Consent {
	c.Scopes = slices.Clone(c.Scopes)
	return c
}

func cloneOneTime(o storage.OneTime) storage.OneTime {
	o.Data = slices.Clone(o.Data)
	return o
}

func clonePasskey(p storage.Passkey) storage.Passkey {
	p.PublicKey, p.AAGUID, p.Transports = slices.Clone(p.PublicKey), slices.Clone(p.AAGUID), slices.Clone(p.Transports)
	return p
}

func cloneMail(m storage.Mail) storage.Mail {
	m.Sealed = slices.Clone(m.Sealed)
	return m
}

func cloneKeyring(k storage.Keyring) storage.Keyring {
	k.Keys, k.Secrets = slices.Clone(k.Keys), slices.Clone(k.Secrets)
	for i := range k.Keys {
		k.Keys[i].PublicJWK = slices.Clone(k.Keys[i].PublicJWK)
		k.Keys[i].Sealed = slices.Clone(k.Keys[i].Sealed)
	}
	for i := range k.Secrets {
		k.Secrets[i].Sealed = slices.Clone(k.Secrets[i].Sealed)
	}
	return k
}

func cloneDevice(d storage.Device) storage.Device {
	d.Scopes, d.Resources = slices.Clone(d.Scopes), slices.Clone(d.Resources)
	d.Decision.AMR = slices.Clone(d.Decision.AMR)
	return d
}
