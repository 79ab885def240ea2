package keys

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"latchkey/storage"
)

// maxAttempts bounds how often a change that others forestalled is decided anew.
const maxAttempts = 100

// Rings are the keys of the service. All methods may be called at once from any goroutine. It prints without any key material.
type Rings struct {
	cfg    Config
	store  storage.Keyrings
	sealer *Sealer

	// mu lets one change at a time go on in this process. Requests never take it.
	mu    sync.Mutex
	usage map[string]*usage

	snap      atomic.Pointer[snapshot]
	tried     atomic.Pointer[attempt]
	lastFetch atomic.Int64
}

// attempt is when the keyring was last asked for, and whether that went well.
type attempt struct {
	at time.Time
	ok bool
}

// Open reads the keyring, makes what is missing, and returns the rings ready to sign: in an empty store, each ring gets an active
// and a next key, and the service its secret. Of any number of processes that open an empty store at once, one makes them.
// Errors: those of cfg, of the store, [ErrSealingKey], [ErrTampered].
func Open(ctx context.Context, cfg Config, store storage.Keyrings, sealer *Sealer) (*Rings, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return open(ctx, cfg, store, sealer)
}

func open(ctx context.Context, cfg Config, store storage.Keyrings, sealer *Sealer) (*Rings, error) {
	if sealer == nil || len(sealer.keys) == 0 {
		return nil, errors.New("open keys: no key-encryption key is given")
	}
	r := &Rings{cfg: cfg.withDefaults(), store: store, sealer: sealer, usage: map[string]*usage{}}
	if err := r.change(ctx, (*draft).due); err != nil {
		return nil, fmt.Errorf("open keys: %w", err)
	}
	return r, nil
}

// Tick reads the keyring again and does whatever is due: makes next keys, plans retirements, drops what is gone, with at most one
// write. If the store is away it returns the error, and everything goes on from memory. Call it when [Rings.NextTick] says.
func (r *Rings) Tick(ctx context.Context) error {
	if err := r.change(ctx, (*draft).due); err != nil {
		return fmt.Errorf("tick keys: %w", err)
	}
	return nil
}

// Reload reads the keyring again and writes nothing: for replicas beside the one that calls [Rings.Tick]. If the store is away it returns the error,
// and everything goes on from memory. Call it when [Rings.NextTick] says, or when somebody else is known to have written.
func (r *Rings) Reload(ctx context.Context) error {
	if err := r.change(ctx, func(*draft) error { return nil }); err != nil {
		return fmt.Errorf("reload keys: %w", err)
	}
	return nil
}

// NextTick is when [Rings.Tick] should be called at the latest: at the next transition or when the keyring should be read again.
// It is never further away than half of JWKSMaxAge, nor than 15 s.
func (r *Rings) NextTick() time.Time {
	now, last, period := r.cfg.Now(), r.tried.Load(), r.cfg.reload()
	next := last.at.Add(period)
	if !last.ok {
		next = last.at.Add(period / 4)
	}
	for _, k := range r.snap.Load().keys {
		if t := nextTransition(&k.record, last.at); !t.IsZero() {
			next = earlier(next, t)
		}
	}
	return earlier(next, now.Add(period)) // the clock may have been set back
}

// LastRead is when the keyring was last read or written with success: for readiness and metrics. From lead after it on
// ([Config.PublishAhead]), other processes may use keys that this one does not know.
func (r *Rings) LastRead() time.Time { return r.snap.Load().readAt }

// change reads the keyring, lets edit change it, writes it if it was changed, and takes it into use. Whoever is forestalled by
// another process decides anew from what that one wrote.
func (r *Rings) change(ctx context.Context, edit func(*draft) error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	err := r.changeLocked(ctx, edit)
	r.tried.Store(&attempt{at: r.cfg.Now(), ok: err == nil})
	return err
}

func (r *Rings) changeLocked(ctx context.Context, edit func(*draft) error) error {
	supply := &supply{cfg: &r.cfg, sealer: r.sealer}
	var last error
	for attempts := range maxAttempts {
		asked := r.cfg.Now() // before reading: what is read is at least as new
		ring, err := r.store.Keyring(ctx)
		if err != nil {
			return fmt.Errorf("read keyring: %w", err)
		}
		// Never write with keys that do not open what is there.
		snap, warning, err := r.load(ring, r.snap.Load(), asked)
		if err != nil {
			return err
		}
		decided := r.cfg.Now()
		d := &draft{cfg: &r.cfg, supply: supply, now: storedTime(decided), ring: ring}
		if err := edit(d); err != nil {
			return err
		}
		if len(supply.short) > 0 {
			if err := supply.fill(); err != nil {
				return err
			}
			continue
		}
		if !d.changed {
			r.snap.Store(snap)
			return warning
		}
		stored, err := r.store.SwapKeyring(ctx, d.ring, d.now)
		if errors.Is(err, storage.ErrConflict) || errors.Is(err, storage.ErrUnknown) && attempts < 3 {
			last = err
			continue
		}
		if err != nil {
			return fmt.Errorf("write keyring: %w", err)
		}
		r.tell(ctx, d.notes)
		if snap, warning, err = r.load(stored, snap, decided); err != nil {
			return err
		}
		r.snap.Store(snap)
		return warning
	}
	return fmt.Errorf("write keyring: gave up after %d attempts: %w", maxAttempts, last)
}

// storedTime is t as every driver can keep it.
func storedTime(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

func (r *Rings) tell(ctx context.Context, notes []note) {
	for _, n := range notes {
		level := slog.LevelInfo
		if n.loud {
			level = slog.LevelWarn
		}
		r.cfg.Logger.Log(ctx, level, "signing key changes", "what", n.what, "kid", n.kid, "alg", n.alg, "at", n.at)
	}
}

// Algs lists the algorithms that can sign now, in the order of the configuration.
func (r *Rings) Algs() []string {
	snap, now := r.snap.Load(), r.cfg.Now()
	return slices.DeleteFunc(slices.Clone(r.cfg.Algs), func(alg string) bool { return snap.active(alg, now) == nil })
}

// PublicKey returns the key that verifies tokens with that kid: a next, active or retiring key of ours, never a revoked one.
func (r *Rings) PublicKey(kid string) (alg string, key crypto.PublicKey, ok bool) {
	k := r.snap.Load().byKID[kid]
	if k == nil || k.material == nil || !stateOf(&k.record, r.cfg.Now()).published() {
		return "", nil, false
	}
	return k.record.Alg, k.material.signer.Public(), true
}

// String tells nothing of the keys.
func (r *Rings) String() string { return "Rings(redacted)" }

// LogValue tells nothing of the keys.
func (r *Rings) LogValue() slog.Value { return slog.StringValue(r.String()) }

// Format tells nothing of the keys, whatever the verb.
func (r *Rings) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, r.String()) }
