package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"testing"

	"latchkey/e2e/harness"
)

// maxBinary is how large the stripped binary for amd64 may be, in bytes. Whoever needs more takes something away first: docs/adr/0021, 0022, 0025 and 0026 say how.
const maxBinary = 25 << 20

// TestSizeOfTheBinary builds as a release is built, and names the largest modules where the binary has grown too much.
func TestSizeOfTheBinary(t *testing.T) {
	file := filepath.Join(t.TempDir(), "latchkey")
	t.Setenv("GOOS", "linux")
	t.Setenv("GOARCH", "amd64")
	build := func(flags string) {
		t.Helper()
		if err := harness.Build(file, "-ldflags", flags); err != nil {
			t.Fatalf("build: %v", err)
		}
	}
	build("-s -w")
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("the binary has %.2f MiB", float64(info.Size())/(1<<20))
	if info.Size() <= maxBinary {
		return
	}
	build("")
	out, err := exec.Command("go", "tool", "nm", "-size", file).Output()
	if err != nil {
		t.Fatal(err)
	}
	t.Errorf("the binary has %d bytes, %d are allowed. Its code by module, which is a little less than half of what a module costs:\n%s",
		info.Size(), maxBinary, largest(string(out), 25))
}

// largest are the modules with the most code.
func largest(symbols string, n int) string {
	bytes := map[string]int{}
	for line := range strings.Lines(symbols) {
		f := strings.Fields(line)
		if len(f) < 4 || f[2] != "T" && f[2] != "t" {
			continue
		}
		size, _ := strconv.Atoi(f[1])
		bytes[moduleOf(f[3])] += size
	}
	var names []string
	for name := range bytes {
		names = append(names, name)
	}
	sort.Slice(names, func(i, j int) bool { return bytes[names[i]] > bytes[names[j]] })
	var b strings.Builder
	for _, name := range names[:min(n, len(names))] {
		b.WriteString(strconv.Itoa(bytes[name]) + " " + name + "\n")
	}
	return b.String()
}

// moduleOf is the module that a symbol is of, as near as its name tells: a host with two more words, or ours with two, or the first word.
func moduleOf(symbol string) string {
	symbol, _, _ = strings.Cut(symbol, "[") // type parameters
	words := strings.SplitN(symbol, "/", 4)
	switch {
	case len(words) == 1:
		name, _, _ := strings.Cut(symbol, ".")
		return name
	case strings.Contains(words[0], ".") && len(words) > 2:
		words = words[:3]
	default:
		words = words[:2]
	}
	last := &words[len(words)-1]
	*last, _, _ = strings.Cut(*last, ".")
	return strings.Join(words, "/")
}

func TestModulesOfSymbols(t *testing.T) {
	for symbol, want := range map[string]string{
		"net/http.(*conn).serve":                         "net/http",
		"slices.pdqsortCmpFunc[go.shape.struct { a/b }]": "slices",
		"github.com/jackc/pgx/v5/pgtype.NewMap":          "github.com/jackc/pgx",
		"rsc.io/qr.Encode":                               "rsc.io/qr",
		"latchkey/storage/bolt.Open":                     "latchkey/storage",
		"main.main":                                      "main",
	} {
		if got := moduleOf(symbol); got != want {
			t.Errorf("%s is of %s, not %s", symbol, got, want)
		}
	}
}
