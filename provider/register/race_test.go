package register

import (
	"fmt"
	"sync"
	"testing"

	"latchkey/storage"
)

// race runs f n times at once and counts the statuses.
func race(n int, f func(i int) int) map[int]int {
	var wg sync.WaitGroup
	var mu sync.Mutex
	start, got := make(chan struct{}), map[int]int{}
	for i := range n {
		wg.Go(func() {
			<-start
			status := f(i)
			mu.Lock()
			got[status]++
			mu.Unlock()
		})
	}
	close(start)
	wg.Wait()
	return got
}

func registered(t *testing.T, g *rig) int {
	t.Helper()
	list, err := g.store.ListClients(t.Context(), "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// A token of three uses, and fifty registrations at once: three.
func TestRaceForAToken(t *testing.T) {
	for range 20 {
		g := newRig(t)
		g.Policy.Mode, g.Audit = Token, discard{}
		token := g.token(t, storage.RegistrationToken{ID: "x", MaxUses: 3})
		got := race(50, func(int) int { return g.do("POST", "/op/register", token, shop+`}`).status })
		if got[201] != 3 || got[401] != 47 || registered(t, g) != 3 {
			t.Fatalf("%v, %d clients", got, registered(t, g))
		}
	}
}

func TestRaceForTheQuota(t *testing.T) {
	for range 20 {
		g := newRig(t)
		g.Policy.MaxClients, g.Audit = 5, discard{}
		got := race(50, func(int) int { return g.do("POST", "/op/register", "", shop+`}`).status })
		if got[201] != 5 || got[403] != 45 || registered(t, g) != 5 {
			t.Fatalf("%v, %d clients", got, registered(t, g))
		}
	}
}

// Updates and a deletion at once: every answer is one of the protocol, and a client that was deleted does not come back.
func TestRaceOfUpdates(t *testing.T) {
	for range 20 {
		g := newRig(t)
		g.Audit = discard{}
		a := g.register(t, shop+`}`)
		got := race(20, func(i int) int {
			if i == 7 {
				return g.manage("DELETE", a, "").status
			}
			return g.manage("PUT", a, fmt.Sprintf(`%s,"client_id":"%s","client_name":"%d"}`, shop, a.text("client_id"), i)).status
		})
		if got[204] != 1 || got[200]+got[401]+got[503] != 19 || registered(t, g) != 0 {
			t.Fatalf("%v, %d clients", got, registered(t, g))
		}
	}
}

// Whatever a stranger sends, the answer is one of the protocol, and what was registered can be read and removed.
func FuzzRegister(f *testing.F) {
	f.Add(shop + `}`)
	f.Add(shop + `,"software_statement":"a.b.c","sector_identifier_uri":"https://a.example/","subject_type":"pairwise"}`)
	f.Add(`{"grant_types":["client_credentials"],"token_endpoint_auth_method":"client_secret_jwt","scope":"openid"}`)
	f.Fuzz(func(t *testing.T, body string) {
		g := newRig(t)
		a := g.do("POST", "/op/register", "", body)
		if a.status == 400 && a.text("error") != "" {
			return
		}
		if a.status != 201 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		c := g.stored(t, a)
		if c.SkipConsent || c.AccountClaims || c.PKCEExempt || !c.Registered || len(c.RedirectURIs) == 0 && len(c.ResponseTypes) > 0 {
			t.Errorf("%+v", c)
		}
		if read, gone := g.manage("GET", a, ""), g.manage("DELETE", a, ""); read.status != 200 || gone.status != 204 {
			t.Errorf("%d %d", read.status, gone.status)
		}
	})
}
