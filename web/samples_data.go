package web

import (
	"time"

	"latchkey/storage"
)

// ada is the person of the samples.
func ada() storage.Account {
	years := 12
	return storage.Account{ID: 7, Username: "ada_b", Email: "ada.byron@example.com", FullName: "Ada Byron", FirstName: "Ada", LastName: "Byron", PasswordHash: "set",
		Phone: "+442079460958", ExperienceYears: &years, Skills: []string{"Analytical engines", "Poetry"},
		Birthdate: "1815-12-10", Zoneinfo: "Europe/London", Address: &storage.Address{Formatted: "12 St James's Square, London", StreetAddress: "12 St James's Square\nFirst floor", Locality: "London"},
		Resume:  &storage.FileInfo{ID: "r1", Filename: "ada byron résumé.pdf", ContentType: "application/pdf", Size: 183000},
		Picture: &storage.FileInfo{ID: "p1", ContentType: "image/png", Size: 9000}}
}

// sampleClients are the applications that the samples know.
func sampleClients() map[string]storage.Client {
	return map[string]storage.Client{
		"harbour-notes": {ID: "harbour-notes", Name: "Harbour Notes", URI: "https://notes.harbour.example/", PolicyURI: "https://notes.harbour.example/privacy",
			TOSURI: "https://notes.harbour.example/terms", LogoURI: "https://notes.harbour.example/logo.png", InitiateLoginURI: "https://notes.harbour.example/sign-in?from=id", BackchannelLogoutURI: "https://notes.harbour.example/out",
			Localized: map[string]string{"client_name#fr": "Notes du port", "policy_uri#de": "https://notes.harbour.example/datenschutz", "logo_uri#de": "https://notes.harbour.example/zeichen.png"}},
		"tide-tables": {ID: "tide-tables", Name: "Tide Tables", URI: "https://tides.example/", LogoURI: "https://tides.example/none.png", SkipConsent: true, Scopes: []string{"openid", "email"}},
		"harbour-tv":  {ID: "harbour-tv", Name: "Harbour TV", AllowedGroups: []string{"crew", "pilots"}, URI: "https://tv.harbour.example/", PolicyURI: "https://tv.harbour.example/privacy"},
	}
}

// notes is the authorization request of the samples.
func notes() Flow {
	return Flow{Client: sampleClients()["harbour-notes"], ClientHost: "notes.harbour.example",
		Scopes:        []string{"openid", "profile", "email", "offline_access", "notes:write"},
		GrantedScopes: []string{"openid"}, Resources: []string{"https://api.harbour.example/v1"}}
}

// toNotes puts the frame of a sample into that request.
func (f *frame) toNotes() Flow {
	fl := notes()
	fl.Sealed = "sample"
	f.about(fl.Client)
	return fl
}

// sampleSessions are where the person of the samples is signed in; the first is this browser.
func sampleSessions() []storage.Session {
	now := sampleTime()
	return []storage.Session{
		{SID: "s1", AccountID: 7, Kind: "page", AMR: []string{"pwd", "otp", "mfa"}, CreatedAt: now.Add(-26 * time.Hour), LastSeenAt: now.Add(-20 * time.Second), Address: "192.0.2.17", Clients: []string{"harbour-notes", "tide-tables"},
			UserAgent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0 Safari/537.36"},
		{SID: "s3", AccountID: 7, Kind: "platform", CreatedAt: now.Add(-90 * time.Minute), LastSeenAt: now.Add(-5 * time.Minute), Address: "198.51.100.4", UserAgent: "okhttp/4.12"},
		{SID: "s2", AccountID: 7, Kind: "page", AMR: []string{"pop", "user", "mfa"}, CreatedAt: now.Add(-30 * 24 * time.Hour), LastSeenAt: now.Add(-3 * time.Hour), Address: "2001:db8:1f::7a2c",
			UserAgent: "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Version/19.0 Mobile/15E148 Safari/604.1"},
	}
}
