package web

import (
	"net/http"

	"latchkey/provider/serve"
)

// Route is one row of the table of pages.
type Route struct {
	// Method is GET (which means HEAD too) or POST.
	Method string
	// Path is under the issuer's path. Prefix: everything below it too.
	Path   string
	Prefix bool
	// Endpoint is the bounded name for metrics, logs and traces.
	Endpoint string
	// MaxBody is the largest request body in bytes, 0 for none.
	MaxBody int64
	Handler serve.Handler
}

// Routes is the table of everything that this site serves. POST routes change something and expect protection against cross-origin
// requests around them. The pages of sign-out, of errors and of answers to clients are drawn through [serve.Pages] by others.
func (s *Site) Routes() []Route {
	get := func(p, name string, h serve.Handler) Route {
		return Route{Method: http.MethodGet, Path: p, Endpoint: name, Handler: h}
	}
	post := func(p, name string, h serve.Handler) Route {
		return Route{Method: http.MethodPost, Path: p, Endpoint: name, MaxBody: maxForm, Handler: h}
	}
	to := func(p string) serve.Handler {
		return func(w http.ResponseWriter, r *http.Request) error { s.see(w, r, p); return nil }
	}
	routes := []Route{
		get("/", "page_root", to("/account")),
		get("/login", "page_login", s.login),
		post("/login", "page_login", s.loginPost),
		post("/login/continue", "page_login_continue", s.loginContinue),
		get("/signup", "page_signup", s.signUp),
		post("/signup", "page_signup", s.signUpPost),
		get("/signup/sent", "page_signup_sent", s.sent),
		post("/signup/sent", "page_signup_sent", s.sentPost),
		get("/verify", "page_verify", s.verify),
		post("/verify", "page_verify", s.verifyPost),
		get("/forgot", "page_forgot", s.forgot),
		post("/forgot", "page_forgot", s.forgotPost),
		get("/forgot/sent", "page_forgot_sent", s.forgotSent),
		get("/reset", "page_reset", s.reset),
		post("/reset", "page_reset", s.resetPost),
		get("/not-me", "page_not_me", s.notMe),
		post("/not-me", "page_not_me", s.notMePost),
		get("/consent", "page_consent", s.consent),
		post("/consent", "page_consent", s.consentPost),
		post("/account/verify", "page_account_verify", s.resendOwn),
		get("/account/resume", "page_resume", s.resumeFile),
		{Method: http.MethodPost, Path: "/account/resume", Endpoint: "page_resume", MaxBody: s.ResumeMax + formSlack, Handler: s.resumePost},
		post("/account/resume/delete", "page_resume_delete", s.resumeDelete),
		{Method: http.MethodPost, Path: "/account/picture", Endpoint: "page_picture", MaxBody: s.PictureMax + formSlack, Handler: s.picturePost},
		post("/account/picture/delete", "page_picture_delete", s.pictureDelete),
		post("/account/sign-out", "page_sign_out", s.signOut),
		post("/prefs", "page_prefs", s.prefs),
		get("/.well-known/change-password", "change_password", to("/account/password")),
		get("/robots.txt", "robots", s.robots),
		get("/favicon.ico", "favicon", s.icon),
		{Method: http.MethodGet, Path: "/static/", Prefix: true, Endpoint: "static", Handler: s.static},
		{Method: http.MethodGet, Path: "/media/", Prefix: true, Endpoint: "media", Handler: s.media},
	}
	routes = append(routes, s.lifecycleRoutes(get, post)...)
	if s.Logos != nil {
		routes = append(routes, Route{Method: http.MethodGet, Path: logoRoute, Prefix: true, Endpoint: "client_logo", Handler: s.logo})
	}
	if s.Devices != nil {
		routes = append(routes, get("/device", "page_device", s.device), post("/device", "page_device", s.devicePost),
			get(deviceAsk, "page_device_confirm", s.deviceAsk), post(deviceAsk, "page_device_confirm", s.deviceDecide), get("/device/done", "page_device_done", s.deviceDone))
	}
	routes = append(routes, s.passkeyRoutes(get, post)...)
	routes = append(routes, s.portalRoutes(get, post)...)
	routes = append(routes, s.secondRoutes(get, post)...)
	if s.Mailbox != nil {
		routes = append(routes, get("/dev/mail", "dev_mail", s.mailbox))
	}
	routes = append(routes, s.devRoutes(get, post)...)
	if s.DemoClientID != "" {
		routes = append(routes, get("/demo", "demo", s.demo), get("/demo/callback", "demo", s.demo))
	}
	return routes
}
