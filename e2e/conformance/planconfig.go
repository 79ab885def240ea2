package main

import "fmt"

type (
	object = map[string]any
	list   = []any
)

// planConfig is what a plan is created with: where the provider is, which clients there are, and what the suite's own browser does on our
// pages.
func planConfig(op *provider, p plan) object {
	c := object{
		"description": p.Name,
		"server": object{"discoveryUrl": op.base + "/.well-known/openid-configuration", "login_hint": personName, "ui_locales": "en",
			"jwks_refresh_delay": 60},
		"options": object{"browsercontrol_css_enable": false},
	}
	if p.Dynamic {
		for i, name := range []string{"client", "client2"} {
			c[name] = object{"client_name": fmt.Sprintf("conf-dyn-%d", i+1), "initial_access_token": op.initial}
		}
	} else {
		c["alias"] = op.alias + p.Clients
		for i, name := range []string{"client", "client2", "client_secret_post"} {
			client := staticClients(p.Clients)[i]
			c[name] = object{"client_id": client.id, "client_secret": client.secret()}
		}
	}
	if !p.Browser {
		s := script{op.base}
		c["browser"], c["override"] = list{s.authorize(false), s.logout()}, s.overrides()
	}
	return c
}

// script writes what the suite's browser is to do: it types and clicks by the ids of the pages' elements, and does a task on the page whose
// URL the task names.
type script struct{ base string }

func (s script) entry(path string, tasks ...object) object {
	return object{"match": s.base + path, "tasks": tasks}
}

func (s script) task(name, path string, optional bool, commands ...list) object {
	t := object{"task": name, "match": s.base + path, "commands": commands}
	if optional {
		t["optional"] = true
	}
	return t
}

// see waits for a text on the page, and fills a waiting screenshot with the page. option: update-image-placeholder, or that with -optional.
func see(text, option string) list { return list{"wait", "xpath", "//*", 10, text, option} }

// authorize signs in and allows, where asked, and arrives at the client. shot: the sign-in page goes into a screenshot, where one is waited for.
func (s script) authorize(shot bool) object {
	login := []list{{"text", "id", "username", personName}, {"text", "id", "password", personPassword}, {"click", "id", "login-submit"}}
	if shot {
		login = append([]list{see("Sign in", "update-image-placeholder-optional")}, login...)
	}
	return s.entry("/authorize*",
		s.task("Login", "/login*", true, login...),
		s.task("Consent", "/consent*", true, list{"click", "id", "consent-allow"}),
		object{"task": "Arrive", "match": "*/test/*/callback*", "commands": []list{{"wait", "id", "submission_complete", 10}}})
}

// logout confirms where asked, waits for frames, and arrives at the client.
func (s script) logout() object {
	return s.entry("/logout*",
		s.task("Confirm", "/logout*", true, list{"click", "id", "logout-confirm", "optional"}),
		s.task("Frames, then redirect", "/logout*", true, list{"wait", "contains", "/post_logout_redirect", 15}),
		object{"task": "Arrive", "match": "*/test/*/post_logout_redirect*"})
}

// overrides are for the modules in which something else is to happen.
func (s script) overrides() object {
	all := object{}
	put := func(browser list, modules ...string) {
		for _, m := range modules {
			all["oidcc-"+m] = object{"browser": browser}
		}
	}
	put(list{s.authorize(true)}, "prompt-login", "max-age-1")
	// A request whose redirect URI is not the client's ends on a page of ours.
	put(list{s.entry("/authorize*", s.task("Error page, no redirect", "/*", false, see("redirect_uri", "update-image-placeholder")))},
		"ensure-registered-redirect-uri", "ensure-redirect-uri-in-authorization-request", "redirect-uri-query-added", "redirect-uri-query-mismatch")
	// What the client registered stands on the sign-in page.
	put(list{s.entry("/authorize*", s.task("Login page", "/login*", false, see("Sign in", "update-image-placeholder")))},
		"registration-logo-uri", "registration-policy-uri", "registration-tos-uri")
	// A sign-out that cannot be trusted to return asks, or says what is wrong.
	put(list{s.authorize(false), s.entry("/logout*",
		s.task("Error or question, no redirect", "/*", false, see("(?i)(post_logout_redirect_uri|id_token_hint|want to sign out)", "update-image-placeholder")))},
		"rp-initiated-logout-bad-post-logout-redirect-uri", "rp-initiated-logout-query-added-to-post-logout-redirect-uri",
		"rp-initiated-logout-modified-id-token-hint", "rp-initiated-logout-bad-id-token-hint", "rp-initiated-logout-no-id-token-hint")
	put(list{s.authorize(false), s.entry("/logout*",
		s.task("Confirm", "/logout*", true, list{"click", "id", "logout-confirm", "optional"}),
		s.task("Signed out", "/*", false, see("You are signed out", "update-image-placeholder")))},
		"rp-initiated-logout-no-params", "rp-initiated-logout-no-post-logout-redirect-uri", "rp-initiated-logout-only-state")
	return all
}
