package main

import (
	"io"
	"runtime"

	"github.com/spf13/cobra"
)

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{Use: "version", Short: "Print the version", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		about := map[string]string{"version": a.version, "revision": a.revision, "go": runtime.Version()}
		return a.show(cmd, about, func(w io.Writer) { row(w, "latchkey", a.version, a.revision, runtime.Version()) })
	}}
}
