package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/spf13/cobra"

	"latchkey/cmd/latchkey/config"
	"latchkey/provider/client"
	"latchkey/storage"
	"latchkey/storage/bolt"
	"latchkey/storage/memory"
)

const importHelp = `Make accounts of the people of another system. FILE has one JSON object a line; without FILE, or with -, they come from standard input. A line:

  {"username": "ada", "email": "ada@example.com", "email_verified": true, "password_hash": "$2b$12$…", "name": "Ada Lovelace", "sub": "f81d…"}

Every line needs a username or an e-mail address; the rest may be left out. Members are sub, username, email, password_hash (argon2id or bcrypt, as PHC and
crypt write them), groups, disabled, created_at, and the standard claims of OpenID Connect (Core §5.1).

Lines that are not valid, and those whose names somebody else has, are told by their numbers and left out. Accounts that are there already, as the line has
them, are passed over: an import that was interrupted is run again as it was. --dry-run reads and compares everything, and writes nothing.

The store is the configuration's. No server may have it where it is a file; beside PostgreSQL servers can run.`

// imported is what an import did, in lines.
type imported struct {
	DryRun    bool  `json:"dry_run"`
	Lines     int64 `json:"lines"`
	Made      int64 `json:"made"`
	There     int64 `json:"there_already"`
	Conflicts int64 `json:"conflicts"`
	Invalid   int64 `json:"invalid"`
}

func (a *app) importUsersCommand() *cobra.Command {
	var dry bool
	cmd := &cobra.Command{Use: "import [FILE]", Short: "Make accounts of the people of another system", Long: importHelp, Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			cfg, err := a.load(cmd, false)
			if err != nil {
				return err
			}
			in, size, err := a.lines(args)
			if err != nil {
				return err
			}
			defer func() { _ = in.Close() }()
			store, err := storeOfPeople(cmd.Context(), cfg, dry)
			if dry && errors.Is(err, fs.ErrNotExist) {
				store, err = memory.New(), nil // as it would be
			}
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, store.Close()) }()
			i := &importer{store: store, dry: dry, now: time.Now, bar: newProgress(a.stderr), size: size, names: map[uint64]int64{}}
			if i.clients, err = clientIDs(cmd.Context(), cfg, store); err != nil {
				return err
			}
			runErr := i.run(cmd.Context(), in)
			i.bar.end()
			i.done.DryRun = dry
			showErr := a.show(cmd, i.done, i.done.print)
			return errors.Join(runErr, showErr)
		},
	}
	cmd.Flags().BoolVar(&dry, "dry-run", false, "write nothing")
	return cmd
}

func (d imported) print(w io.Writer) {
	made := "made"
	if d.DryRun {
		made = "would be made"
	}
	for _, r := range []struct {
		what string
		n    int64
	}{{"lines", d.Lines}, {made, d.Made}, {"there already", d.There}, {"conflicts", d.Conflicts}, {"not valid", d.Invalid}} {
		row(w, r.what, r.n)
	}
}

// lines opens what is to be imported. size is 0 where it is not known.
func (a *app) lines(args []string) (io.ReadCloser, int64, error) {
	if len(args) == 0 || args[0] == "-" {
		return io.NopCloser(a.stdin), 0, nil
	}
	f, err := os.Open(args[0])
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return f, 0, err
	}
	return f, info.Size(), nil
}

// storeOfPeople opens the configuration's store beside whoever else may have it. reading: a file that is not there is not made.
func storeOfPeople(ctx context.Context, cfg *config.Config, reading bool) (storage.Store, error) {
	switch cfg.Storage.Driver {
	case "memory":
		return nil, usageError{errors.New("what is in memory is gone when the process ends; storage.driver must be bolt or postgres")}
	case "postgres":
		waiting, cancel := context.WithTimeout(ctx, openPatience)
		defer cancel()
		o, err := openStore(waiting, cfg, coreOptions{})
		if errors.Is(err, storage.ErrUnavailable) || waiting.Err() != nil {
			return nil, unavailableError{err}
		}
		return o.store, err
	}
	open := bolt.OpenOrMake
	if reading {
		open = bolt.OpenAlone
	}
	s, err := open(ctx, cfg.Storage.BoltPath)
	switch {
	case errors.Is(err, bolt.ErrHeld), errors.Is(err, fs.ErrNotExist), errors.Is(err, storage.ErrUnavailable):
		return nil, unavailableError{err}
	case err != nil:
		return nil, err
	}
	if p, err := s.FillProgress(ctx); err != nil || p != nil {
		return nil, errors.Join(storage.ErrHalfFilled, err, s.Close())
	}
	return s, nil
}

// clientIDs are those that nobody may have as a sub: tokens of the one would be taken for the other's (RFC 9068 §5).
func clientIDs(ctx context.Context, cfg *config.Config, store storage.Store) (map[string]bool, error) {
	ids := map[string]bool{}
	for after := ""; ; {
		page, err := store.ListClients(ctx, after, exportPage)
		if err != nil {
			return nil, fmt.Errorf("read clients: %w", err)
		}
		for _, c := range page {
			ids[c.ID], after = true, c.ID
		}
		if len(page) == 0 {
			break
		}
	}
	for _, c := range append(cfg.Records(config.Keep{Hash: client.HashSecret}), ownClients(cfg)...) {
		ids[c.ID] = true
	}
	return ids, nil
}
