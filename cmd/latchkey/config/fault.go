package config

import (
	"cmp"
	"slices"
	"strings"
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
	best := slices.MinFunc(candidates, func(a, b string) int { return cmp.Compare(distance(name, a), distance(name, b)) })
	if distance(name, best) > 2+len(name)/4 {
		return ""
	}
	return best
}

// distance is Levenshtein's.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}

func hint(name string, candidates []string) string {
	if near := nearest(name, candidates); near != "" {
		return "; did you mean " + near + "?"
	}
	return ""
}
