package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
)

// maxPassword bounds what is read as a password, in bytes.
const maxPassword = 4096

// show prints v as JSON, or as text the way that text does.
func (a *app) show(cmd *cobra.Command, v any, text func(w io.Writer)) error {
	if out, err := cmd.Flags().GetString("output"); err == nil && out == "json" {
		e := json.NewEncoder(a.stdout)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		return e.Encode(v)
	}
	w := tabwriter.NewWriter(a.stdout, 0, 4, 2, ' ', 0)
	text(w)
	return w.Flush()
}

// safe leaves out control characters.
func safe(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return '?'
		}
		return r
	}, s)
}

// row writes one line of a table. Control characters of what people chose cannot reach the terminal.
func row(w io.Writer, cells ...any) {
	for i, c := range cells {
		s := fmt.Sprint(c)
		if t, ok := c.(time.Time); ok {
			s = t.UTC().Format(time.RFC3339)
			if t.IsZero() {
				s = ""
			}
		}
		if s == "" {
			s = "-"
		}
		cells[i] = safe(s)
	}
	_, _ = fmt.Fprintln(w, strings.TrimSuffix(fmt.Sprintf(strings.Repeat("%v\t", len(cells)), cells...), "\t"))
}

// password reads one from --password-file or standard input; never from the arguments, which every user of the machine can see.
func (a *app) password(cmd *cobra.Command) (string, error) {
	from := a.stdin
	if name, err := cmd.Flags().GetString("password-file"); err == nil && name != "" {
		f, err := os.Open(name)
		if err != nil {
			return "", err
		}
		defer func() { _ = f.Close() }()
		from = f
	}
	content, err := io.ReadAll(io.LimitReader(from, maxPassword+1))
	if err != nil {
		return "", fmt.Errorf("read the password: %w", err)
	}
	password := strings.TrimSuffix(strings.TrimSuffix(string(content), "\n"), "\r")
	if password == "" {
		return "", usageError{errors.New("no password came; send it to standard input or name --password-file")}
	}
	if len(content) > maxPassword {
		return "", usageError{errors.New("the password is longer than 4096 bytes")}
	}
	return password, nil
}
