package main

import (
	"archive/tar"
	"bytes"
	"encoding/pem"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// owner is the user and the group of the process, in numbers, so that Kubernetes can tell that it is not root.
const owner = 65532

// entry is one file or, where it has no content, one folder of the image.
type entry struct {
	path    string // without a leading slash
	mode    fs.FileMode
	id      int // user and group
	content []byte
}

// files are what is in the image, in the order of the layer: every folder before what is in it.
func (b *binary) files(mods *modules) []entry {
	return []entry{
		{path: "etc", mode: 0o755},
		{path: "etc/ssl", mode: 0o755},
		{path: "etc/ssl/certs", mode: 0o755},
		{path: "etc/ssl/certs/ca-certificates.crt", mode: 0o644, content: roots()}, // where crypto/x509 looks first
		{path: "tmp", mode: 0o777 | fs.ModeSticky},
		{path: "usr", mode: 0o755},
		{path: "usr/share", mode: 0o755},
		{path: "usr/share/licenses", mode: 0o755},
		{path: "usr/share/licenses/latchkey", mode: 0o644, content: mods.texts()},
		{path: "var", mode: 0o755},
		{path: "var/lib", mode: 0o755},
		{path: "var/lib/latchkey", mode: 0o700, id: owner}, // of storage.bolt.path; a volume made over it gets its owner
		{path: "latchkey", mode: 0o755, content: b.content},
	}
}

// roots are the certificates that Mozilla trusts for servers. Those trusted for older certificates only are left out: a file of
// certificates cannot say so.
func roots() []byte {
	var text bytes.Buffer
	for r := range bundle.Roots() {
		if r.Constraint == nil {
			_ = pem.Encode(&text, &pem.Block{Type: "CERTIFICATE", Bytes: r.Certificate}) // a buffer takes all
		}
	}
	return text.Bytes()
}

// archive is the tree as a layer.
func archive(tree []entry, at time.Time) ([]byte, error) {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, e := range tree {
		h := &tar.Header{Typeflag: tar.TypeReg, Name: e.path, Size: int64(len(e.content)), Mode: int64(e.mode.Perm()), Uid: e.id, Gid: e.id,
			ModTime: at, Format: tar.FormatPAX}
		if e.content == nil {
			h.Typeflag, h.Name = tar.TypeDir, e.path+"/"
		}
		if e.mode&fs.ModeSticky != 0 {
			h.Mode |= 0o1000
		}
		if err := w.WriteHeader(h); err != nil {
			return nil, err
		}
		if _, err := w.Write(e.content); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil { // before the bytes are taken: it writes the end
		return nil, err
	}
	return out.Bytes(), nil
}

// writeTree writes the tree into a folder, for which the process must be root.
func writeTree(dir string, tree []entry, at time.Time) error {
	for _, e := range tree {
		path := filepath.Join(dir, e.path)
		write := func() error { return os.WriteFile(path, e.content, 0o600) }
		if e.content == nil {
			write = func() error { return os.MkdirAll(path, 0o700) }
		}
		if err := write(); err != nil {
			return err
		}
		if err := os.Chown(path, e.id, e.id); err != nil {
			return err
		}
		if err := os.Chmod(path, e.mode); err != nil { // after chown, and whatever the umask is
			return err
		}
	}
	for i := len(tree) - 1; i >= 0; i-- { // a folder after what is in it
		if err := os.Chtimes(filepath.Join(dir, tree[i].path), at, at); err != nil {
			return err
		}
	}
	return nil
}
