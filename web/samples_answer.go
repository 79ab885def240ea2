package web

import (
	"net/http"
	"time"

	"latchkey/provider/serve"
	"latchkey/storage"
)

// answerSamples are the pages of the protocol: what applications and devices ask for, and how an answer leaves.
func answerSamples() []Sample {
	consent := func(name, page string, status int, change func(v *consentView)) Sample {
		return Sample{name, status, "bow", page, func(f *frame) view {
			v := &consentView{frame: f, Flow: f.toNotes(), LoginName: ada().Email}
			v.asks, v.Person = f.asks(v.Flow.Scopes, v.Flow.GrantedScopes, v.Flow.Resources), "Ada Byron"
			f.titled("consent.title", "client", f.App.Name)
			change(v)
			return v
		}}
	}
	device := func(name string, status int, typed string, change func(f *frame)) Sample {
		return Sample{name, status, "bow", "device", func(f *frame) view {
			f.titled("connect.title")
			change(f)
			return &deviceView{f, f.put(field{Name: "user_code", Label: f.T("field.user_code"), Hint: f.T("user_code.hint"), Value: typed, Autocomplete: "off", Capitalize: "characters",
				Raw: true, Dir: "ltr", Enter: "go", Required: true, Max: 32, Autofocus: true, Live: true, Missing: f.T("user_code.missing")})}
		}}
	}
	ask := func(name string, status int, change func(v *askView)) Sample {
		return Sample{name, status, "bow", "deviceask", func(f *frame) view {
			f.about(sampleClients()["harbour-tv"])
			f.titled("connect.ask", "client", f.App.Name)
			f.Person = "Ada Byron"
			v := &askView{frame: f, asks: f.asks([]string{"openid", "profile", "tv:watch"}, nil, nil), LoginName: ada().Email, UserCode: "WDJB-MJHT", When: f.ago(time.Minute), Ticket: "sample"}
			change(v)
			return v
		}}
	}
	return []Sample{
		consent("consent", "consent", http.StatusOK, func(*consentView) {}),
		consent("consent-stranger", "consent", http.StatusOK, func(v *consentView) { v.App.Stranger = true }),
		consent("consent-nothing", "consent", http.StatusOK, func(v *consentView) { v.asks = v.frame.asks(nil, nil, nil) }),
		consent("consent-barred", "barred", http.StatusForbidden, func(v *consentView) { v.titled("barred.title", "client", v.App.Name) }),
		device("device", http.StatusOK, "", func(*frame) {}),
		device("device-wrong", http.StatusUnprocessableEntity, "AAAA-AAAA", func(f *frame) { f.wrong("user-code", "user_code.wrong") }),
		ask("device-ask", http.StatusOK, func(*askView) {}),
		ask("device-barred", http.StatusForbidden, func(v *askView) { v.Barred = true; v.titled("barred.title", "client", v.App.Name) }),
		message("device-allowed", http.StatusOK, func(f *frame) *messageView {
			return &messageView{frame: f.titled("connect.allowed"), Good: true, Text: f.T("connect.allowed.text"), Link: "/account", LinkText: f.T("account.go")}
		}),
		message("device-refused", http.StatusOK, func(f *frame) *messageView {
			return &messageView{frame: f.titled("connect.refused"), Text: f.T("connect.refused.text"), Link: "/account", LinkText: f.T("account.go")}
		}),
		{"handoff", http.StatusOK, "bow", "handoff", func(f *frame) view {
			return &handOffView{frame: f.titled("handoff.title", "host", "notes.harbour.example"), Host: "notes.harbour.example", Target: "https://notes.harbour.example/cb?code=sample"}
		}},
		{"formpost", http.StatusOK, "bare", "formpost", func(f *frame) view {
			return &formPostView{frame: f.titled("handoff.title", "host", "notes.harbour.example"), Host: "notes.harbour.example", Action: "https://notes.harbour.example/cb",
				Params: []serve.Param{{Name: "code", Value: "sample"}, {Name: "state", Value: "x"}}}
		}},
		{"signout", http.StatusOK, "bow", "signout", func(f *frame) view {
			v := sampleSignOut(f.titled("signout.title"))
			v.Account, v.Action = "Ada Byron", "/logout"
			return v
		}},
		{"signout-nobody", http.StatusOK, "bow", "signout", func(f *frame) view {
			return &signOutView{frame: f.titled("signout.title"), Action: "/logout"}
		}},
		{"signedout", http.StatusOK, "bow", "signedout", func(f *frame) view {
			v := sampleSignOut(f.titled("signedout.title"))
			v.Link = "https://notes.harbour.example/"
			return v
		}},
		{"signedout-plain", http.StatusOK, "bow", "signedout", func(f *frame) view {
			return &signOutView{frame: f.titled("signedout.title")}
		}},
	}
}

func sampleSignOut(f *frame) *signOutView {
	v := &signOutView{frame: f, Client: "Harbour Notes", Apps: []string{"Harbour Notes", "Tide Tables"}, Host: "notes.harbour.example"}
	v.V = serve.SignOutView{Client: sampleClients()["harbour-notes"], Confirm: "sample", Apps: []storage.Client{sampleClients()["tide-tables"]}}
	return v
}

// problemSamples are the error pages, one for each kind of problem.
func problemSamples() []Sample {
	var rows []Sample
	for _, p := range []serve.Problem{
		{Status: 400, Kind: "unknown_client", Code: "invalid_request", Description: "client_id names no client"},
		{Status: 400, Kind: "redirect_uri", Code: "invalid_request", Description: "redirect_uri is not registered"},
		{Status: 400, Kind: "request", Code: "invalid_request", Description: "code_challenge is missing"},
		{Status: 400, Kind: "expired"}, {Status: 400, Kind: "used_up", Code: "invalid_request_uri", Description: "request_uri is unknown"},
		{Status: 403, Kind: "forbidden"}, {Status: 403, Kind: "cross_site"}, {Status: 404, Kind: "not_found"}, {Status: 405, Kind: "method"},
		{Status: 413, Kind: "too_large", Back: "/account"}, {Status: 429, Kind: "throttled", RetryAfter: 40 * time.Second},
		{Status: 400, Kind: "cookies"}, {Status: 410, Kind: "gone"}, {Status: 500, Kind: "internal"}, {Status: 503, Kind: "unavailable", RetryAfter: 2 * time.Second},
	} {
		p.Reference = "7QK2-M4TD"
		rows = append(rows, Sample{"problem-" + p.Kind, p.Status, "bow", "problem", func(f *frame) view { return f.s.problemView(f, p) }})
	}
	return rows
}
