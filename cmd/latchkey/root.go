package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"latchkey/cmd/latchkey/config"
)

const rootHelp = `Latchkey is an OpenID Connect identity provider.

The configuration comes from a YAML file (--config or LATCHKEY_CONFIG), then from environment variables LATCHKEY_…, then from
flags; "latchkey config example" prints every key. Commands about users, clients and keys talk to the running server through its
admin socket, and open the store themselves where none runs.

Exit status:
  0   done
  1   failed
  2   the command line makes no sense
  69  the server or the store cannot be reached
  78  the configuration cannot be used`

// root builds the tree of commands.
func (a *app) root() *cobra.Command {
	root := group("latchkey", "OpenID Connect identity provider")
	root.Long, root.SilenceErrors, root.SilenceUsage = rootHelp, true, true
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	flags := root.PersistentFlags()
	flags.StringP("config", "c", "", "configuration `file` (YAML)")
	flags.StringArray("set", nil, "set a configuration `key=value`; may be repeated")
	flags.Bool("dev", false, "development mode")
	flags.String("issuer", "", "the issuer's `URL`")
	flags.String("listen", "", "`address` of the public listener")
	flags.String("ops-listen", "", "`address` of the operators' listener")
	flags.String("store", "", "`file` of the bolt store")
	flags.String("log-level", "", "debug, info, warn or error")
	flags.StringP("output", "o", "text", "shape of answers: text or json")
	_ = root.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"text", "json"}, cobra.ShellCompDirectiveNoFileComp))
	_ = root.RegisterFlagCompletionFunc("log-level", cobra.FixedCompletions([]string{"debug", "info", "warn", "error"}, cobra.ShellCompDirectiveNoFileComp))
	_ = root.RegisterFlagCompletionFunc("set", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return config.KeyNames("="), cobra.ShellCompDirectiveNoSpace
	})
	root.AddCommand(a.backupCommand(), a.restoreCommand(), a.verifyCommand(), a.migrateCommand(), a.compactCommand())
	root.AddCommand(a.serveCommand(), a.configCommand(), a.keysCommand(), a.usersCommand(), a.groupsCommand(), a.clientsCommand(), a.versionCommand(), a.themeCommand(), a.healthcheckCommand(), a.doctorCommand(), a.tokenCommand(), a.validatorCommand())
	return root
}

// group is a command that only has others below it.
func group(use, short string, below ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, RunE: func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			hint := ""
			if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
				hint = "; did you mean " + strings.Join(near, " or ") + "?"
			}
			return usageError{fmt.Errorf("%s has no command %q%s", cmd.CommandPath(), args[0], hint)}
		}
		return cmd.Help()
	}, Args: cobra.ArbitraryArgs, SuggestionsMinimumDistance: 2}
	cmd.AddCommand(below...)
	return cmd
}

// markRun notes that a command line was understood: an error before that is one of usage.
func markRun(root *cobra.Command, ran *bool) {
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		if out, err := cmd.Flags().GetString("output"); err == nil && out != "text" && out != "json" {
			return usageError{errors.New("--output must be text or json")}
		}
		*ran = true
		return nil
	}
}

// load reads the configuration that the common flags and the environment name. Its error is config.Faults. Only commands that stand or
// fall with the files of clients_dir look into them (clientFiles): the others go on helping while one is broken.
func (a *app) load(cmd *cobra.Command, clientFiles bool) (*config.Config, error) {
	return a.loadFrom(cmd, config.Sources{Env: a.env, ClientFiles: clientFiles})
}

// loadFrom is load with what else the sources say.
func (a *app) loadFrom(cmd *cobra.Command, src config.Sources) (*config.Config, error) {
	flags := cmd.Flags()
	for _, e := range a.env {
		if name, value, _ := strings.Cut(e, "="); name == "LATCHKEY_CONFIG" {
			src.File = value
		}
	}
	if flags.Changed("config") {
		src.File, _ = flags.GetString("config")
	}
	for _, f := range []struct{ flag, key string }{
		{"dev", "dev"}, {"issuer", "issuer"}, {"listen", "server.listen"}, {"ops-listen", "server.ops_listen"},
		{"store", "storage.bolt.path"}, {"log-level", "log.level"},
	} {
		if flags.Changed(f.flag) {
			src.Flags = append(src.Flags, config.Setting{Name: "--" + f.flag, Key: f.key, Value: flags.Lookup(f.flag).Value.String()})
		}
	}
	sets, err := flags.GetStringArray("set")
	if err != nil {
		return nil, err
	}
	for _, set := range sets {
		key, value, found := strings.Cut(set, "=")
		if !found {
			return nil, usageError{fmt.Errorf("--set %s: must be key=value", key)}
		}
		src.Flags = append(src.Flags, config.Setting{Name: "--set", Key: key, Value: value})
	}
	return config.Load(src)
}
