package main

import (
	"archive/tar"
	"bytes"
	"debug/elf"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

func itoa(n int) string { return strconv.Itoa(n) }

// checkBinary: an executable for that machine that needs nobody: no interpreter, no library.
func checkBinary(t *testing.T, r io.Reader, machine elf.Machine) {
	t.Helper()
	content, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	f, err := elf.NewFile(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	if f.Machine != machine || f.Type != elf.ET_EXEC {
		t.Errorf("%v for %v, not for %v", f.Type, f.Machine, machine)
	}
	if err := standsAlone(content); err != nil {
		t.Error(err)
	}
}

// TestStandsAlone: a binary of this machine's own programs, which have an interpreter, is told apart.
func TestStandsAlone(t *testing.T) {
	content, err := os.ReadFile("/bin/sh")
	if err != nil {
		t.Fatal(err)
	}
	if err := standsAlone(content); err == nil {
		t.Error("a shell passes for static")
	}
}

// TestArchiveEnds: a layer ends as archives do, with two blocks of zeros, which some readers insist on.
func TestArchiveEnds(t *testing.T) {
	content, err := archive([]entry{{path: "x", mode: 0o644, content: []byte("x")}}, time.Unix(1790000000, 0))
	if err != nil {
		t.Fatal(err)
	}
	if len(content)%512 != 0 || !bytes.HasSuffix(content, make([]byte, 1024)) {
		t.Errorf("%d bytes that end with %x", len(content), content[max(0, len(content)-16):])
	}
}

// layer is the one layer.
func layer(t *testing.T, img v1.Image) v1.Layer {
	t.Helper()
	layers, err := img.Layers()
	if err != nil || len(layers) != 1 {
		t.Fatalf("%d layers, %v", len(layers), err)
	}
	return layers[0]
}

// unpack writes the layer into a folder, as a runtime does.
func unpack(t *testing.T, img v1.Image, dir string) {
	t.Helper()
	r, err := layer(t, img).Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	for tr := tar.NewReader(r); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, h.Name)
		if h.Typeflag == tar.TypeDir {
			err = os.Mkdir(path, 0o755)
		} else {
			var content []byte
			if content, err = io.ReadAll(tr); err == nil {
				err = os.WriteFile(path, content, 0o600)
			}
		}
		if err == nil {
			err = os.Chmod(path, h.FileInfo().Mode())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// sources copies what an engine would be sent: the repository through .dockerignore, whose lines are a star, exceptions by the folder
// and endings that are left out again.
func sources(t *testing.T) string {
	t.Helper()
	from, to := filepath.Join("..", ".."), t.TempDir()
	text, err := os.ReadFile(filepath.Join(from, ".dockerignore"))
	if err != nil {
		t.Fatal(err)
	}
	star := false
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		path, in := strings.CutPrefix(line, "!")
		switch {
		case line == "*":
			star = true
		case in:
			copyTree(t, filepath.Join(from, path), filepath.Join(to, path))
		}
	}
	if !star {
		t.Error(".dockerignore does not begin by leaving all out")
	}
	return to
}

// copyTree leaves out tests and what belongs to them, as the last lines of .dockerignore do.
func copyTree(t *testing.T, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && d.Name() == "testdata" {
			return fs.SkipDir
		}
		rel, err := filepath.Rel(from, path)
		if err != nil || d.IsDir() || strings.HasSuffix(path, "_test.go") {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		return os.WriteFile(target, content, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// tree is every file of a folder by its path.
func tree(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err == nil {
			files[rel], err = os.ReadFile(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
