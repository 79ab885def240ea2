package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"latchkey/cmd/latchkey/config"
	"latchkey/storage"
	"latchkey/storage/archive"
	"latchkey/storage/bolt"
)

// Taken is what `latchkey backup` did.
type taken struct {
	// To is where the backup is; Name its name there, "" for a stream.
	To   string `json:"to"`
	Name string `json:"name,omitempty"`
	archive.Info
	// Removed are the old ones that were let go.
	Removed []string `json:"removed,omitempty"`
}

// fill makes a verified backup in an empty file.
type fill func(ctx context.Context, f *os.File) (archive.Info, error)

// backupKeys reads the keys of the configuration.
func backupKeys(cfg *config.Config) (*archive.Keys, error) {
	if !cfg.Backup.Key.IsSet() {
		return nil, config.Faults{{Key: "backup.key", Problem: "is missing; set it or backup.key_file (`latchkey backup generate-key` makes one)"}}
	}
	keys, err := archive.ParseKeys(cfg.Backup.Key.Reveal(), cfg.Backup.Recipients)
	if err != nil {
		return nil, config.Faults{{Key: "backup.key", Problem: err.Error()}}
	}
	return keys, nil
}

// aboutStore is what a backup that is begun now says of itself.
func aboutStore(cfg *config.Config, now time.Time) archive.About {
	return archive.About{Taken: now, Issuer: cfg.Issuer, Version: version, Revision: revision, Driver: cfg.Storage.Driver}
}

// makeBackup backs a store up.
func makeBackup(cfg *config.Config, keys *archive.Keys, from storage.Store, now func() time.Time) fill {
	return func(ctx context.Context, f *os.File) (archive.Info, error) {
		source, ok := from.(storage.Transfers)
		if !ok {
			return archive.Info{}, errors.New("this store cannot be backed up")
		}
		return archive.Make(ctx, f, keys, aboutStore(cfg, now()), source)
	}
}

// placeOf is the folder or bucket that to names.
func placeOf(cfg *config.Config, to string, now func() time.Time) (archive.Place, error) {
	bucket, prefix, ok := config.Bucket(to)
	if !ok && strings.Contains(to, "://") {
		return nil, usageError{fmt.Errorf("%s is neither a folder nor s3://bucket/prefix", to)}
	}
	if !ok {
		return archive.Folder{Path: to, Now: now}, nil
	}
	s := cfg.Backup.S3
	if s.Endpoint == "" {
		return nil, config.Faults{{Key: "backup.s3.endpoint", Problem: "is missing: the base URL of the S3 service, without the bucket"}}
	}
	p, err := archive.NewS3(archive.S3Config{
		Endpoint: s.Endpoint, Region: s.Region, AccessKeyID: s.AccessKeyID, SecretAccessKey: strings.TrimSpace(s.SecretAccessKey.Reveal()),
		SessionToken: strings.TrimSpace(s.SessionToken.Reveal()), PathStyle: s.PathStyle, Bucket: bucket, Prefix: prefix, Now: now,
	})
	if err != nil {
		return nil, usageError{fmt.Errorf("%s: %w", to, err)}
	}
	return p, nil
}

// put makes a backup in a place, and removes what is too old there if prune is set. Where only that failed, the backup is told with the error.
func put(ctx context.Context, cfg *config.Config, p archive.Place, make fill, prune bool, now func() time.Time) (t taken, err error) {
	t = taken{To: p.String(), Name: archive.NewName(cfg.Issuer, now())}
	err = p.Store(ctx, t.Name, func(f *os.File) (err error) {
		if t.Info, err = make(ctx, f); err == nil {
			err = archive.CheckName(t.Name, t.About) // a clock was set meanwhile
		}
		return err
	})
	if err != nil {
		return taken{}, fmt.Errorf("back up to %s: %w", p, err)
	}
	if prune {
		t.Removed, err = archive.Prune(ctx, p, cfg.Issuer, t.Name, archive.Keep{Count: cfg.Backup.Keep, For: cfg.Backup.KeepFor.D()}, now())
	}
	return t, err
}

// backupTo makes a backup where a command was told to: "-" for out, s3://bucket/prefix, a folder that is there or ends with a slash, or a file.
func backupTo(ctx context.Context, cfg *config.Config, to string, out io.Writer, make fill) (taken, error) {
	configured := to == "" || to == cfg.Backup.To
	if configured {
		to = cfg.Backup.To
	}
	switch info, err := os.Stat(to); {
	case to == "":
		return taken{}, usageError{errors.New("where to? Name --to, or set backup.to")}
	case to == "-":
		return backupToStream(ctx, out, make)
	case !configured && !strings.Contains(to, "://") && !strings.HasSuffix(to, "/") && (err != nil || !info.IsDir()):
		t := taken{To: filepath.Dir(to), Name: filepath.Base(to)}
		err := archive.WriteFile(ctx, to, func(f *os.File) (err error) {
			t.Info, err = make(ctx, f)
			return err
		})
		return t, err
	}
	p, err := placeOf(cfg, to, time.Now)
	if err != nil {
		return taken{}, err
	}
	return put(ctx, cfg, p, make, configured, time.Now)
}

func backupToStream(ctx context.Context, out io.Writer, make fill) (t taken, err error) {
	f, err := archive.Spool()
	if err != nil {
		return t, err
	}
	defer func() { _ = f.Close() }()
	if t.Info, err = make(ctx, f); err != nil {
		return t, err
	}
	t.To = "-"
	_, err = io.Copy(out, io.NewSectionReader(f, 0, t.Bytes))
	return t, err
}

// ownStore opens the store for a backup: the running server has it not, or it is PostgreSQL, which many may read. A store that is not there is not made.
func ownStore(ctx context.Context, cfg *config.Config) (storage.Store, error) {
	if cfg.Storage.Driver == "postgres" {
		c := *cfg
		c.Storage.Postgres.Migrate = false // reading is no reason to change a database
		o, err := openStore(ctx, &c, coreOptions{})
		return o.store, err
	}
	s, err := bolt.OpenAlone(ctx, cfg.Storage.BoltPath)
	if errors.Is(err, bolt.ErrHeld) {
		return nil, errors.New("another process has the store, and does not answer at the admin socket (server.admin_socket)")
	}
	if err != nil {
		return nil, err
	}
	if p, err := s.FillProgress(ctx); err != nil || p != nil {
		return nil, errors.Join(storage.ErrHalfFilled, err, s.Close())
	}
	return s, nil
}

// fromServer has the running server make a backup, and verifies what comes.
func fromServer(c *adminClient, keys *archive.Keys) fill {
	return func(ctx context.Context, f *os.File) (archive.Info, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://admin"+backupRoute, http.NoBody)
		if err != nil {
			return archive.Info{}, err
		}
		long := *c.http
		long.Timeout = 0 // it takes as long as the store is large
		res, err := long.Do(req)
		if err != nil {
			return archive.Info{}, unavailableError{fmt.Errorf("talk to the server: %w", err)}
		}
		defer func() { _ = res.Body.Close() }()
		if res.StatusCode >= 400 {
			return archive.Info{}, faultOf(res)
		}
		if _, err := io.Copy(f, res.Body); err != nil {
			return archive.Info{}, err
		}
		if err := f.Sync(); err != nil {
			return archive.Info{}, err
		}
		info, err := archive.Verify(ctx, io.NewSectionReader(f, 0, 1<<62), keys)
		if errors.Is(err, archive.ErrKey) || err == nil && !info.Proven {
			return info, errors.New("the server made the backup with another key than the backup.key of this configuration: restart it with this one")
		}
		return info, err
	}
}

// isBackup says whether the last part of a path names a backup, not a folder of them.
func isBackup(p string) bool { return strings.HasSuffix(path.Base(p), ".age") }
