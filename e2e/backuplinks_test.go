package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"latchkey/e2e/harness"
)

// promise is a reset link that was promised before a backup. token is empty where it had not come by then.
type promise struct{ name, token string }

// promises asks for reset links that nobody follows yet. One has come; the others are on their way, so the backup may hold the request, the letter with its
// token, or the token alone.
func (k *killer) promises() (links []promise) {
	k.t.Helper()
	for i := range 4 {
		var name string
		harness.Until(k.t, time.Minute, "a reset link is promised", func() error {
			if name = k.askReset(k.api()); name == "" {
				return errors.New("none is")
			}
			return nil
		})
		var token string
		if i == 0 {
			_, token = k.s.Mail.Link(k.t, name+"@example.test", "/reset", 1)
		}
		links = append(links, promise{name, token})
	}
	return links
}

// followed follows links after a backup was restored with everything that it held: whoever was promised one has a good one, the one that had come, or else
// the newest. A request that the backup held is dealt with again, so what was mailed for it meanwhile is void.
// Links that were asked for later are lost with whom they were for: nobody is to follow those.
func (k *killer) followed(links []promise) {
	k.waiting = nil
	k.held("reset link of before the backup", len(links), func(i int) error {
		for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
			err := k.follow(links[i], http.StatusOK)
			if err == nil || links[i].token != "" || time.Now().After(end) {
				return err
			}
		}
	})
	anew := 0
	for _, l := range links {
		if all := k.tokens(l.name); len(all) > 1 && all[0] != all[len(all)-1] {
			anew++
		}
	}
	k.t.Logf("%d of %d reset links of before the backup came anew", anew, len(links))
}

// unfollowed follows links after a backup was restored without what signs people in: none is good.
func (k *killer) unfollowed(links []promise) {
	k.spent("reset link of before the backup", len(links), func(i int) error {
		if len(k.tokens(links[i].name)) == 0 {
			return nil // it was to come after the server was killed
		}
		return k.follow(links[i], http.StatusBadRequest)
	})
}

// follow presents the token that had come before the backup, or the newest.
func (k *killer) follow(link promise, status int) error {
	token := link.token
	if token == "" {
		all := k.tokens(link.name)
		if len(all) == 0 {
			return fmt.Errorf("no letter came to %s", link.name)
		}
		token = all[len(all)-1]
	}
	return want(k.api().Do("POST", "/api/reset-password", object{"token": token, "new_password": "followed-" + harness.Random(6)}, nil))(status)
}
