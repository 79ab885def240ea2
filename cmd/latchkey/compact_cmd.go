package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/spf13/cobra"

	"latchkey/storage"
	"latchkey/storage/bolt"
)

// compacted is what compacting did, in bytes and rows.
type compacted struct {
	File   string `json:"file"`
	Before int64  `json:"before"`
	After  int64  `json:"after"`
	Rows   int64  `json:"rows"`
}

func (a *app) compactCommand() *cobra.Command {
	return &cobra.Command{Use: "compact [FILE]", Short: "Write the bolt store anew, without the room that it no longer needs", Args: cobra.MaximumNArgs(1),
		Long: `Write the bolt store anew, without the room that what was removed has left: its file never shrinks by itself. FILE is the configuration's, unless
it is given. The new file is written beside the old one, read again, and then put in its place, so there must be room for it; whoever interrupts it
leaves the store as it was. No server may have the store meanwhile.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			path := ""
			if len(args) > 0 {
				path = args[0]
			} else {
				cfg, err := a.load(cmd, false)
				if err != nil {
					return err
				}
				if cfg.Storage.Driver != "bolt" {
					return usageError{fmt.Errorf("the store of the configuration is %s; only bolt's needs that", cfg.Storage.Driver)}
				}
				path = cfg.Storage.BoltPath
			}
			c, err := bolt.Compact(cmd.Context(), path)
			switch {
			case errors.Is(err, bolt.ErrHeld), errors.Is(err, fs.ErrNotExist), errors.Is(err, storage.ErrUnavailable):
				return unavailableError{err}
			case err != nil:
				return err
			}
			return a.show(cmd, compacted{path, c.Before, c.After, c.Rows}, func(w io.Writer) {
				row(w, fmt.Sprintf("%s: %s before, %s after; %d rows, read again and the same.", path, mebibytes(c.Before), mebibytes(c.After), c.Rows))
			})
		},
	}
}

func mebibytes(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }
