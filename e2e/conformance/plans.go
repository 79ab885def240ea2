package main

import "slices"

// plan is a plan of the suite with the variants to choose.
type plan struct {
	// Name is ours: what it is, how clients come, and what else is chosen.
	Name string
	// ID is the suite's.
	ID      string
	Variant map[string]string
	// Dynamic: clients register.
	Dynamic bool
	// Clients is the set of static clients.
	Clients string
	// Browser: every page is visited with a real browser, since the suite's own cannot do what the plan needs.
	Browser bool
}

var responseTypes = []string{"code", "id_token", "id_token token", "code id_token", "code token", "code id_token token"}

// plans are those of the OpenID Provider profiles, in the order of the table.
func plans() []plan {
	id := func(name string) string { return "oidcc-" + name + "-certification-test-plan" }
	ways := []struct {
		name, value string
		dynamic     bool
	}{{"static", "static_client", false}, {"dynamic", "dynamic_client", true}}
	all := []plan{{Name: "config", ID: id("config")}}
	for _, name := range []string{"basic", "implicit", "hybrid", "formpost-basic", "formpost-implicit", "formpost-hybrid"} {
		for _, w := range ways {
			all = append(all, plan{Name: name + " " + w.name, ID: id(name), Dynamic: w.dynamic,
				Variant: map[string]string{"server_metadata": "discovery", "client_registration": w.value}})
		}
	}
	for _, rt := range responseTypes {
		all = append(all, plan{Name: "dynamic " + rt, ID: id("dynamic"), Dynamic: true, Variant: map[string]string{"response_type": rt}})
	}
	all = append(all, plan{Name: "3rdparty-init-login", ID: id("3rdparty-init-login"), Dynamic: true, Variant: map[string]string{"response_type": "code"}})
	for _, l := range []struct{ name, clients string }{{"rp-initiated-logout", untold}, {"session-management", untold},
		{"frontchannel-rp-initiated-logout", toldFront}, {"backchannel-rp-initiated-logout", toldBack}} {
		for _, w := range ways {
			all = append(all, plan{Name: l.name + " " + w.name, ID: id(l.name), Dynamic: w.dynamic, Clients: l.clients, Browser: l.name == "session-management",
				Variant: map[string]string{"response_type": "code", "client_registration": w.value}})
		}
	}
	return all
}

// place of a plan in the table.
func place(name string) int {
	return slices.IndexFunc(plans(), func(p plan) bool { return p.Name == name })
}
