package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/google/licensecheck"
)

// module is something of others that is in the image.
type module struct {
	path, version, sum string
	dir                string   // its sources
	names              []string // of the files with its licences and notices
	texts              [][]byte // what is in them
	licenses           []string // SPDX identifiers of what the texts are, where they can be told
}

// modules is all of them, sorted by path, and our own licence.
type modules struct {
	own  []byte
	list []module
}

const (
	rootsModule = "golang.org/x/crypto/x509roots/fallback" // Mozilla's certificates
	stdlib      = "stdlib"
	font        = "atkinson-next-latin.woff2" // in web/static, with its licence beside it
)

// licensed finds what is in the binaries: the modules of Go that are linked in, the standard library, the certificates and the font.
func licensed(ctx context.Context, a *about, built []*binary) (*modules, error) {
	own, err := os.ReadFile(filepath.Join(a.root, "LICENSE"))
	if err != nil {
		return nil, err
	}
	dirs, err := moduleDirs(ctx, a.root)
	if err != nil {
		return nil, err
	}
	ours, err := moduleDirs(ctx, filepath.Join(a.root, ".ci", "image"))
	if err != nil {
		return nil, err
	}
	goroot, err := output(ctx, a.root, nil, "go", "env", "GOROOT")
	if err != nil {
		return nil, err
	}
	m := &modules{own: own, list: []module{
		{path: rootsModule, version: ours[rootsModule].version, sum: ours[rootsModule].sum, dir: ours[rootsModule].dir},
		{path: stdlib, version: strings.TrimPrefix(built[0].info.GoVersion, "go"), dir: strings.TrimSpace(goroot)},
		{path: font, dir: filepath.Join(a.root, "web", "static"), names: []string{"OFL.txt"}},
	}}
	seen := map[string]bool{}
	for _, b := range built {
		for _, d := range b.info.Deps {
			if d.Replace != nil {
				return nil, fmt.Errorf("%s is replaced: its licence cannot be told", d.Path)
			}
			if !seen[d.Path] {
				seen[d.Path] = true
				m.list = append(m.list, module{path: d.Path, version: d.Version, sum: d.Sum, dir: dirs[d.Path].dir})
			}
		}
	}
	slices.SortFunc(m.list, func(a, b module) int { return strings.Compare(a.path, b.path) })
	for i := range m.list {
		if err := m.list[i].read(); err != nil {
			return nil, fmt.Errorf("%s: %w", m.list[i].path, err)
		}
	}
	return m, nil
}

// moduleDirs are the modules that the module in a folder is built with, by path.
func moduleDirs(ctx context.Context, dir string) (map[string]module, error) {
	out, err := output(ctx, dir, []string{"GOFLAGS=-mod=readonly", "GOWORK=off"}, "go", "list", "-m", "-json=Path,Version,Dir,Sum", "all")
	if err != nil {
		return nil, err
	}
	list := map[string]module{}
	for dec := json.NewDecoder(strings.NewReader(out)); ; {
		var m struct{ Path, Version, Dir, Sum string }
		switch err := dec.Decode(&m); {
		case errors.Is(err, io.EOF):
			return list, nil
		case err != nil:
			return nil, err
		}
		list[m.Path] = module{version: m.Version, dir: m.Dir, sum: m.Sum}
	}
}

var notice = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|patents|copyright)([-.].*)?$`)

// granting are the texts that are licences themselves.
var granting = regexp.MustCompile(`(?i)^(licen[cs]e|copying|ofl)`)

// read finds the texts of a module and what they are. A text is told by name when nearly all of it is one licence.
func (m *module) read() error {
	if m.dir == "" {
		return errors.New("its sources are not there: go mod download")
	}
	if m.names == nil {
		files, err := os.ReadDir(m.dir)
		if err != nil {
			return err
		}
		for _, f := range files { // sorted by name
			if f.Type().IsRegular() && notice.MatchString(f.Name()) && !strings.HasSuffix(f.Name(), ".go") {
				m.names = append(m.names, f.Name())
			}
		}
	}
	if len(m.names) == 0 {
		return errors.New("it has no licence")
	}
	for _, name := range m.names {
		text, err := os.ReadFile(filepath.Join(m.dir, name))
		if err != nil {
			return err
		}
		m.texts = append(m.texts, text)
		if !granting.MatchString(name) {
			continue
		}
		found := licensecheck.Scan(text)
		if found.Percent < 75 {
			continue
		}
		for _, match := range found.Match {
			if !match.IsURL && !slices.Contains(m.licenses, match.ID) {
				m.licenses = append(m.licenses, match.ID)
			}
		}
	}
	slices.Sort(m.licenses)
	return nil
}

// texts is the file of licences: ours, then everybody's, as they ask for where their work is handed on.
func (m *modules) texts() []byte {
	var out bytes.Buffer
	out.Write(m.own)
	for _, mod := range m.list {
		for i, name := range mod.names {
			_, _ = fmt.Fprintf(&out, "\n%s\n%s: %s\n\n", strings.Repeat("=", 80), strings.TrimSpace(mod.path+" "+mod.version), name)
			out.Write(mod.texts[i])
		}
	}
	return out.Bytes()
}
