package doctor

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// judgeCaching compares Cache-Control with what Latchkey sends: public, max-age=N, must-revalidate.
func (d *doctor) judgeCaching(what string, a *answer, r *report) {
	control := strings.ToLower(a.header.Get("Cache-Control"))
	age, found := maxAge(control)
	switch {
	case !found || !strings.Contains(control, "public"):
		r.warn(fmt.Sprintf("%s comes with Cache-Control %q: the ingress changed it", what, cut(control)), "Leave Cache-Control as it comes from Latchkey: applications ask for keys at every turn otherwise.")
	case d.Config != nil && age > d.Config.Keys.JWKSMaxAge.D():
		r.problem(fmt.Sprintf("%s may be kept for %s, longer than keys.jwks_max_age (%s)", what, age, d.Config.Keys.JWKSMaxAge), "Leave Cache-Control as it comes from Latchkey: with keys that are kept too long, the next rotation locks people out.")
	case !strings.Contains(control, "must-revalidate"):
		r.warn(fmt.Sprintf("%s comes with Cache-Control %q, without must-revalidate", what, cut(control)), "Leave Cache-Control as it comes from Latchkey: caches may serve it stale.")
	}
	if n, err := strconv.Atoi(a.header.Get("Age")); err == nil && found && time.Duration(n)*time.Second > age {
		r.problem(fmt.Sprintf("%s was %d seconds old in a cache, and may be %d", what, n, int(age.Seconds())), "Have the cache in between heed max-age and must-revalidate.")
	}
	if e := a.header.Get("Content-Encoding"); e != "" {
		r.warn(fmt.Sprintf("%s comes compressed (%s), which nobody asked for", what, cut(e)), "Have the proxy compress only for clients that send Accept-Encoding.")
	}
}

func maxAge(control string) (time.Duration, bool) {
	for _, part := range strings.Split(control, ",") {
		if v, ok := strings.CutPrefix(strings.TrimSpace(part), "max-age="); ok {
			n, err := strconv.Atoi(v)
			return time.Duration(n) * time.Second, err == nil
		}
	}
	return 0, false
}
