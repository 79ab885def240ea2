package config

import "strings"

// Declaring is what becomes of clients, groups and scopes of files.
type Declaring struct {
	// Prune: clients that files no longer declare are removed with all that was granted to them, once they have been missing for PruneAfter, unless
	// that were more than PruneMax percent of all at once.
	Prune      bool
	PruneAfter Duration
	PruneMax   int
	// Env finds a variable of the environment, for secrets that are kept there; nil where there is none.
	Env func(name string) (string, bool)
}

func (c *Config) declaredKeys() []key {
	d := &c.Declared
	return []key{
		{path: "declared.prune", to: &d.Prune, def: "false", doc: "Remove a client for good once files (clients, clients_dir) have it no more: its tokens are revoked and consents forgotten. Without it they wait for the client to come back. Clients that were made by command, or registered themselves, are never touched."},
		{path: "declared.prune_after", to: &d.PruneAfter, def: "5m", max: "30d", doc: "How long a client must be missing before that, while every file is good. Replicas get new files at different moments: no less than that difference."},
		{path: "declared.prune_max", to: &d.PruneMax, def: "50", min: "1", max: "100", doc: "Where more than so many percent of the declared clients went missing, none is removed: it is more likely a mistake. 100 for no such bound; the last ones are never removed."},
	}
}

// environ finds variables in what os.Environ gives; the last of a name counts.
func environ(env []string) func(name string) (string, bool) {
	all := make(map[string]string, len(env))
	for _, e := range env {
		if name, value, ok := strings.Cut(e, "="); ok {
			all[name] = value
		}
	}
	return func(name string) (string, bool) {
		value, ok := all[name]
		return value, ok
	}
}
