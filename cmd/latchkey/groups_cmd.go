package main

import (
	"context"
	"fmt"
	"io"
	"net/url"

	"github.com/spf13/cobra"

	"latchkey/provider/admin"
)

const groupsHelp = `Groups come from files (groups: in clients_dir) and from these commands. A group of a file has the members that the file names, and those
that were put into it by command only where the file says by_command: true. Any other group is there as long as somebody is in it.`

func (a *app) groupsCommand() *cobra.Command {
	list := &cobra.Command{Use: "list", Short: "List all groups", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		return a.withAdmin(cmd, func(ctx context.Context, c *adminClient) error {
			var out []admin.Group
			if err := c.call(ctx, "GET", "groups", nil, &out); err != nil {
				return err
			}
			return a.show(cmd, out, func(w io.Writer) {
				row(w, "GROUP", "MEMBERS", "FROM")
				for _, g := range out {
					row(w, g.Name, g.Count, groupFrom(g))
				}
			})
		})
	}}
	show := &cobra.Command{Use: "show GROUP", Short: "Show who is in a group, and whom a file names in vain", Args: cobra.ExactArgs(1), RunE: func(cmd *cobra.Command, args []string) error {
		return a.withAdmin(cmd, func(ctx context.Context, c *adminClient) error {
			var out admin.Group
			if err := c.call(ctx, "GET", "groups/"+url.PathEscape(args[0]), nil, &out); err != nil {
				return err
			}
			return a.show(cmd, out, func(w io.Writer) { groupRows(w, out) })
		})
	}}
	member := func(use, short, method, done string) *cobra.Command {
		return &cobra.Command{Use: use + " GROUP USER...", Short: short, Long: short + ". " + whichUser, Args: cobra.MinimumNArgs(2), RunE: func(cmd *cobra.Command, args []string) error {
			return a.withAdmin(cmd, func(ctx context.Context, c *adminClient) error {
				out := []admin.User{}
				for _, user := range args[1:] {
					var one admin.User
					if err := c.call(ctx, method, "groups/"+url.PathEscape(args[0])+"/members/"+url.PathEscape(user), nil, &one); err != nil {
						return fmt.Errorf("%s: %w", user, err)
					}
					out = append(out, one)
				}
				return a.show(cmd, out, func(w io.Writer) { _, _ = fmt.Fprintln(w, done) })
			})
		}}
	}
	cmd := group("groups", "Look after groups of people", list, show, member("add", "Put users into a group", "PUT", "Added."), member("remove", "Take users out of a group", "DELETE", "Removed."))
	cmd.Long = groupsHelp
	return cmd
}

// groupFrom says where a group's members come from.
func groupFrom(g admin.Group) string {
	switch {
	case g.Declared && g.ByCommand:
		return "files and commands"
	case g.Declared:
		return "files"
	}
	return "commands"
}

func groupRows(w io.Writer, g admin.Group) {
	row(w, "ID", "USERNAME", "EMAIL", "BY")
	for _, m := range g.Members {
		by := "file"
		if m.ByCommand {
			by = "command"
		}
		row(w, m.ID, m.Username, m.Email, by)
	}
	for _, m := range g.Waiting {
		row(w, "-", m.Member, m.Reason, "file")
	}
}
