// Command generate makes values.schema.json, README.md and files/limits.yaml of the chart anew from values.yaml, the rules beside it and the example
// configuration; with -schemas the bundle of Kubernetes' schemas too. Run it in charts/test.
package main

import (
	"flag"
	"fmt"
	"os"

	chart "latchkey/charts/test"
)

func main() {
	schemas := flag.Bool("schemas", false, "make testdata/schemas.json.gz anew, from modules that the go command brings")
	flag.Parse()
	if err := run(*schemas); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(schemas bool) error {
	if schemas {
		return makeBundle("testdata/schemas.json.gz")
	}
	made, err := chart.Generate("../..")
	if err != nil {
		return err
	}
	for name, content := range made {
		if err := os.WriteFile("../../"+name, content, 0o644); err != nil { // #nosec G306 -- files of the repository
			return err
		}
	}
	return nil
}
