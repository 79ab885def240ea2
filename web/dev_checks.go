package web

import (
	"context"
	"slices"
	"strings"
	"time"
)

// checks are what a validator would check, as far as the token and the published keys tell.
func (f *frame) checks(ctx context.Context, d *decoded, raw, typ string, now time.Time, audience string) []checkRow {
	sig := f.s.Dev.Signed(raw)
	if sig.State == "shared" && d.Kind != "id" { // ID tokens alone may be signed with a client's secret
		sig.State = "confused"
	}
	out := []checkRow{f.signature(sig)}
	iss, _ := d.claims["iss"].(string)
	ours := iss == f.s.Issuer
	out = append(out, f.checked(ours, "dev.check.iss"))
	if d.Kind == "jwt" {
		out = append(out, checkRow{"bad", f.T("dev.check.typ.not", "typ", typ)})
	} else {
		out = append(out, checkRow{"ok", f.T("dev.check.typ", "typ", typ)})
	}
	out = append(out, f.timely(d, now)...)
	out = append(out, f.meant(d, audience))
	if d.Kind == "access" && sig.State == "good" && ours {
		out = append(out, f.alive(ctx, raw, now, d))
	}
	return out
}

func (f *frame) signature(sig Signature) checkRow {
	switch sig.State {
	case "good":
		return checkRow{"ok", f.T("dev.check.signature", "alg", sig.Alg, "kid", sig.KID)}
	case "shared":
		return checkRow{"note", f.T("dev.check.signature.shared")}
	case "confused":
		return checkRow{"bad", f.T("dev.check.signature.confused")}
	case "unknown":
		return checkRow{"bad", f.T("dev.check.signature.unknown")}
	case "none":
		return checkRow{"bad", f.T("dev.check.signature.none")}
	case "bad":
		return checkRow{"bad", f.T("dev.check.signature.bad", "alg", sig.Alg, "kid", sig.KID)}
	}
	return checkRow{"bad", f.T("dev.check.signature.form")}
}

// timely checks exp, nbf and iat (RFC 7519 §4.1.4 to §4.1.6).
func (f *frame) timely(d *decoded, now time.Time) []checkRow {
	at := float64(now.Unix())
	exp, ok := d.claims["exp"].(float64)
	if !ok {
		return []checkRow{{"bad", f.T("dev.check.exp.none")}}
	}
	out := []checkRow{f.checked(exp > at, "dev.check.exp")}
	if nbf, ok := d.claims["nbf"].(float64); ok {
		out = append(out, f.checked(nbf <= at, "dev.check.nbf"))
	}
	if iat, ok := d.claims["iat"].(float64); ok && iat > at+60 {
		out = append(out, checkRow{"bad", f.T("dev.check.iat.not")})
	}
	return out
}

// meant checks aud (RFC 7519 §4.1.3).
func (f *frame) meant(d *decoded, audience string) checkRow {
	var all []string
	switch aud := d.claims["aud"].(type) {
	case string:
		all = []string{aud}
	case []any:
		for _, one := range aud {
			if s, ok := one.(string); ok {
				all = append(all, s)
			}
		}
	}
	if len(all) == 0 {
		return checkRow{"bad", f.T("dev.check.aud.none")}
	}
	if audience == "" {
		return checkRow{"note", f.T("dev.check.aud.unsaid", "aud", strings.Join(all, ", "))}
	}
	return f.checked(slices.Contains(all, audience), "dev.check.aud", "aud", strings.Join(all, ", "))
}

// alive asks whether what the token stands on still stands. Whoever holds the token learns as much by using it.
func (f *frame) alive(ctx context.Context, raw string, now time.Time, d *decoded) checkRow {
	if exp, _ := d.claims["exp"].(float64); exp <= float64(now.Unix()) {
		return checkRow{"note", f.T("dev.check.alive.expired")}
	}
	lives, err := f.s.Dev.Lives(ctx, raw)
	if err != nil {
		return checkRow{"note", f.T("dev.check.alive.unknown")}
	}
	return f.checked(lives, "dev.check.alive")
}
