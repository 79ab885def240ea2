package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"latchkey/cmd/latchkey/config"
	"latchkey/storage"
	"latchkey/storage/archive"
	"latchkey/storage/transfer"
)

// restoring is what `latchkey restore` was told.
type restoring struct {
	from string
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

// openBackup opens a backup: a file, the newest of a folder or bucket, one in a bucket, or "-" for in. It can be read any number of times, and is gone
// when it is closed, where it is a copy. name is for messages.
func openBackup(ctx context.Context, cfg *config.Config, from string, in io.Reader) (f *os.File, name string, err error) {
	if from == "-" {
		f, err = spooled(in)
		return f, "standard input", err
	}
	_, _, remote := config.Bucket(from)
	if info, err := os.Stat(from); !remote && (err != nil || !info.IsDir()) {
		f, err := os.Open(from)
		return f, from, err
	}
	if cfg == nil {
		return nil, from, usageError{errors.New("a folder or bucket needs the configuration; name a file")}
	}
	name = ""
	if remote && isBackup(from) {
		from, name = strings.TrimSuffix(from, "/"+path.Base(from)), path.Base(from)
	}
	p, err := placeOf(cfg, from, time.Now)
	if err != nil {
		return nil, from, err
	}
	if name == "" {
		all, err := p.List(ctx, cfg.Issuer)
		if err != nil {
			return nil, from, err
		}
		if len(all) == 0 {
			return nil, from, fmt.Errorf("%s holds no backup of %s", p, cfg.Issuer)
		}
		name = all[len(all)-1].Name
	}
	r, err := p.Open(ctx, name)
	if err != nil {
		return nil, from, err
	}
	defer func() { _ = r.Close() }()
	if file, ok := r.(*os.File); ok {
		f, err = os.Open(file.Name())
	} else {
		f, err = spooled(r)
	}
	return f, p.String() + "/" + name, err
}

func spooled(r io.Reader) (*os.File, error) {
	f, err := archive.Spool()
	if err != nil {
		return nil, err
	}
	if _, err := io.Copy(f, r); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// whole reads an open backup from its beginning.
func whole(f *os.File) io.Reader { return io.NewSectionReader(f, 0, 1<<62) }

// restore verifies a backup whole, and only then puts it into the store of the configuration.
func restore(ctx context.Context, cfg *config.Config, o restoring, f *os.File, progress func(transfer.Progress)) (done restored, err error) {
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
		done.Records, err = archive.Restore(ctx, whole(f), k, o.what, to, progress)
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
func fits(ctx context.Context, cfg *config.Config, o restoring, f *os.File, k *archive.Keys) (archive.Info, error) {
	seal, err := sealer(cfg)
	if err != nil {
		return archive.Info{}, err
	}
	foreign := ""
	info, err := archive.VerifyEach(ctx, whole(f), k, func(item storage.Item) error {
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
