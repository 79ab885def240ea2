package operations

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"latchkey/e2e/bench/bare"
	"latchkey/e2e/bench/load"
	"latchkey/e2e/bench/rig"
	"latchkey/e2e/harness"
)

// entry is an operation and its bare cost.
type entry struct {
	name string
	// take measures it with a number of connections.
	take func(connections int) rig.Take
	// kind and arg are the bare handler's, same are the same requests to it, bottom says what it does.
	kind, arg, bottom string
	same              func(base string) load.Source
	bound             float64
	// work is arg, where the handler does work.
	work bare.Work
}

const plain = "form, SHA-256 of the secret"

// entries are all operations but sign-ins.
func (i *issuer) entries() []entry {
	out := []entry{i.bytes("discovery", "/.well-known/openid-configuration"), i.bytes("JWKS", "/jwks.json"),
		i.credentials("ES256", harness.MachineID, 1.25), i.credentials("RS256", harness.MachineRSAID, 1.1)}
	out = append(out, i.reads("introspection", "/introspect")...)
	out = append(out, i.reads("userinfo", "/userinfo")...)
	return append(out, i.writes()...)
}

// bytes is a document that is served as it is.
func (i *issuer) bytes(name, path string) entry {
	body := i.API().Must(i.r.T, http.MethodGet, path, nil, nil).Want(i.r.T, http.StatusOK).Raw
	file := filepath.Join(i.r.T.TempDir(), "body")
	if err := os.WriteFile(file, body, 0o600); err != nil {
		i.r.T.Fatal(err)
	}
	get := func(base string) load.Source {
		return load.Fixed{Target: load.Get(base+path, nil), Status: http.StatusOK}
	}
	return entry{name: name, take: func(n int) rig.Take { return i.loop(n, get(i.Issuer)) }, kind: "bytes", arg: file, same: get,
		bottom: fmt.Sprintf("net/http writes the same %d bytes", len(body)), bound: 1.25}
}

func (i *issuer) credentials(alg, client string, bound float64) entry {
	return entry{name: "client_credentials, " + alg, take: func(n int) rig.Take { return i.loop(n, machine(i.Issuer, client)) }, kind: "work",
		same: func(base string) load.Source { return machine(base, client) },
		work: bare.Work{Secret: harness.MachineSecret, Signs: 1, Alg: alg}, bottom: plain + ", one " + alg + " JWT", bound: bound}
}

// machine asks for tokens of its own.
func machine(base, client string) load.Source {
	basic := http.Header{"Authorization": {harness.Basic(client, harness.MachineSecret)["Authorization"]}}
	return load.Fixed{Target: load.Form(base+"/token", "grant_type=client_credentials&scope=read", basic), Status: http.StatusOK}
}

// about asks for what tokens are worth: each in turn, or with once, each once.
func (i *issuer) about(base, path string, tokens []string, once bool) load.Source {
	if path == "/userinfo" {
		return bearers(base+path, tokens, once)
	}
	var all []url.Values
	for _, t := range tokens {
		all = append(all, i.introspect(t))
	}
	return forms(base+path, all, once)
}

// reads are an operation about tokens that were seen before, and about tokens that are seen for the first time.
func (i *issuer) reads(name, path string) []entry {
	same := func(base string) load.Source { return i.about(base, path, i.bearer, false) }
	work := bare.Work{Secret: i.flow.Secret, Read: true, Dir: i.r.Dir}
	check := work
	check.Verify, check.Key = true, i.key
	first := func(n int) rig.Take {
		return i.r.LoopOf(n, func() (load.Source, error) {
			tokens, err := i.mint(i.minted)
			return i.about(i.Issuer, path, tokens, true), err
		}, i.PID())
	}
	bottom := plain + ", one bbolt read"
	if path == "/userinfo" {
		bottom = "one bbolt read"
	}
	return []entry{
		{name: name + ", token seen before", take: func(n int) rig.Take { return i.loop(n, same(i.Issuer)) }, kind: "work", same: same, work: work, bottom: bottom, bound: 1.4},
		{name: name + ", token seen first", take: first, kind: "work", same: same, work: check, bottom: bottom + ", one ES256 verification", bound: 1.4},
	}
}

// writes are the grants that are made durable.
func (i *issuer) writes() []entry {
	refresh, code := i.rotate("lkr_"+harness.Random(120)), i.exchange(harness.Random(43))
	post := func(form url.Values) func(base string) load.Source {
		return func(base string) load.Source {
			return load.Fixed{Target: load.Form(base+"/token", form.Encode(), nil), Status: http.StatusOK}
		}
	}
	work := func(signs int) bare.Work {
		return bare.Work{Secret: i.flow.Secret, Signs: signs, Alg: "ES256", Put: true, Dir: i.r.Dir}
	}
	return []entry{
		{name: "code exchange", take: i.redeem, kind: "work", same: post(code), work: work(2), bottom: plain + ", two ES256 JWTs, one group-committed bbolt put", bound: 1.4},
		{name: "refresh", take: func(n int) rig.Take { return i.loop(n, i.chains) }, kind: "work", same: post(refresh), work: work(i.perRefresh),
			bottom: fmt.Sprintf("%s, %d ES256 JWTs, one group-committed bbolt put", plain, i.perRefresh), bound: 1.4},
	}
}

// redeem makes codes, which is not measured, and redeems them.
func (i *issuer) redeem(connections int) rig.Take {
	c := load.New(connections, 0)
	i.r.T.Cleanup(c.Close)
	return i.r.LoopOf(connections, func() (load.Source, error) {
		a := i.authorizing(i.codes)
		if err := i.r.Whole(c.Closed(a, time.Minute)); err != nil {
			return nil, fmt.Errorf("authorize: %w", err)
		}
		return i.exchanging(a.codes), nil
	}, i.PID())
}

// mint makes access tokens that no endpoint has seen, by refreshing.
func (i *issuer) mint(n int) (tokens []string, err error) {
	var mu sync.Mutex
	i.chains.mint = func(access string) {
		mu.Lock()
		defer mu.Unlock()
		tokens = append(tokens, access)
	}
	defer func() { i.chains.mint = nil }()
	c := load.New(32, 0)
	defer c.Close()
	err = i.r.Whole(c.Closed(&some{Source: i.chains, left: n}, time.Minute))
	return tokens, err
}
