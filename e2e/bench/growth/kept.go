package growth

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"latchkey/e2e/bench/rig"
)

// filled fills a store and tells how long it took.
func filled(r *rig.Rig, on driver, at string, exec func(string) error, n size, expired bool) error {
	begun := time.Now()
	if err := fill(on, at, exec, n, expired); err != nil {
		return fmt.Errorf("fill %s: %w", on, err)
	}
	r.Say("filled %s with %d people and %d grants in %v", on, n.people, n.grants, time.Since(begun).Round(time.Second))
	return nil
}

// keep has the issuer use a store that stays for the next run, or the one at the given place, which does not; made fills it.
func (i *issuer) keep(name, at string, made func(at string) error) error {
	if i.r.Kept == "" || name == "" || i.on != onBolt {
		return made(at)
	}
	at, err := keptStore(i.r, name, made)
	if err != nil {
		return err
	}
	i.Store, i.SealingKey, i.clear = at, at+".key", func() error { return nil }
	i.Config["storage.bolt.path"], i.Config["keys.sealing_key_file"] = i.Store, i.SealingKey
	i.WriteConfig(i.r.T)
	return nil
}

// keptStore is the file of a store that stays. It is made aside: what was interrupted is made anew.
func keptStore(r *rig.Rig, name string, made func(at string) error) (string, error) {
	at := filepath.Join(r.Kept, name+".db")
	if _, err := os.Stat(at); !errors.Is(err, fs.ErrNotExist) {
		return at, err
	}
	part := at + ".part"
	if err := errors.Join(os.MkdirAll(r.Kept, 0o700), os.RemoveAll(part)); err != nil {
		return "", err
	}
	if err := made(part); err != nil {
		return "", err
	}
	const key = "bWFueSBncmFudHMgYXJlIGtlcHQgaGVyZSwgYXMgaXM="
	return at, errors.Join(os.WriteFile(at+".key", []byte(key), 0o600), os.Rename(part, at))
}

// prepare makes the stores that stay.
func prepare(r *rig.Rig, large, swept size) error {
	if r.Kept == "" {
		return nil
	}
	_, err := keptStore(r, "live", func(at string) error { return filled(r, onBolt, at, nil, large, false) })
	if err == nil {
		_, err = keptStore(r, "expired", func(at string) error { return filled(r, onBolt, at, nil, swept, true) })
	}
	return err
}
