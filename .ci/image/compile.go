package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"debug/buildinfo"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// binary is Latchkey, built for one architecture.
type binary struct {
	arch    string
	content []byte
	sum     [sha256.Size]byte
	info    *buildinfo.BuildInfo
}

// compile builds cmd/latchkey, with the flags that every build of it has. Nothing of the folder, the machine or the clock gets into it: -trimpath is among
// them, no build stamp of the version control system, and no C.
func compile(ctx context.Context, a *about, arch, path string) (*binary, error) {
	ldflags := fmt.Sprintf("-s -w -X main.version=%s -X main.revision=%s", a.version, a.revision)
	env := []string{"CGO_ENABLED=0", "GOOS=linux", "GOARCH=" + arch, "GOAMD64=v1", "GOARM64=v8.0", "GOFLAGS=-mod=readonly", "GOWORK=off", "GOEXPERIMENT=", "GOFIPS140=off"}
	common, err := os.ReadFile(filepath.Join(a.root, ".ci", "build.flags"))
	if err != nil {
		return nil, err
	}
	args := append(append([]string{"build"}, strings.Fields(string(common))...), "-buildvcs=false", "-ldflags", ldflags, "-o", path, "./cmd/latchkey")
	if _, err := output(ctx, a.root, env, "go", args...); err != nil {
		return nil, err
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if err := standsAlone(content); err != nil {
		return nil, fmt.Errorf("the binary for %s: %w", arch, err)
	}
	info, err := buildinfo.Read(bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	return &binary{arch: arch, content: content, sum: sha256.Sum256(content), info: info}, nil
}

// standsAlone fails for what an image without libraries cannot run.
func standsAlone(content []byte) error {
	f, err := elf.NewFile(bytes.NewReader(content))
	if err != nil {
		return err
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return errors.New("asks for an interpreter, so it is not static")
		}
	}
	libs, err := f.ImportedLibraries()
	if err != nil {
		return err
	}
	if len(libs) > 0 {
		return fmt.Errorf("needs the libraries %v", libs)
	}
	return nil
}
