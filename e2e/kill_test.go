package e2e

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/e2e/harness"
)

// TestKill kills the whole server with SIGKILL at random moments while people sign up and in, reset passwords, and applications redeem codes
// and refresh. A journal holds every effect whose answer arrived. After each restart nothing of it may be lost, and nothing one-time may
// work again.
func TestKill(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.Options{Config: object{"log.level": "warn", "mail.smtp.timeout": "1s", "accounts.reset_ttl": "1d"}})
	k := newKiller(t, s, s.Kill)
	begun := time.Now()
	var slowest time.Duration
	for round := range *harness.Rounds {
		k.round(round)
		restart := time.Now()
		s.Launch(t)
		s.WaitReady(t)
		slowest = max(slowest, time.Since(restart))
		k.check()
		if t.Failed() {
			t.Fatalf("round %d", round)
		}
	}
	k.sum(*harness.Rounds, time.Since(begun), 5)
	t.Logf("slowest restart %v", slowest.Round(time.Millisecond))
	s.Stop(t)
}

// newKiller prepares rounds on s, each of which ends with kill.
func newKiller(t *testing.T, s *harness.Server, kill func()) *killer {
	t.Helper()
	k := &killer{t: t, s: s, kill: kill, http: &http.Client{Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{MaxIdleConnsPerHost: 64}}}
	for range 10 {
		k.awaitReset(k.api())
	}
	k.checkMail()
	return k
}

// sum looks once more at what was of earlier rounds, and tells what there was: at least so many passwords that were reset, if there were rounds enough.
func (k *killer) sum(rounds int, took time.Duration, resets int) {
	k.t.Helper()
	k.checkOld()
	k.checkMail()
	if rounds > 0 && k.acks.Load() < int64(rounds)*10 || k.counts["reset"] < min(resets, rounds) {
		k.t.Errorf("%d effects were acknowledged in %d rounds: that is no load", k.acks.Load(), rounds)
	}
	k.t.Logf("%d rounds in %v: %d effects acknowledged (%v), %d lost, %d used twice", rounds, took.Round(time.Millisecond), k.acks.Load(), k.kinds(), k.lost.Load(), k.twice.Load())
}

// killer holds the journal.
type killer struct {
	t    *testing.T
	s    *harness.Server
	http *http.Client
	// kill is the accident of each round.
	kill func()

	acks, lost, twice atomic.Int64
	serial, faults    atomic.Int64

	mu     sync.Mutex
	now    journal   // of this round
	old    []journal // of rounds before
	counts map[string]int
	// forgot are all whose reset mails were promised; waiting are those of them who are to use theirs, and have not.
	forgot, waiting []string
}

func (k *killer) ack(kind string) {
	k.acks.Add(1)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.counts == nil {
		k.counts = map[string]int{}
	}
	k.counts[kind]++
}

func (k *killer) kinds() map[string]int { return k.counts }

func (k *killer) api() *harness.API {
	return &harness.API{Base: k.s.Issuer, Address: harness.RandomAddress(), HTTP: k.http}
}

func (k *killer) name(prefix string) string { return fmt.Sprintf("%s_%05d", prefix, k.serial.Add(1)) }

// round loads the server until a random moment after every kind of worker has had an answer, and returns then.
func (k *killer) round(round int) {
	k.now = journal{}
	stop := make(chan struct{})
	var warm, all sync.WaitGroup
	workers := []func(first func(), stopped func() bool){k.signUps, k.dialect, k.applications, k.applications, k.applications, k.resets}
	for _, w := range workers {
		warm.Add(1)
		once := sync.OnceFunc(warm.Done)
		all.Go(func() {
			defer once()
			w(once, func() bool {
				select {
				case <-stop:
					return true
				default:
					return false
				}
			})
		})
	}
	loaded := make(chan struct{})
	go func() {
		warm.Wait()
		close(loaded)
	}()
	select {
	case <-loaded:
	case <-time.After(time.Minute):
		k.t.Errorf("round %d: a minute was not enough for every kind of worker to get an answer", round)
	}
	defer all.Wait() // also where kill ends the test
	defer close(stop)
	time.Sleep(time.Duration(20+rand.N(60)) * time.Millisecond)
	k.kill() // first the server, then the load: the answers under way are lost
}

// signUps makes accounts and signs some of them out again.
func (k *killer) signUps(first func(), stopped func() bool) {
	for n := 0; !stopped(); n++ {
		a, u := k.api(), acked{k.name("u"), "password-" + harness.Random(6)}
		path, body := "/api/auth/signup", object{"username": u.username, "password": u.password, "confirm_password": u.password}
		if n%8 == 0 { // with an address, and so with a mail
			path, body = "/api/signup", object{"username": u.username, "email": u.username + "@example.test", "password": u.password}
		}
		r, err := a.Do("POST", path, body, nil)
		if !k.acknowledged(r, err, 201) {
			continue
		}
		k.ack("sign-up")
		k.add(func(j *journal) { j.accounts = append(j.accounts, u) })
		token := r.S("token")
		first()
		if n%2 == 0 {
			k.add(func(j *journal) { j.sessions = append(j.sessions, token) })
			continue
		}
		if r, err := a.Do("POST", "/api/logout", nil, harness.Bearer(token)); k.acknowledged(r, err, 200) {
			k.ack("sign-out")
			k.add(func(j *journal) { j.ended = append(j.ended, token) })
		}
	}
}

// dialect registers, signs in, and refreshes in the session dialect.
func (k *killer) dialect(first func(), stopped func() bool) {
	for !stopped() {
		a, email := k.api(), k.name("d")+"@example.test" // each a mail too
		r, err := a.Do("POST", "/api/auth/register", object{"email": email, "password": "longenough", "first_name": "Dee", "last_name": "Kay"}, nil)
		if !k.acknowledged(r, err, 201) {
			continue
		}
		k.ack("register")
		k.add(func(j *journal) { j.fixed = append(j.fixed, r.S("refresh_token")) })
		first()
		if in, err := a.Do("POST", "/api/auth/login", object{"email": email, "password": "longenough"}, nil); k.acknowledged(in, err, 200) {
			k.ack("login")
			k.add(func(j *journal) {
				j.fixed = append(j.fixed, in.S("refresh_token"))
				j.sessions = append(j.sessions, in.S("access_token"))
			})
			_, _ = a.Do("POST", "/api/auth/refresh", object{"refresh_token": in.S("refresh_token")}, nil)
		}
	}
}

// applications signs in through the page, then runs code flows and refresh chains.
func (k *killer) applications(first func(), stopped func() bool) {
	var cookie string
	for n := rand.N(60); !stopped(); n++ {
		if cookie == "" {
			if cookie = k.pageSignIn(); cookie == "" {
				continue
			}
		}
		f := harness.NewFlow(harness.QuietID, harness.QuietSecret, true)
		a := k.api()
		r, err := a.Do("GET", f.Path("openid offline_access", nil), nil, map[string]string{"Cookie": cookie})
		if !k.acknowledged(r, err, 303) {
			continue
		}
		u, err := url.Parse(r.Header.Get("Location"))
		if err != nil || f.Answer(u.Query(), k.s.Issuer) != nil {
			k.t.Errorf("the authorization response is %s", r.Header.Get("Location"))
			return
		}
		c := &chain{flow: f}
		k.add(func(j *journal) { j.chains = append(j.chains, c) })
		k.ack("code")
		if n%5 == 4 {
			continue // left for the check
		}
		c.started = true
		if r, err = f.Redeem(a); !k.acknowledged(r, err, 200) {
			continue
		}
		k.ack("redeemed")
		c.tokens = append(c.tokens, r.S("refresh_token"))
		first()
		for range 1 + n%4 {
			if r, err = f.Refresh(a, c.tokens[len(c.tokens)-1]); !k.acknowledged(r, err, 200) {
				break
			}
			k.ack("refreshed")
			c.tokens = append(c.tokens, r.S("refresh_token"))
		}
		if n%3 == 2 {
			c.revoking = true
			r, err := a.Do("POST", "/revoke", form("token", c.tokens[len(c.tokens)-1], "client_id", f.Client, "client_secret", f.Secret), nil)
			if k.acknowledged(r, err, 200) {
				k.ack("revoked")
				c.ended = true
			}
		}
	}
}

// pageSignIn makes an account and returns a session cookie for it.
func (k *killer) pageSignIn() string {
	a, name := k.api(), k.name("p")
	r, err := a.Do("POST", "/api/auth/signup", object{"username": name, "password": "page-password", "confirm_password": "page-password"}, nil)
	if !k.acknowledged(r, err, 201) {
		return ""
	}
	r, err = a.Do("POST", "/login", form("username", name, "password", "page-password"), nil)
	if !k.acknowledged(r, err, 303) {
		return ""
	}
	for _, c := range (&http.Response{Header: r.Header}).Cookies() {
		if strings.HasSuffix(c.Name, "lk_session") {
			k.add(func(j *journal) { j.accounts = append(j.accounts, acked{name, "page-password"}) })
			return c.Name + "=" + c.Value
		}
	}
	k.t.Errorf("signing in set no cookie: %v", r.Header)
	return ""
}

// resets asks for reset links, and follows those that have come, of this round or of one before.
func (k *killer) resets(first func(), stopped func() bool) {
	for n := 0; !stopped(); n++ {
		a := k.api()
		if n%4 == 0 {
			k.awaitReset(a)
		}
		name, token := k.letter()
		if token == "" {
			first()
			time.Sleep(time.Millisecond)
			continue
		}
		next := "second-" + harness.Random(6)
		if r, err := a.Do("POST", "/api/reset-password", object{"token": token, "new_password": next}, nil); k.acknowledged(r, err, 200) {
			k.ack("reset")
			k.add(func(j *journal) { j.resets = append(j.resets, resetting{name, token, next}) })
			first()
		}
	}
}

// awaitReset has somebody ask for a reset link, to be followed by [killer.resets].
func (k *killer) awaitReset(a *harness.API) {
	if name := k.askReset(a); name != "" {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.waiting = append(k.waiting, name)
	}
}

// askReset makes an account and asks for a reset link. It returns who was promised one, "" for nobody.
func (k *killer) askReset(a *harness.API) string {
	name := k.name("r")
	r, err := a.Do("POST", "/api/signup", object{"username": name, "email": name + "@example.test", "password": "first-password"}, nil)
	if !k.acknowledged(r, err, 201) {
		return ""
	}
	if r, err = a.Do("POST", "/api/forgot-password", object{"email": name + "@example.test"}, nil); !k.acknowledged(r, err, 200) {
		return ""
	}
	k.ack("forgot")
	k.mu.Lock()
	defer k.mu.Unlock()
	k.forgot = append(k.forgot, name)
	return name
}

// letter takes a reset link that has come.
func (k *killer) letter() (name, token string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for i, name := range k.waiting {
		if token := k.mailed(name); token != "" {
			k.waiting = slices.Delete(k.waiting, i, i+1)
			return name, token
		}
	}
	return "", ""
}

// mailed is the reset token that came first, "" where none did.
func (k *killer) mailed(name string) string {
	if all := k.tokens(name); len(all) > 0 {
		return all[0]
	}
	return ""
}

// tokens are the reset tokens that came, the oldest first.
func (k *killer) tokens(name string) (all []string) {
	for _, l := range k.s.Mail.To(name + "@example.test") {
		if _, rest, ok := strings.Cut(l.Text, "/reset?token="); ok {
			all = append(all, strings.TrimRight(strings.Fields(rest)[0], ".,)"))
		}
	}
	return all
}

func (k *killer) add(change func(*journal)) {
	k.mu.Lock()
	defer k.mu.Unlock()
	change(&k.now)
}

// acknowledged tells whether an answer arrived and is the one that the effect has. 503 is no acknowledgement; any other answer is a fault.
func (k *killer) acknowledged(r *harness.Reply, err error, status int) bool {
	if err != nil {
		return false
	}
	if r.Status != status && r.Status != http.StatusServiceUnavailable && k.faults.Add(1) < 5 {
		k.t.Errorf("status %d, want %d: %.300s", r.Status, status, r.Raw)
	}
	return r.Status == status
}
