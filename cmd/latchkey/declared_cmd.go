package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"

	"latchkey/cmd/latchkey/config"
	"latchkey/cmd/latchkey/reconcile"
	"latchkey/provider/admin"
	"latchkey/provider/client"
)

// errDiffers ends a command whose answer was that something differs, as that of diff(1) does.
var errDiffers = errors.New("something differs")

const diffHelp = `Compare what files declare (clients, and clients_dir or --dir) with what the running server uses: what would change if the
server had these files. Secrets are compared and shown by fingerprint. Where no server answers at the admin socket, the clients are compared with the
copies that servers keep in the store.

Exit status: 0 nothing differs, 1 something does, 78 a file cannot be used.`

// differences is the answer of clients diff.
type differences struct {
	// Against is "server" or "store".
	Against  string             `json:"against"`
	Revision string             `json:"revision,omitempty"`
	Changes  []reconcile.Change `json:"differences"`
	Inert    []admin.Inert      `json:"inert,omitempty"`
	// Faults are of the files that were compared, ServerFaults of those that the server has.
	Faults       []string `json:"faults,omitempty"`
	ServerFaults []string `json:"server_faults,omitempty"`
}

func (a *app) diffCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "diff", Short: "Compare what files declare with what is in use", Long: diffHelp, Args: cobra.NoArgs, RunE: a.diff}
	cmd.Flags().String("dir", "", "`folder` in place of clients_dir")
	return cmd
}

func (a *app) diff(cmd *cobra.Command, _ []string) error {
	cfg, err := a.load(cmd, false)
	if err != nil {
		return err
	}
	if dir, _ := cmd.Flags().GetString("dir"); dir != "" {
		cfg.ClientsDir = dir
	}
	files, faults, err := declaredBy(cfg)
	if err != nil {
		return err
	}
	var used admin.Declaration
	err = a.withAdmin(cmd, func(ctx context.Context, c *adminClient) error { return c.call(ctx, "GET", "declared", nil, &used) })
	if err != nil {
		return err
	}
	out := differences{Against: used.Source, Revision: used.Revision, Inert: used.Inert, ServerFaults: used.Faults}
	if out.Changes, err = reconcile.Compare(used, files); err != nil {
		return err
	}
	for _, f := range faults {
		out.Faults = append(out.Faults, f.String())
	}
	if err := a.show(cmd, out, func(w io.Writer) { diffText(w, out) }); err != nil {
		return err
	}
	switch {
	case len(faults) > 0:
		return faults
	case len(out.Changes) > 0:
		return errDiffers
	}
	return nil
}

// declaredBy reads what files declare, as a server would.
func declaredBy(cfg *config.Config) (admin.Declaration, config.Faults, error) {
	var read config.Reading
	var faults config.Faults
	keep := config.Keep{Hash: client.HashSecret}
	if cfg.ClientsDir != "" {
		folder := cfg.Folder(keep)
		folder.Logger = slog.New(slog.DiscardHandler)
		var err error
		read, _, err = folder.Read()
		if found, ok := errors.AsType[config.Faults](err); ok {
			faults = found
		} else if err != nil {
			return admin.Declaration{}, nil, err
		}
	}
	own := append(cfg.Records(keep), ownClients(cfg)...)
	read.Clients = behind(own, read.Clients, nil)
	return reconcile.Declared(read.Declared), faults, nil
}

// diffText prints a line for each thing that differs, and one for each of its members.
func diffText(w io.Writer, d differences) {
	line := func(format string, args ...any) { _, _ = fmt.Fprintln(w, safe(fmt.Sprintf(format, args...))) }
	for _, c := range d.Changes {
		line("%s %s %s", map[string]string{"created": "+", "removed": "-", "changed": "~"}[c.What], c.Kind, c.Name)
		for _, m := range c.Members {
			if m.From != nil {
				line("    - %s: %s", m.Name, value(m.From))
			}
			if m.To != nil {
				line("    + %s: %s", m.Name, value(m.To))
			}
		}
	}
	for _, i := range d.Inert {
		until := "waits for it to come back, or to be deleted"
		if !i.PrunedAt.IsZero() {
			until = "is removed at " + stamp(i.PrunedAt)
		}
		line("! client %s is declared no more: what was granted to it %s", i.ClientID, until)
	}
	for _, f := range d.ServerFaults {
		line("! the server's own file cannot be used, so it goes on with what that had before: %s", f)
	}
	if d.Against == "store" {
		line("No server was asked: groups, scopes and whether a client is disabled were not compared.")
	}
	switch {
	case len(d.Changes) > 0:
	case len(d.Faults) > 0:
		line("Nothing differs in what can be read.")
	default:
		line("Nothing differs.")
	}
}

// value is a member's value in one line.
func value(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(raw))
}
