package providertest

import (
	"errors"
	"net/http"

	"latchkey/provider"
	"latchkey/provider/endpoint"
	"latchkey/provider/serve"
)

// deviceSite is the page where people decide about a device. Unlike the real one it looks at the code that comes with the address at once.
func (i *Issuer) deviceSite() []provider.Route {
	face := serve.PageFace(pages{})
	return []provider.Route{
		{Method: "GET", Path: endpoint.DevicePage, Endpoint: "page_device", Handler: i.deviceForm, Face: face, Priority: serve.Interactive},
		{Method: "POST", Path: endpoint.DevicePage, Endpoint: "page_device", Handler: i.deviceDecide, Face: face, Priority: serve.Interactive, Form: true},
	}
}

func (i *Issuer) deviceForm(w http.ResponseWriter, r *http.Request) error {
	q, err := i.Provider.Devices.Look(r, r.URL.Query().Get("user_code"))
	if err != nil {
		return noDevice(err)
	}
	if q.Barred {
		write(w, http.StatusForbidden, "Barred", `<form method=post action="`+endpoint.DevicePage+`">`+hidden("ticket", q.Ticket)+hidden("decision", "")+"</form>")
		return nil
	}
	write(w, http.StatusOK, "Device: "+q.Client.Name+": "+q.Scopes.String(), `<form method=post action="`+endpoint.DevicePage+`">`+hidden("ticket", q.Ticket)+hidden("decision", "")+"</form>")
	return nil
}

func (i *Issuer) deviceDecide(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	if err := i.Provider.Devices.Decide(r, r.PostForm.Get("ticket"), r.PostForm.Get("decision") == "allow"); err != nil {
		return noDevice(err)
	}
	write(w, http.StatusOK, "Decided", "")
	return nil
}

func noDevice(err error) error {
	if errors.Is(err, endpoint.ErrNoDevice) {
		return &serve.ProblemError{Problem: serve.Problem{Status: http.StatusUnprocessableEntity, Kind: "request"}, Cause: err}
	}
	return err
}
