// Command generate packs a list of leaked passwords, the most common one first, into the file that the package embeds.
package main

import (
	"bufio"
	"fmt"
	"os"

	"latchkey/provider/password"
)

// kept is how many passwords the embedded list has.
const kept = 100_000

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("usage: generate LIST OUT")
	}
	f, err := os.Open(args[0]) //nolint:gosec // the list is named by whoever runs this
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	var list []string
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		list = append(list, lines.Text())
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return os.WriteFile(args[1], password.Pack(list, kept), 0o644) //nolint:gosec // a source file
}
