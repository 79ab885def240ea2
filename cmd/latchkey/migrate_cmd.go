package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"latchkey/storage"
	"latchkey/storage/transfer"
)

const migrateHelp = `Move everything from one store into another, which must be empty. No server may use either meanwhile.

A store is one of
  bolt:FILE           the embedded store
  postgres:file:FILE  a PostgreSQL database, whose connection string is in a file
  postgres:env:NAME   the same, in an environment variable
  postgres:URL        the same, where the string holds no password

Everything is copied as of one instant and then read again from the target, and compared by counts and hashes. The target is not served before
that is done. Whoever interrupts it runs the same command again: it goes on where it was. Attempts that were counted, and leases, are not moved.`

// moved is what a move did.
type moved struct {
	From    string           `json:"from"`
	To      string           `json:"to"`
	Records transfer.Summary `json:"records"`
}

func (a *app) migrateCommand() *cobra.Command {
	var from, to string
	cmd := &cobra.Command{Use: "migrate --from STORE --to STORE", Short: "Move everything into another store", Long: migrateHelp, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			source, err := a.parseStore("--from", from)
			if err != nil {
				return err
			}
			target, err := a.parseStore("--to", to)
			if err != nil {
				return err
			}
			if source == target {
				return usageError{errors.New("--from and --to are the same store")}
			}
			bar := newProgress(a.stderr)
			all, err := migrate(cmd.Context(), source, target, bar)
			bar.end()
			if err != nil {
				return err
			}
			done := moved{From: source.String(), To: target.String(), Records: all}
			return a.show(cmd, done, func(w io.Writer) {
				records(w, all)
				row(w, "Moved and verified. Serve "+done.To+" from now on, and "+done.From+" no more: what is good once would be good twice.")
			})
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "the `store` that everything is in")
	cmd.Flags().StringVar(&to, "to", "", "the `store` that it is to be in")
	for _, name := range []string{"from", "to"} {
		_ = cmd.MarkFlagRequired(name)
	}
	return cmd
}

// records lists what was moved. The hashes of two stores are the same where they hold the same.
func records(w io.Writer, all transfer.Summary) {
	row(w, "KIND", "RECORDS", "HASH")
	for _, kind := range all.Kinds() {
		text, _ := all[kind].Hash.MarshalText()
		row(w, kind, all[kind].Count, string(text[:16]))
	}
}

// migrate moves everything. Whatever it says names stores without what is secret of them.
func migrate(ctx context.Context, source, target storeName, bar *progress) (all transfer.Summary, err error) {
	from, err := source.open(ctx, bar, true)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	half, err := from.FillProgress(ctx)
	if err != nil {
		return nil, unavailableError{err}
	}
	if half != nil {
		return nil, fmt.Errorf("%s: %w", source, storage.ErrHalfFilled)
	}
	bar.total, err = recordsIn(ctx, from)
	if err != nil {
		return nil, unavailableError{err}
	}
	to, err := target.open(ctx, bar, false)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	into := storage.Transfers(to)
	if source.driver == "postgres" { // nobody can be kept from writing to it
		into = lastLook{to, from}
	}
	all, err = transfer.Copy(ctx, from, into, bar.tell)
	return all, advised(err, target)
}

// lastLook is a target that is not finished where somebody has written to the source since it was read.
type lastLook struct {
	storage.Transfers
	source storage.Transfers
}

// FinishFill implements [storage.Transfers].
func (l lastLook) FinishFill(ctx context.Context, noted []byte) error {
	now, err := transfer.Sum(ctx, l.source)
	if err != nil {
		return err
	}
	read := transfer.Summary{}
	if err := json.Unmarshal(noted, &read); len(noted) > 0 && err != nil {
		return err
	}
	if !now.Equal(read) {
		return fmt.Errorf("%w: somebody has written to it (%s): stop every server", transfer.ErrOther, strings.Join(read.Differences(now), "; "))
	}
	return l.Transfers.FinishFill(ctx, noted)
}

// advised says what to do about an error.
func advised(err error, target storeName) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("%s is half filled, and not served: run the same command again to go on (%w)", target, err)
	case errors.Is(err, storage.ErrNotEmpty):
		return fmt.Errorf("%s: %w: give an empty one", target, err)
	case errors.Is(err, transfer.ErrOther), errors.Is(err, transfer.ErrDiffers):
		return fmt.Errorf("%s: %w: begin again with an empty one", target, err)
	case errors.Is(err, storage.ErrConflict):
		return fmt.Errorf("%s: somebody else is filling it", target)
	case errors.Is(err, storage.ErrUnavailable):
		return unavailableError{err}
	}
	return err
}

// recordsIn is about how many records there are, for the bar: those that are counted, the sequence of accounts, and the keyring.
func recordsIn(ctx context.Context, s storage.Store) (total int64, err error) {
	stats, err := s.Stats(ctx)
	total = 2
	for kind, n := range stats {
		if kind != "bytes" {
			total += n
		}
	}
	return total, err
}
