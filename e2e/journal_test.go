package e2e

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"latchkey/e2e/harness"
)

// journal is what was acknowledged in a round.
type journal struct {
	accounts []acked
	sessions []string // access tokens of sessions that live
	ended    []string // access tokens of sessions that were ended
	fixed    []string // refresh tokens of the session dialect
	chains   []*chain
	resets   []resetting
	links    []promise // reset links of before a backup, which nobody follows before it is restored
}

type acked struct{ username, password string }

// chain is one sign-in to an application: its code, and its refresh tokens in order.
type chain struct {
	flow    *harness.Flow
	started bool // the exchange was begun
	tokens  []string
	// revoking: its end was asked for; ended: and the answer arrived.
	revoking, ended bool
}

// resetting is a password reset: the token, and the password that it set where the answer arrived.
type resetting struct{ username, token, password string }

// check looks for what the round's journal says. What may be presented once only comes last, since it ends what it belongs to.
func (k *killer) check() {
	j := k.now
	k.held("account", len(j.accounts), func(i int) error { return k.login(j.accounts[i].username, j.accounts[i].password, 200) })
	k.held("session", len(j.sessions), func(i int) error { return k.status("GET", "/api/profile", j.sessions[i], 200) })
	k.spent("session that was ended", len(j.ended), func(i int) error { return k.status("GET", "/api/profile", j.ended[i], 401) })
	k.held("refresh token of the session dialect", len(j.fixed), func(i int) error {
		return want(k.api().Do("POST", "/api/auth/refresh", object{"refresh_token": j.fixed[i]}, nil))(200)
	})
	k.held("new password", len(j.resets), func(i int) error { return k.login(j.resets[i].username, j.resets[i].password, 200) })
	k.spent("old password", len(j.resets), func(i int) error { return k.login(j.resets[i].username, "first-password", 401) })
	k.spent("reset token", len(j.resets), func(i int) error {
		return want(k.api().Do("POST", "/api/reset-password", object{"token": j.resets[i].token, "new_password": "third-" + harness.Random(6)}, nil))(400)
	})
	k.chains(j.chains)
	k.old = append(k.old, journal{accounts: j.accounts, ended: j.ended, chains: j.chains})
}

// chains checks codes and refresh tokens.
func (k *killer) chains(chains []*chain) {
	redeem := func(c *chain) (*harness.Reply, error) { return c.flow.Redeem(k.api()) }
	parallel(len(chains), func(i int) {
		c := chains[i]
		last := len(c.tokens) - 1
		switch {
		case c.ended:
			k.must(&k.twice, "revoked refresh token", want(c.flow.Refresh(k.api(), c.tokens[last]))(400))
		case c.revoking: // nobody knows
		case last >= 0:
			r, err := c.flow.Refresh(k.api(), c.tokens[last])
			k.must(&k.lost, "refresh token", want(r, err)(200))
			if err == nil && r.Status == 200 {
				k.must(&k.lost, "refresh token's successor", want(c.flow.Refresh(k.api(), r.S("refresh_token")))(200))
			}
			k.must(&k.twice, "refresh token that was used twice over", want(c.flow.Refresh(k.api(), c.tokens[last]))(400))
			k.must(&k.twice, "redeemed code", want(redeem(c))(400))
		case c.started: // it is not known whether it was taken: at most one of these may succeed
			a, errA := redeem(c)
			b, errB := redeem(c)
			if errA != nil || errB != nil || a.Status == 200 && b.Status == 200 || b.Status == 200 {
				k.must(&k.twice, "code whose answer was lost", fmt.Errorf("%v %v then %v %v", a, errA, b, errB))
			}
		default:
			k.must(&k.lost, "code", want(redeem(c))(200))
			k.must(&k.twice, "code", want(redeem(c))(400))
		}
	})
}

// checkOld looks once more at all accounts, and at what was ended, after the last round.
func (k *killer) checkOld() {
	for _, j := range k.old {
		k.held("account of a round before", min(len(j.accounts), 3), func(i int) error { return k.login(j.accounts[i].username, j.accounts[i].password, 200) })
		k.spent("ended session of a round before", min(len(j.ended), 3), func(i int) error { return k.status("GET", "/api/profile", j.ended[i], 401) })
		k.spent("code of a round before", min(len(j.chains), 3), func(i int) error { return want(j.chains[i].flow.Redeem(k.api()))(400) })
	}
}

// checkMail waits for every mail that was promised. What the server had in hand when it died is released by who comes next.
func (k *killer) checkMail() {
	harness.Until(k.t, time.Minute, "every mail that was promised came", func() error {
		missing := 0
		for _, name := range k.forgot {
			if k.mailed(name) == "" {
				missing++
			}
		}
		if missing > 0 {
			return fmt.Errorf("%d of %d are missing", missing, len(k.forgot))
		}
		return nil
	})
}

func (k *killer) login(username, password string, status int) error {
	return want(k.api().Do("POST", "/api/login", object{"username": username, "password": password}, nil))(status)
}

func (k *killer) status(method, path, token string, status int) error {
	return want(k.api().Do(method, path, nil, harness.Bearer(token)))(status)
}

func (k *killer) held(what string, n int, try func(int) error) {
	parallel(n, func(i int) { k.must(&k.lost, what, try(i)) })
}

func (k *killer) spent(what string, n int, try func(int) error) {
	parallel(n, func(i int) { k.must(&k.twice, what, try(i)) })
}

func (k *killer) must(counter *atomic.Int64, what string, err error) {
	if err != nil {
		counter.Add(1)
		k.t.Errorf("%s: %v", what, err)
	}
}

func parallel(n int, do func(int)) {
	var wg sync.WaitGroup
	var next atomic.Int64
	for range min(n, 8) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	wg.Wait()
}

func want(r *harness.Reply, err error) func(status int) error {
	return func(status int) error {
		if err == nil && r.Status != status {
			err = fmt.Errorf("status %d, want %d: %.300s", r.Status, status, r.Raw)
		}
		return err
	}
}
