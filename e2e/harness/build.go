package harness

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// Rounds is how many kill rounds are run. The flag stands here so that every test binary below e2e knows it.
var Rounds = flag.Int("rounds", 50, "kill rounds")

var given = flag.String("binary", "", "test this latchkey binary rather than one that is built from the sources")

var build struct {
	once sync.Once
	dir  string
	path string
	err  error
}

// Main runs the tests of a package and removes what was built for them.
func Main(m *testing.M) {
	flag.Parse()
	code := m.Run()
	Clean()
	os.Exit(code)
}

// Clean removes what [Binary] built, and ends what tests share.
func Clean() {
	stopDatabase()
	if build.dir != "" {
		_ = os.RemoveAll(build.dir)
	}
}

// Binary builds cmd/latchkey once and returns its path.
func Binary(t testing.TB) string {
	t.Helper()
	build.once.Do(func() {
		if *given != "" {
			build.path, build.err = filepath.Abs(*given)
			return
		}
		if build.dir, build.err = os.MkdirTemp("", "latchkey-e2e-"); build.err != nil {
			return
		}
		build.path = filepath.Join(build.dir, "latchkey")
		build.err = Build(build.path, "-ldflags", "-s -w -X main.version=0.0.0-e2e -X main.revision=e2e")
	})
	if build.err != nil {
		t.Fatalf("build latchkey: %v", build.err)
	}
	return build.path
}

// Build builds cmd/latchkey into a file with the flags that every build of it has (.ci/build.flags), and those given besides.
func Build(file string, flags ...string) error {
	common, err := os.ReadFile(filepath.Join(Root(), ".ci", "build.flags"))
	if err != nil {
		return err
	}
	args := append(append([]string{"build"}, strings.Fields(string(common))...), flags...)
	cmd := exec.Command("go", append(args, "-o", file, "./cmd/latchkey")...)
	cmd.Dir, cmd.Env = Root(), append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
}

// Root is the root of the repository.
func Root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Dir(filepath.Dir(filepath.Dir(file)))
}

// Artifacts makes and returns a folder for what a person may want to look at after the run: below $ARTIFACTS, or a temporary one.
func Artifacts(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("ARTIFACTS")
	if dir == "" {
		return t.TempDir()
	}
	dir = filepath.Join(dir, name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}
