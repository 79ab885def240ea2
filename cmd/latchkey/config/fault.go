package config

import (
	"cmp"
	"slices"
	"strings"

	"latchkey/web/theme"
)

// Fault is one thing that is wrong, in one line.
type Fault struct {
	// Key is the key it is about; Problem completes the sentence "the key …"; Where is file:line, a variable or a flag, "" for a default.
	Key, Problem, Where string
}

func (f Fault) String() string {
	s := f.Key + ": " + f.Problem
	if f.Where != "" {
		s += " (" + f.Where + ")"
	}
	return s
}

// Faults is everything that is wrong with a configuration. The process ends with [ExitCode] for it.
type Faults []Fault

// Error has one line for each fault.
func (fs Faults) Error() string {
	lines := make([]string, len(fs))
	for i, f := range fs {
		lines[i] = f.String()
	}
	return strings.Join(lines, "\n")
}

// nearest is the candidate that differs least from name; "" where none is near.
func nearest(name string, candidates []string) string {
	best := slices.MinFunc(candidates, func(a, b string) int { return cmp.Compare(theme.Distance(name, a), theme.Distance(name, b)) })
	if theme.Distance(name, best) > 2+len(name)/4 {
		return ""
	}
	return best
}

func hint(name string, candidates []string) string {
	if near := nearest(name, candidates); near != "" {
		return "; did you mean " + near + "?"
	}
	return ""
}
