package doctor

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"latchkey/keys"
)

// opsURL is where the operators' listener answers; "" where there is none.
func (d *doctor) opsURL() string {
	host, port, err := net.SplitHostPort(d.Config.Server.OpsListen)
	if err != nil {
		return ""
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// ops asks the operators' listener.
func (d *doctor) ops(ctx context.Context, path string) (*answer, error) {
	base := d.opsURL()
	if base == "" {
		return nil, errors.New("there is none (server.ops_listen)")
	}
	c := &doctor{Options: d.Options, client: &http.Client{Timeout: d.Timeout, Transport: &http.Transport{DialContext: d.Dial, DisableKeepAlives: true}}}
	return c.get(ctx, base+path, nil)
}

func (d *doctor) checkReady(ctx context.Context, r *report) {
	a, err := d.ops(ctx, "/readyz?verbose")
	if err != nil {
		r.problem("the operators' listener does not answer: "+reason(err), "Does the server run? Run this command beside it, with its configuration.")
		return
	}
	lines := strings.Split(strings.TrimSpace(string(a.body)), "\n")
	if a.status == http.StatusOK {
		r.ok("the server is ready")
		return
	}
	r.problem("the server is not ready: "+cut(strings.Join(lines, "; ")), "store: see database or file. keys: the store could not be read for long. draining: it was told to end. starting: it waits for its store.")
}

// checkAdmin says how much can be seen.
func (d *doctor) checkAdmin(_ context.Context, r *report) {
	if d.Admin == nil {
		r.unknown("the admin socket does not answer: keys and forwarded headers cannot all be judged", "Run this command as the server's user, on its machine or in its container, while it runs.")
		return
	}
	r.ok("the admin socket answers")
}

// Key is what the operators' API tells of a key, as far as it is needed.
type Key struct {
	KID            string    `json:"kid"`
	Alg            string    `json:"alg"`
	State          string    `json:"state"`
	ActivatesAt    time.Time `json:"activates_at"`
	NextTransition time.Time `json:"next_transition"`
	SealKeyID      string    `json:"seal_key_id"`
}

func (d *doctor) adminKeys(ctx context.Context) (all []Key, err error) {
	if d.Admin == nil {
		return nil, errors.New("the admin socket does not answer")
	}
	return all, d.Admin(ctx, http.MethodGet, "keys", &all)
}

func (d *doctor) checkKeys(ctx context.Context, r *report) {
	all, err := d.adminKeys(ctx)
	if err != nil {
		r.unknown("the schedule of the keys cannot be seen: "+reason(err), "Run this command beside the server while it runs. Outside, `jwks` tells which keys are public.")
		return
	}
	k, now := d.Config.Keys, d.Now()
	var first time.Time
	for _, alg := range k.Algorithms {
		find := func(state string) *Key {
			if i := slices.IndexFunc(all, func(x Key) bool { return x.Alg == alg && x.State == state }); i >= 0 {
				return &all[i]
			}
			return nil
		}
		active, next := find("active"), find("next")
		switch {
		case active == nil && next == nil:
			r.problem("there is no key for "+alg, "Look at the server's log: it could not make one.")
		case active == nil:
			r.warn(fmt.Sprintf("no %s key signs before %s", alg, date(next.ActivatesAt)), "Right for an algorithm that was just added (keys.publish_ahead). Give it to clients after that.")
		case next == nil || active.NextTransition.IsZero():
			r.problem("no key follows the one that signs with "+alg, "Look at the server's log: it could not make one. The store must take writes, and one replica must have the lease \"keys\" (latchkey_duty_held).")
		case active.NextTransition.Before(now):
			r.problem(fmt.Sprintf("the next %s key should have taken over on %s", alg, date(active.NextTransition)), "Compare the clocks (clock, database), and look at the server's log.")
		case first.IsZero() || active.NextTransition.Before(first):
			first = active.NextTransition
		}
	}
	if !first.IsZero() {
		r.ok("the next key takes over on " + date(first))
	}
	if k.PublishAhead < 2*k.JWKSMaxAge {
		r.warn(fmt.Sprintf("keys.publish_ahead (%s) is less than twice keys.jwks_max_age (%s)", k.PublishAhead, k.JWKSMaxAge), "It counts as twice keys.jwks_max_age. Say so in the configuration, so that nobody reckons with less.")
	}
}

// checkSealing compares the sealing keys that are configured with those in use.
func (d *doctor) checkSealing(ctx context.Context, r *report) {
	k := d.Config.Keys
	if !k.SealingKey.IsSet() {
		r.unknown("no sealing key is in the configuration", "In development mode it is in a file of its own. Else set keys.sealing_key_file.")
		return
	}
	texts := append([]string{k.SealingKey.Reveal()}, strings.Fields(k.PreviousSealingKeys.Reveal())...)
	var ids []string
	for i, text := range texts {
		raw, err := keys.ParseSealingKey([]byte(text))
		if err != nil {
			r.problem(fmt.Sprintf("sealing key %d cannot be read", i+1), "It must be 32 bytes in base64 or hex: `latchkey keys generate-sealing-key` makes one.")
			return
		}
		sealer, err := keys.NewSealer(raw)
		if err != nil {
			r.problem("sealing keys: "+reason(err), "See docs/keys.md.")
			return
		}
		ids = append(ids, sealer.KeyIDs()...)
	}
	all, err := d.adminKeys(ctx)
	if err != nil {
		r.unknown("what the sealing keys seal cannot be seen: "+reason(err), "Run this command beside the server while it runs.")
		return
	}
	judgeSealing(ids, all, r)
}

func judgeSealing(ids []string, all []Key, r *report) {
	used := map[string]int{}
	for _, key := range all {
		used[key.SealKeyID]++
	}
	for id, n := range used {
		if !slices.Contains(ids, id) {
			r.problem(fmt.Sprintf("%d keys are sealed with %s, which this configuration does not have", n, id), "Put that sealing key into keys.previous_sealing_keys: without it a restart cannot open them.")
		} else if id != ids[0] {
			r.warn(fmt.Sprintf("%d keys are still sealed with a former sealing key", n), "Run `latchkey keys reseal`; then the former one can go.")
		}
	}
	switch former := len(ids) - 1; {
	case used[ids[0]] == len(all) && former > 0:
		r.warn(fmt.Sprintf("%d former sealing keys are configured and seal no signing key", former), "After `latchkey keys reseal` take them out of keys.previous_sealing_keys. Keep them as long as you keep backups from before.")
	case used[ids[0]] == len(all):
		r.ok("all keys are sealed with the present sealing key")
	}
}

// samples are the values of a scrape, by series as they are written, such as a{b="c"}.
type samples map[string]float64

// scrape reads the operators' metrics.
func (d *doctor) scrape(ctx context.Context) (samples, error) {
	ctx, cancel := context.WithTimeout(ctx, d.Timeout)
	defer cancel()
	a, err := d.ops(ctx, "/metrics")
	if err != nil {
		return nil, err
	}
	out, lines := samples{}, bufio.NewScanner(strings.NewReader(string(a.body)))
	for lines.Scan() {
		text := lines.Text()
		at := strings.LastIndexByte(text, ' ')
		if at < 0 || strings.HasPrefix(text, "#") {
			continue
		}
		if v, err := strconv.ParseFloat(text[at+1:], 64); err == nil {
			out[text[:at]] = v
		}
	}
	return out, lines.Err()
}

// oldBackup is how old the last backup may be where the schedule is not known.
const oldBackup = 26 * time.Hour

func (d *doctor) checkBackup(_ context.Context, r *report) {
	m, err := d.metrics()
	if err != nil {
		r.unknown("metrics cannot be read: "+reason(err), "See ready.")
		return
	}
	last, looked := m["latchkey_backup_last_success_timestamp_seconds"]
	age := d.Now().Sub(time.Unix(int64(last), 0)).Round(time.Minute)
	tried, hasTried := m["latchkey_backup_last_result"]
	switch {
	case d.Config.Storage.Driver == "memory":
		r.ok("what is in memory is not backed up")
	case d.Config.Backup.To == "":
		r.unknown("no backups are configured", "If nothing else makes them, set backup.to and backup.every (docs/operations.md). A copy of the file of a running server is no backup.")
	case !looked:
		r.problem("the server cannot see backup.to", "Look at its log: the folder or bucket is away, or may not be read.")
	case last == 0:
		r.problem("there is no backup in backup.to", "With backup.every the server makes one at once: look at its log for why it did not. Else run `latchkey backup`.")
	case age > oldBackup && age > 2*d.Config.Backup.Every.D():
		r.problem(fmt.Sprintf("the last good backup is %s old", age), "Look at the server's log for why later ones failed, or at what runs `latchkey backup`.")
	case hasTried && tried == 0:
		r.warn(fmt.Sprintf("the last try of a backup failed; the last good one is %s old", age), "Look at the server's log for why.")
	default:
		r.ok(fmt.Sprintf("the last good backup is %s old", age))
	}
}

// readable says why a file cannot be opened, "" if it can.
func readable(name string) string {
	f, err := os.Open(name) // #nosec G304 -- a file that the configuration names
	if err != nil {
		return cut(err.Error())
	}
	_ = f.Close()
	return ""
}
