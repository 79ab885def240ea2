package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"latchkey/cmd/latchkey/config"
	"latchkey/storage/archive"
)

func (a *app) backupCommand() *cobra.Command {
	cmd := group("backup", "Back up the store: online, consistent, encrypted, and read back before it counts", a.backupListCommand(), a.backupKeyCommand())
	cmd.Long = "Backup writes everything that is in the store, as of one instant, into an encrypted file, reads it back, and verifies it. A bolt\n" +
		"store is asked for from the server that has it. What is too old in backup.to goes (backup.keep, backup.keep_for), only there and\n" +
		"only after the new one was verified.\n\n" +
		"To recover, the key of backup.key and keys.sealing_key are needed. Neither is in a backup."
	below := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return below(cmd, args)
		}
		return a.backup(cmd)
	}
	cmd.Flags().String("to", "", "`where`: a folder, a file, s3://bucket/prefix, or - for standard output (default backup.to)")
	return cmd
}

func (a *app) backup(cmd *cobra.Command) (err error) {
	cfg, err := a.load(cmd, false)
	if err != nil {
		return err
	}
	to, err := cmd.Flags().GetString("to")
	if err != nil {
		return err
	}
	keys, err := backupKeys(cfg)
	if err != nil {
		return err
	}
	make, done, err := a.backupSource(cmd.Context(), cfg, keys)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	t, err := backupTo(cmd.Context(), cfg, to, a.stdout, make)
	if t.To == "" || t.To == "-" {
		return err
	}
	return errors.Join(a.show(cmd, t, func(w io.Writer) {
		row(w, "TAKEN", "BYTES", "RECORDS", "WHERE", "NAME")
		row(w, t.Taken, t.Bytes, t.Records.Records(), t.To, t.Name)
	}), err)
}

// backupSource is the running server where it has the store to itself, else the store.
func (a *app) backupSource(ctx context.Context, cfg *config.Config, keys *archive.Keys) (fill, func() error, error) {
	switch cfg.Storage.Driver {
	case "memory":
		return nil, nil, errors.New("what is in memory cannot be backed up")
	case "bolt":
		if socket := cfg.AdminSocketPath(); socket != "" {
			if conn, err := (&net.Dialer{Timeout: 2 * time.Second}).DialContext(ctx, "unix", socket); err == nil {
				_ = conn.Close()
				c, done, err := a.connect(ctx, cfg)
				if err != nil {
					return nil, nil, err
				}
				return fromServer(c, keys), done, nil
			}
		}
	}
	s, err := ownStore(ctx, cfg)
	if err != nil {
		return nil, nil, unavailableError{err}
	}
	return makeBackup(cfg, keys, s, time.Now), s.Close, nil
}

func (a *app) backupKeyCommand() *cobra.Command {
	return &cobra.Command{Use: "generate-key", Short: "Print a fresh key for backups (an age identity)", Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		key, err := archive.GenerateKey()
		if err != nil {
			return err
		}
		_, err = fmt.Fprint(a.stdout, key)
		return err
	}}
}

func (a *app) backupListCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List the backups of this issuer in a place, oldest first", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		cfg, err := a.load(cmd, false)
		if err != nil {
			return err
		}
		from, err := cmd.Flags().GetString("from")
		if err != nil {
			return err
		}
		if from == "" {
			from = cfg.Backup.To
		}
		if from == "" {
			return usageError{errors.New("where? Name --from, or set backup.to")}
		}
		p, err := placeOf(cfg, from, time.Now)
		if err != nil {
			return err
		}
		all, err := p.List(cmd.Context(), cfg.Issuer)
		if err != nil {
			return err
		}
		return a.show(cmd, append([]archive.Entry{}, all...), func(w io.Writer) {
			row(w, "TAKEN", "BYTES", "NAME")
			for _, e := range all {
				row(w, e.Taken, strconv.FormatInt(e.Bytes, 10), e.Name)
			}
		})
	}}
	cmd.Flags().String("from", "", "`where`: a folder or s3://bucket/prefix (default backup.to)")
	return cmd
}
