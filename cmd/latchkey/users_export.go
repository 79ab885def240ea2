package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"

	"github.com/spf13/cobra"

	"latchkey/provider/admin"
	"latchkey/storage"
)

const exportHelp = `Write every account as a line of JSON, as "latchkey users import" reads them. FILE must not be there; without it they go to standard output.

The lines have password hashes: who gets them can try passwords. Files, sessions, grants, passkeys and second factors are not among them: for all of these
together there are "latchkey migrate" and "latchkey backup". No server may have the store where it is a file.`

// exportPage is how many accounts are read at once.
const exportPage = 1000

func (a *app) exportUsersCommand() *cobra.Command {
	return &cobra.Command{Use: "export [FILE]", Short: "Write every account as a line of JSON", Long: exportHelp, Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			cfg, err := a.load(cmd, false)
			if err != nil {
				return err
			}
			store, err := storeOfPeople(cmd.Context(), cfg, true)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, store.Close()) }()
			if len(args) == 0 || args[0] == "-" {
				return exportUsers(cmd.Context(), store, a.stdout)
			}
			f, err := os.OpenFile(args[0], os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
			if err != nil {
				return err
			}
			return errors.Join(exportUsers(cmd.Context(), store, f), f.Sync(), f.Close())
		},
	}
}

func exportUsers(ctx context.Context, store storage.Accounts, out io.Writer) error {
	w := bufio.NewWriter(out)
	for after := int64(0); ; {
		page, err := store.ListAccounts(ctx, after, exportPage)
		if err != nil {
			return err
		}
		if len(page) == 0 {
			return w.Flush()
		}
		for _, a := range page {
			line, err := admin.WriteLine(a)
			if err != nil {
				return err
			}
			if _, err := w.Write(append(line, '\n')); err != nil {
				return err
			}
			after = a.ID
		}
	}
}
