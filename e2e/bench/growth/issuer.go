package growth

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"latchkey/e2e/bench/load"
	"latchkey/e2e/bench/rig"
	"latchkey/e2e/harness"
	"latchkey/storage/postgres/pgtest"
)

// connections is how many clients ask at once.
const connections = 16

// issuer is a server on a store of some size, with families of tokens that are spread over it.
type issuer struct {
	*harness.Server
	r      *rig.Rig
	on     driver
	flow   *harness.Flow
	people int
	// clear empties the database, so that the next has the disk.
	clear func() error
	// free are refresh tokens, of which each is presented once and gives the next; codes are to be redeemed. bearer are access tokens.
	free, codes chan string
	bearer      []string
	cookies     []string // of who is signed in
	next        atomic.Int64
}

// start fills a store and starts a server on it. expired: what is in it is over. kept is what a store is called that stays for the next run.
func start(r *rig.Rig, on driver, n size, expired bool, kept string) (*issuer, error) {
	conf := map[string]any{"log.level": "warn", "accounts.limits.address_attempts": 1 << 30, "accounts.hash.memory": "19MiB", "accounts.hash.passes": 2,
		"accounts.hash.queue_wait": "20s", "storage.sweep_every": "1d"}
	at, exec, clear := "", func(string) error { return nil }, func() error { return nil }
	if on == onPostgres {
		if err := rig.OnServerCore(func() {
			var s *pgtest.Server
			s, at = harness.Postgres(r.T, "fsync=on", "full_page_writes=on", "synchronous_commit=on", "shared_buffers=256MB", "max_wal_size=2GB", "maintenance_work_mem=512MB")
			exec = func(sql string) error { return s.Exec("postgres", sql) }
			clear = func() error { return exec("DROP SCHEMA public CASCADE; CREATE SCHEMA public") }
		}); err != nil {
			return nil, err
		}
		conf["storage.driver"], conf["storage.postgres.url"], conf["storage.postgres.max_conns"] = "postgres", at, 16
	}
	if r.Patient {
		conf["server.limits.request_timeout"], conf["storage.postgres.timeout"], conf["accounts.hash.queue_wait"] = "2m", "1m", "1m"
	}
	i := &issuer{Server: r.Start(harness.Options{Config: conf, Later: true}), r: r, on: on, people: n.people, clear: clear,
		flow: harness.NewFlow(harness.QuietID, harness.QuietSecret, true), codes: make(chan string, 1<<20)}
	if on == onBolt {
		at, i.clear = i.Store, func() error { return os.Remove(i.Store) }
	}
	made := func(at string) error { return filled(r, on, at, exec, n, expired) }
	if err := i.keep(kept, at, made); err != nil {
		return nil, err
	}
	i.launch()
	return i, i.families()
}

// launch starts the process and returns how long it took until it was ready, to the first 200 of /readyz.
func (i *issuer) launch() time.Duration {
	begun := time.Now()
	i.Launch(i.r.T)
	for status := 0; status != http.StatusOK && time.Since(begun) < 10*time.Minute; time.Sleep(2 * time.Millisecond) {
		status, _ = i.Ready()
	}
	ready := time.Since(begun)
	i.WaitReady(i.r.T)
	return ready
}

// end stops the server and empties its store, so that the next has core and disk for itself.
func (i *issuer) end() {
	i.Kill()
	if err := i.clear(); err != nil {
		i.r.T.Errorf("the store is not emptied: %v", err)
	}
}

// families signs people in, who are anywhere in the store, and gets each some grants.
func (i *issuer) families() error {
	people, each := 160, 4
	if i.r.Smoke {
		people, each = 2, connections
	}
	i.free = make(chan string, people*each+connections)
	for n := range people {
		got := i.API().Must(i.r.T, http.MethodPost, "/login", url.Values{"username": {person(n * i.people / people)}, "password": {password}}, nil).Want(i.r.T, http.StatusSeeOther)
		var cookies []string
		for _, c := range (&http.Response{Header: got.Header}).Cookies() {
			cookies = append(cookies, c.Name+"="+c.Value)
		}
		i.cookies = append(i.cookies, strings.Join(cookies, "; "))
		for range each {
			got := i.API().Must(i.r.T, http.MethodGet, i.flow.Path("openid offline_access", nil), nil, map[string]string{"Cookie": strings.Join(cookies, "; ")}).Want(i.r.T, http.StatusSeeOther)
			u, err := url.Parse(got.Header.Get("Location"))
			if err != nil {
				return err
			}
			if err := i.flow.Answer(u.Query(), i.Issuer); err != nil {
				return err
			}
			tokens, err := i.flow.Redeem(i.API())
			if err != nil {
				return err
			}
			i.free <- tokens.Want(i.r.T, http.StatusOK).S("refresh_token")
			i.bearer = append(i.bearer, tokens.S("access_token"))
		}
	}
	return nil
}

// operation is what is measured: how a request of it is made, and what must come of it.
type operation struct {
	name string
	next func(i *issuer, t *vegeta.Target) error
	done func(i *issuer, res *vegeta.Result) error
}

// operations are what is measured, those together that need what the others of them give.
func operations() [][]operation {
	ok := func(_ *issuer, res *vegeta.Result) error { return load.Want(res, http.StatusOK) }
	secret := func(i *issuer, v url.Values) string {
		v.Set("client_id", i.flow.Client)
		v.Set("client_secret", i.flow.Secret)
		return v.Encode()
	}
	return [][]operation{
		{refresh()},
		{{"authorize, signed in", func(i *issuer, t *vegeta.Target) error {
			*t = load.Get(i.Issuer+i.flow.Path("openid offline_access", nil), http.Header{"Cookie": {i.cookies[int(i.next.Add(1))%len(i.cookies)]}})
			return nil
		}, func(i *issuer, res *vegeta.Result) error {
			if err := load.Want(res, http.StatusSeeOther); err != nil {
				return err
			}
			at, err := url.Parse(res.Headers.Get("Location"))
			if err == nil {
				f := *i.flow
				if err = f.Answer(at.Query(), i.Issuer); err == nil {
					i.codes <- f.Code
				}
			}
			return err
		}}, {"code exchange", func(i *issuer, t *vegeta.Target) error {
			select {
			case code := <-i.codes:
				*t = load.Form(i.Issuer+"/token", secret(i, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {harness.Callback},
					"code_verifier": {i.flow.Verifier}}), nil)
				return nil
			default:
				return vegeta.ErrNoTargets
			}
		}, ok}},
		{{"introspection", func(i *issuer, t *vegeta.Target) error {
			*t = load.Form(i.Issuer+"/introspect", secret(i, url.Values{"token": {i.token()}}), nil)
			return nil
		}, ok}},
		{{"userinfo", func(i *issuer, t *vegeta.Target) error {
			*t = load.Get(i.Issuer+"/userinfo", http.Header{"Authorization": {"Bearer " + i.token()}})
			return nil
		}, ok}},
		{{"client_credentials", func(i *issuer, t *vegeta.Target) error {
			*t = load.Form(i.Issuer+"/token", "grant_type=client_credentials", http.Header{"Authorization": {harness.Basic(harness.MachineID, harness.MachineSecret)["Authorization"]}})
			return nil
		}, ok}},
		{{"sign-in", func(i *issuer, t *vegeta.Target) error {
			n := int(i.next.Add(7919)) % i.people
			*t = load.Form(i.Issuer+"/login", url.Values{"username": {person(n)}, "password": {password}}.Encode(), nil)
			return nil
		}, func(_ *issuer, res *vegeta.Result) error { return load.Want(res, http.StatusSeeOther) }}},
	}
}

func refresh() operation {
	return operation{"refresh", func(i *issuer, t *vegeta.Target) error {
		v := url.Values{"grant_type": {"refresh_token"}, "client_id": {i.flow.Client}, "client_secret": {i.flow.Secret}}
		select {
		case token := <-i.free:
			v.Set("refresh_token", token)
		default:
			return vegeta.ErrNoTargets // all were lost to refusals
		}
		*t = load.Form(i.Issuer+"/token", v.Encode(), nil)
		return nil
	}, func(i *issuer, res *vegeta.Result) error {
		var got struct {
			Refresh string `json:"refresh_token"`
		}
		if err := load.Want(res, http.StatusOK); err != nil {
			return err
		}
		if json.Unmarshal(res.Body, &got) != nil || got.Refresh == "" {
			return errors.New("no refresh token in the answer")
		}
		i.free <- got.Refresh
		return nil
	}}
}

func (i *issuer) token() string { return i.bearer[int(i.next.Add(1))%len(i.bearer)] }

// asking is an operation against an issuer.
type asking struct {
	i  *issuer
	op operation
}

// Next implements [load.Source].
func (a asking) Next(t *vegeta.Target) error { return a.op.next(a.i, t) }

// Done implements [load.Source]. Where neighbours take the machine's time, the server sheds load; that is no fault of the store.
func (a asking) Done(res *vegeta.Result) error {
	if a.i.r.Patient && res.Code == http.StatusServiceUnavailable {
		return nil
	}
	return a.op.done(a.i, res)
}

func (i *issuer) loop(op operation) rig.Take { return i.r.Loop(connections, asking{i, op}, i.PID()) }
