package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"latchkey/cmd/latchkey/config"
	"latchkey/storage/archive"
	"latchkey/storage/transfer"
)

const restoreHelp = `Restore puts a backup into the store of the configuration, whichever driver it came from, while no server runs. The whole backup is
verified before anything is changed. FROM is a file, a folder (its newest backup of this issuer), s3://bucket/prefix, the same with the
name of a backup behind it, or - for standard input.

What happened after the backup is lost. So that nothing lives again that was signed out, revoked or rotated since, no session, grant, one-time
or registration token comes back, nor mail that waited: people sign in again, and applications ask them again where they would. For a move in which
nothing happened since, --keep-sessions brings all of it.

A bolt store is made as a new file, which takes its place at the end; PostgreSQL serves nobody before the end. A restore that was
interrupted is begun again with the same command.`

func (a *app) restoreCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "restore FROM", Short: "Put a backup into an empty store", Long: restoreHelp, Args: cobra.ExactArgs(1), RunE: a.restore}
	f := cmd.Flags()
	f.Bool("replace", false, "take the place of a bolt store that is not empty, which is kept aside")
	f.Bool("yes", false, "do not ask before replacing")
	f.Bool("keep-sessions", false, "bring back sessions, grants and tokens: only where nothing happened after the backup")
	f.Int64("skip-numbers", 100_000, "how many account `numbers` to pass over, since they may have been given out after the backup; 0 with --keep-sessions")
	f.Bool("unproven", false, "take a backup that none of the keys made, but that they open")
	f.Bool("other-issuer", false, "take a backup of another issuer")
	f.String("key-file", "", "`file` with the age identity, in place of backup.key")
	return cmd
}

func (a *app) restore(cmd *cobra.Command, args []string) error {
	cfg, err := a.load(cmd, false)
	if err != nil {
		return err
	}
	o := restoring{}
	yes, keyFile := false, ""
	f := cmd.Flags()
	for name, to := range map[string]*bool{"replace": &o.replace, "yes": &yes, "keep-sessions": &o.what.Sessions, "unproven": &o.unproven, "other-issuer": &o.otherIssuer} {
		if *to, err = f.GetBool(name); err != nil {
			return err
		}
	}
	if o.what.Gap, err = f.GetInt64("skip-numbers"); err != nil {
		return err
	}
	if o.what.Gap < 0 || o.what.Gap > 1<<40 {
		return usageError{errors.New("--skip-numbers must be between 0 and 1099511627776")}
	}
	if o.replace && cfg.Storage.Driver != "bolt" {
		return usageError{errors.New("--replace is for the bolt store; make an empty database in place of the old one")}
	}
	if o.what.Sessions && !f.Changed("skip-numbers") {
		o.what.Gap = 0
	}
	if keyFile, err = f.GetString("key-file"); err != nil {
		return err
	}
	if err := withKeyFile(cfg, keyFile); err != nil {
		return err
	}
	file, err := openBackup(cmd.Context(), cfg, args[0], a.stdin)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	if o.replace && !yes {
		if err := a.confirm(file.shown, cfg); err != nil {
			return err
		}
	}
	done, err := restore(cmd.Context(), cfg, o, file, a.progress())
	if err != nil {
		return fmt.Errorf("%s: %w", file.shown, err)
	}
	a.afterRestore(o)
	return a.show(cmd, done, func(w io.Writer) {
		row(w, "restored from", file.shown)
		row(w, "as of", done.Taken)
		row(w, "made by", "Latchkey "+done.Version+", "+done.Driver)
		if done.Aside != "" {
			row(w, "kept aside", done.Aside)
		}
		counts(w, done.Records)
	})
}

// afterRestore says what nobody but the operator can do now.
func (a *app) afterRestore(o restoring) {
	text := "Lost is what happened after the backup. Do again what was done since to keep somebody out: disabled accounts, changed passwords, revoked\n" +
		"signing keys (latchkey keys revoke), rotated client secrets, withdrawn consents."
	if !o.what.Sessions {
		text = "Nobody is signed in any more, and every token but JWT access tokens that run is dead.\n" + text
	}
	_, _ = fmt.Fprintln(a.stderr, text)
}

// withKeyFile has the keys of a file count in place of the configuration's.
func withKeyFile(cfg *config.Config, name string) error {
	if name == "" {
		return nil
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	cfg.Backup.Key = config.NewSecret(string(b))
	return nil
}

// confirm asks before a store is replaced.
func (a *app) confirm(name string, cfg *config.Config) error {
	_, _ = fmt.Fprintf(a.stderr, "%s takes the place of %s, which is kept aside. Type yes to go on: ", name, cfg.Storage.BoltPath)
	line, _ := bufio.NewReader(io.LimitReader(a.stdin, 64)).ReadString('\n') // nothing, where there is nothing to read
	if strings.TrimSpace(line) != "yes" {
		return errors.New("not confirmed (--yes does not ask)")
	}
	return nil
}

// progress tells now and then how far it is.
func (a *app) progress() func(transfer.Progress) {
	last := time.Now()
	return func(p transfer.Progress) {
		if time.Since(last) > 5*time.Second {
			last = time.Now()
			_, _ = fmt.Fprintf(a.stderr, "%s: %d records\n", p.Stage, p.Records)
		}
	}
}

func counts(w io.Writer, records transfer.Summary) {
	for _, kind := range records.Kinds() {
		row(w, string(kind), records[kind].Count)
	}
}

func (a *app) verifyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "verify BACKUP", Short: "Check a backup: it opens, every record can be read, and nothing is missing", Args: cobra.ExactArgs(1),
		Long: "Verify reads a backup to its end and says when it was taken, by which version, of which issuer, and how much of each kind is in it. Exit\n" +
			"status 1 where it is damaged, cut, of another key, or, as the newest of a folder or bucket, not what its name says. BACKUP is what restore\n" +
			"takes. With --key-file a file needs no configuration.",
		RunE: func(cmd *cobra.Command, args []string) error {
			keyFile, err := cmd.Flags().GetString("key-file")
			if err != nil {
				return err
			}
			cfg, err := a.load(cmd, false)
			if err != nil && keyFile == "" {
				return err
			}
			if err != nil { // on a machine that has nothing but the key
				cfg = nil
			}
			return a.verify(cmd, cfg, args[0], keyFile)
		},
	}
	cmd.Flags().String("key-file", "", "`file` with the age identity, in place of backup.key")
	return cmd
}

func (a *app) verify(cmd *cobra.Command, cfg *config.Config, from, keyFile string) error {
	keyed := &config.Config{}
	if cfg != nil {
		keyed = cfg
	}
	if err := withKeyFile(keyed, keyFile); err != nil {
		return err
	}
	keys, err := backupKeys(keyed)
	if err != nil {
		return err
	}
	f, err := openBackup(cmd.Context(), cfg, from, a.stdin)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	info, err := archive.Verify(cmd.Context(), f.whole(), keys)
	if err == nil {
		err = f.honest(info.About)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", f.shown, err)
	}
	if !info.Proven {
		_, _ = fmt.Fprintln(a.stderr, "none of the keys made this backup: anybody who knows the recipients can have")
	}
	return a.show(cmd, info, func(w io.Writer) {
		row(w, "good", f.shown)
		row(w, "taken", info.Taken)
		row(w, "issuer", info.Issuer)
		row(w, "made by", "Latchkey "+info.Version+", "+info.Driver)
		row(w, "made with this key", info.Proven)
		row(w, "bytes", info.Bytes)
		counts(w, info.Records)
	})
}
