package web

import (
	"net/http"
	"testing"
)

// TestBarred: who is in none of the groups that an application is for is told so, and can only go back or take another account.
func TestBarred(t *testing.T) {
	b := newBench(t, sampleIssuer)
	barred := notes()
	barred.Barred, barred.Scopes, barred.GrantedScopes = true, nil, nil
	b.flows.open["barred"] = barred
	b.get(t, "/consent?flow=barred", signedIn).status(403).says("You cannot use Harbour Notes with this account", "Back to Harbour Notes", "Ada Byron").
		holds(`href="/login?flow=barred&amp;other=1"`, `value="deny"`).lacks(`value="allow"`)
	b.get(t, "/consent?flow=barred", signedIn, "lk_lang=de").status(403).says("Mit diesem Konto können Sie Harbour Notes nicht nutzen")
	b.post(t, "/consent", form("flow", "barred", "decision", "deny"), signedIn).status(http.StatusTeapot)

	tv := b.devices.waits["WDJBMJHT"]
	tv.Barred = true
	b.devices.waits["WDJBMJHT"] = tv
	b.get(t, "/device/confirm", signedIn, deviceCookie).status(403).says("You cannot use Harbour TV with this account").holds(`value="deny"`).lacks(`value="allow"`, "films:watch")
}

// TestWordsOfScopes: what an operator declared of a scope is shown as text, in the person's language, and never as anything else.
func TestWordsOfScopes(t *testing.T) {
	b := newBench(t, sampleIssuer)
	b.ScopeText = func(scope, locale string) string {
		if scope != "notes:write" {
			return ""
		}
		return map[string]string{"de": "Notizen <b>schreiben</b>", "en": "Write notes\u202e"}[locale]
	}
	fl := notes()
	fl.Scopes = append(fl.Scopes, "groups", "films:watch")
	b.flows.open["words"] = fl
	b.get(t, "/consent?flow=words", signedIn).status(200).says("Write notes", "The groups you belong to").holds("<code>films:watch</code>").lacks("\u202e")
	b.get(t, "/consent?flow=words", signedIn, "lk_lang=de").status(200).says("Notizen <b>schreiben</b>", "Die Gruppen, zu denen Sie gehören").lacks("<b>schreiben")
}
