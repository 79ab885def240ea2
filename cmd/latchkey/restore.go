package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"latchkey/cmd/latchkey/config"
	"latchkey/storage"
	"latchkey/storage/archive"
	"latchkey/storage/transfer"
)

// restoring is what `latchkey restore` was told.
type restoring struct {
	what archive.Restored
	// replace a bolt store that is not empty. unproven: take a backup that anybody can have made. otherIssuer: take one of another issuer.
	replace, unproven, otherIssuer bool
}

// restored is what it did.
type restored struct {
	archive.About
	// Records is what the store holds now.
	Records transfer.Summary `json:"restored"`
	// Aside is the file that was the store; "" where there was none.
	Aside string `json:"aside,omitempty"`
}

// restore verifies a backup whole, and only then puts it into the store of the configuration.
func restore(ctx context.Context, cfg *config.Config, o restoring, f openedBackup, progress func(transfer.Progress)) (done restored, err error) {
	k, err := backupKeys(cfg)
	if err != nil {
		return done, err
	}
	info, err := fits(ctx, cfg, o, f, k)
	if err != nil {
		return done, err
	}
	done.About = info.About
	into := func(to storage.Transfers) (err error) {
		done.Records, err = archive.Restore(ctx, f.whole(), k, o.what, to, progress)
		if errors.Is(err, storage.ErrNotEmpty) {
			err = fmt.Errorf("%w: restore into an empty one", err)
		}
		if errors.Is(err, transfer.ErrOther) {
			err = fmt.Errorf("%w: empty it, or go on with the backup and the flags that it was begun with", err)
		}
		return err
	}
	switch cfg.Storage.Driver {
	case "bolt":
		done.Aside, err = restoreBolt(ctx, cfg.Storage.BoltPath, o.replace, into)
	case "postgres":
		err = restorePostgres(ctx, cfg, into)
	default:
		err = errors.New("nothing can be restored into memory")
	}
	return done, err
}

// fits verifies the backup, and that it belongs here: to this issuer, and to a sealing key that opens its private keys. Else it would be restored, and
// never served.
func fits(ctx context.Context, cfg *config.Config, o restoring, f openedBackup, k *archive.Keys) (archive.Info, error) {
	seal, err := sealer(cfg)
	if err != nil {
		return archive.Info{}, err
	}
	foreign := ""
	info, err := archive.VerifyEach(ctx, f.whole(), k, func(item storage.Item) error {
		if ring, ok := item.(storage.Keyring); ok {
			for _, s := range ring.Secrets {
				if !slices.Contains(seal.KeyIDs(), s.SealKeyID) {
					foreign = s.SealKeyID
				}
			}
		}
		return nil
	})
	switch {
	case err != nil:
		return info, err
	case f.honest(info.About) != nil:
		return info, f.honest(info.About)
	case !info.Proven && !o.unproven:
		return info, errors.New("it opens, but none of the keys of backup.key made it: anybody who knows the recipients can have. Where you know where it comes from, say --unproven")
	case info.Issuer != cfg.Issuer && !o.otherIssuer:
		return info, fmt.Errorf("it is a backup of %s, and the issuer here is %s. If that is meant, say --other-issuer", info.Issuer, cfg.Issuer)
	case foreign != "":
		return info, fmt.Errorf("its private keys were sealed with another keys.sealing_key (%s): give that one, here or in keys.previous_sealing_keys", foreign)
	}
	return info, nil
}

// missing says whether a file is not there.
func missing(file string) bool {
	_, err := os.Lstat(file)
	return errors.Is(err, fs.ErrNotExist)
}
