// Command image makes Latchkey's container image without a container engine: for each architecture the same files and the same
// configuration as the Dockerfile, as an OCI layout, as archives for `docker load`, and in a registry where one is named. The same
// sources, toolchain and time give the same bytes, whatever the folder and the machine.
//
// With -rootfs it writes the files of one architecture into a folder and nothing else: that is how the Dockerfile gets them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// about is what the image says of itself, and where things are.
type about struct {
	root, out          string   // the repository; the folder for what is made
	version, revision  string   // of Latchkey: linked into the binary, and labels
	arches             []string // of GOARCH
	created            time.Time
	push, rootfs, sbom string // registry/repository:tag; a folder; a file: each "" for no such thing
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	a, err := parse(ctx, os.Args[1:], os.Getenv)
	if err == nil {
		err = run(ctx, a, os.Stdout)
	}
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "image:", err)
		stop()
		os.Exit(1) //nolint:gocritic // stop has run
	}
}

// parse reads the command line. What is not said comes from git; the time first from SOURCE_DATE_EPOCH
// (https://reproducible-builds.org/docs/source-date-epoch/).
func parse(ctx context.Context, args []string, getenv func(string) string) (*about, error) {
	a := &about{}
	flags := flag.NewFlagSet("image", flag.ContinueOnError)
	flags.StringVar(&a.root, "root", "../..", "`folder` of the repository")
	flags.StringVar(&a.out, "out", "", "`folder` to write into; artifacts of the repository unless set")
	flags.StringVar(&a.version, "version", "", "version of Latchkey; git describe unless set")
	flags.StringVar(&a.revision, "revision", "", "revision of the sources; git rev-parse HEAD unless set")
	flags.StringVar(&a.push, "push", "", "push to this `registry/repository:tag`")
	flags.StringVar(&a.rootfs, "rootfs", "", "write the files of the one -arch into this `folder`, and nothing else")
	flags.StringVar(&a.sbom, "sbom", "", "write the bill of materials into this `file`, and nothing else")
	arches := flags.String("arch", "amd64,arm64", "architectures, as GOARCH has them")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if flags.NArg() > 0 {
		return nil, fmt.Errorf("%q is no flag", flags.Arg(0))
	}
	a.arches = strings.Split(*arches, ",")
	if a.rootfs != "" && len(a.arches) != 1 {
		return nil, errors.New("-rootfs is for one -arch")
	}
	var err error
	if a.root, err = filepath.Abs(a.root); err != nil {
		return nil, err
	}
	if a.out == "" {
		a.out = filepath.Join(a.root, "artifacts")
	}
	return a, a.fill(ctx, getenv("SOURCE_DATE_EPOCH"))
}

// fill asks git for what was not said.
func (a *about) fill(ctx context.Context, epoch string) error {
	for _, f := range []struct {
		into *string
		args []string
	}{
		{&a.version, []string{"describe", "--tags", "--always", "--dirty"}},
		{&a.revision, []string{"rev-parse", "HEAD"}},
		{&epoch, []string{"log", "-1", "--format=%ct"}},
	} {
		if *f.into != "" {
			continue
		}
		out, err := output(ctx, a.root, nil, "git", f.args...)
		if err != nil {
			return fmt.Errorf("where there is no git repository, -version, -revision and SOURCE_DATE_EPOCH must say what it would: %w", err)
		}
		*f.into = strings.TrimSpace(out)
	}
	seconds, err := strconv.ParseInt(epoch, 10, 64)
	if err != nil || seconds < 0 {
		return fmt.Errorf("SOURCE_DATE_EPOCH is %q, which is no number of seconds", epoch)
	}
	a.created = time.Unix(seconds, 0).UTC()
	return nil
}

// run makes what was asked for, and says on w what that is.
func run(ctx context.Context, a *about, w io.Writer) error {
	work, err := os.MkdirTemp("", "latchkey-image-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }()
	built := make([]*binary, 0, len(a.arches))
	for _, arch := range a.arches {
		b, err := compile(ctx, a, arch, filepath.Join(work, arch))
		if err != nil {
			return err
		}
		built = append(built, b)
	}
	mods, err := licensed(ctx, a, built)
	if err != nil {
		return err
	}
	if a.rootfs != "" {
		return writeTree(a.rootfs, built[0].files(mods), a.created)
	}
	bill, err := billOfMaterials(a, built, mods)
	if err != nil {
		return err
	}
	if a.sbom != "" {
		if err := os.MkdirAll(filepath.Dir(a.sbom), 0o755); err != nil { //nolint:gosec // what is published may be read
			return err
		}
		return os.WriteFile(a.sbom, bill, 0o644) //nolint:gosec // what is published may be read
	}
	set, err := assemble(a, built, mods, bill)
	if err != nil {
		return err
	}
	if err := set.save(a, bill, w); err != nil {
		return err
	}
	return set.push(ctx, a.push, w)
}

// output runs a command in a folder and returns what it prints.
func output(ctx context.Context, dir string, env []string, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...) //nolint:gosec // go and git, with arguments of ours
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, exit.Stderr)
	}
	return string(out), err
}
