package words

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// file is a catalogue's file as it was read.
type file struct {
	path string
	// name and dir are those of _meta, "" where there is none.
	name, dir string
	lines     []line
}

// line is a key, and where it stands.
type line struct {
	key   string
	line  int
	entry entry
}

// Fault is something wrong in a file.
type Fault struct {
	// File is the name in its folder, Line counts from 1.
	File    string
	Line    int
	Problem string
}

// Error says it as file:line: problem.
func (f *Fault) Error() string { return fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.Problem) }

// Faults is all that is wrong.
type Faults []*Fault

// Error has one line for each.
func (fs Faults) Error() string {
	lines := make([]string, len(fs))
	for i, f := range fs {
		lines[i] = f.Error()
	}
	return strings.Join(lines, "\n")
}

func (f file) fault(line int, format string, args ...any) *Fault {
	return &Fault{File: f.path, Line: line, Problem: fmt.Sprintf(format, args...)}
}

// parse reads a file: one object whose values are texts, or objects of plural forms.
func parse(path string, raw []byte) (file, error) {
	f := file{path: path}
	d := json.NewDecoder(bytes.NewReader(raw))
	here := func() int { return 1 + bytes.Count(raw[:d.InputOffset()], []byte{'\n'}) }
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return f, f.fault(1, "is no JSON object")
	}
	seen := map[string]bool{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return f, f.fault(here(), "is no JSON: %v", err)
		}
		key, at := fmt.Sprint(t), here()
		var v json.RawMessage
		if err := d.Decode(&v); err != nil {
			return f, f.fault(at, "%s: is no JSON: %v", key, err)
		}
		if seen[key] {
			return f, f.fault(at, "%s stands twice", key)
		}
		seen[key] = true
		if key == "_meta" {
			if err := f.meta(v); err != nil {
				return f, f.fault(at, "%v", err)
			}
			continue
		}
		e, err := parseEntry(v)
		if err != nil {
			return f, f.fault(at, "%s %v", key, err)
		}
		f.lines = append(f.lines, line{key, at, e})
	}
	if _, err := d.Token(); err != nil || d.More() {
		return f, f.fault(here(), "is no JSON object to its end")
	}
	return f, nil
}

func (f *file) meta(raw json.RawMessage) error {
	var meta struct{ Name, Dir string }
	if err := json.Unmarshal(raw, &meta); err != nil {
		return fmt.Errorf("_meta: %w", err)
	}
	if meta.Name == "" || meta.Dir != "ltr" && meta.Dir != "rtl" {
		return errors.New("_meta needs a name, and dir ltr or rtl")
	}
	f.name, f.dir = meta.Name, meta.Dir
	return nil
}

func parseEntry(v json.RawMessage) (entry, error) {
	var one string
	if json.Unmarshal(v, &one) == nil {
		return entry(one), sound(one)
	}
	var many map[string]string
	if err := json.Unmarshal(v, &many); err != nil {
		return "", errors.New("is neither a text nor an object of plural forms")
	}
	for form, text := range many {
		if _, ok := formOf(form); !ok {
			return "", fmt.Errorf("has %q, which is no plural form", form)
		}
		if err := sound(text); err != nil {
			return "", err
		}
	}
	if _, ok := many["other"]; !ok {
		return "", errors.New(`has no form "other"`)
	}
	return counted(many), nil
}
