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
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

const (
	testVersion  = "v1.2.3-test+4"
	testRevision = "0123456789abcdef0123456789abcdef01234567"
	testEpoch    = "1790000000"
)

// given is what [parse] makes of a command line in a place that has no git.
func given(t *testing.T, args ...string) *about {
	t.Helper()
	a, err := parse(t.Context(), append([]string{"-version", testVersion, "-revision", testRevision}, args...), func(string) string { return testEpoch })
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// made is one run for all tests: what it wrote, and what it said.
var made = sync.OnceValues(func() (string, error) { return os.MkdirTemp("", "latchkey-image-test-") })

var built sync.Once

func images(t *testing.T) (dir string, idx *v1.IndexManifest, path layout.Path) {
	t.Helper()
	dir, err := made()
	if err != nil {
		t.Fatal(err)
	}
	built.Do(func() {
		var said bytes.Buffer
		if err := run(t.Context(), given(t, "-out", dir), &said); err != nil {
			t.Fatal(err)
		}
		t.Logf("built:\n%s", said.String())
	})
	path, err = layout.FromPath(filepath.Join(dir, "image", "oci"))
	if err != nil {
		t.Fatal(err)
	}
	top, err := path.ImageIndex()
	if err != nil {
		t.Fatal(err)
	}
	list, err := top.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	return dir, list, path
}

// image is the image of one architecture, read from the layout.
func image(t *testing.T, arch string) v1.Image {
	t.Helper()
	_, list, path := images(t)
	top, err := path.ImageIndex()
	if err != nil {
		t.Fatal(err)
	}
	idx, err := top.ImageIndex(list.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	m, err := idx.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range m.Manifests {
		if d.Platform.OS == "linux" && d.Platform.Architecture == arch {
			img, err := idx.Image(d.Digest)
			if err != nil {
				t.Fatal(err)
			}
			return img
		}
	}
	t.Fatalf("no image for %s among %v", arch, m.Manifests)
	return nil
}

func TestMain(m *testing.M) {
	code := m.Run()
	if dir, err := made(); err == nil {
		_ = os.RemoveAll(dir)
	}
	os.Exit(code)
}

// TestSameBytes: another folder, another folder for temporary files, and only what .dockerignore lets through, give the same bytes.
func TestSameBytes(t *testing.T) {
	first, _, _ := images(t)
	root, second := sources(t), t.TempDir()
	t.Setenv("TMPDIR", t.TempDir())
	if err := run(t.Context(), given(t, "-root", root, "-out", second), io.Discard); err != nil {
		t.Fatal(err)
	}
	a, b := tree(t, first), tree(t, second)
	if len(a) < 12 || len(a) != len(b) {
		t.Errorf("%d files and %d", len(a), len(b))
	}
	for path, content := range a {
		if !bytes.Equal(content, b[path]) {
			t.Errorf("%s differs", path)
		}
	}
}

// TestOtherBytes: what a build is told changes what is built; so the sameness above says something.
func TestOtherBytes(t *testing.T) {
	digest := func(args ...string) v1.Hash {
		a := given(t, args...)
		b := &binary{arch: "amd64", content: []byte("x")}
		img, err := a.image(b, &modules{})
		if err != nil {
			t.Fatal(err)
		}
		d, err := img.Digest()
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	same := digest()
	if digest() != same {
		t.Error("the same gives another digest")
	}
	if same == digest("-version", "v9") || same == digest("-revision", "ff") {
		t.Error("another version gives the same digest")
	}
}

// TestLayout: the layout is whole, with an image for each architecture, and each of its manifests checks out.
func TestLayout(t *testing.T) {
	_, list, path := images(t)
	top, err := path.ImageIndex()
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(top); err != nil {
		t.Error(err)
	}
	if len(list.Manifests) != 4 || list.Manifests[0].MediaType != types.OCIImageIndex || list.Manifests[0].Annotations["org.opencontainers.image.ref.name"] != "v1.2.3-test_4" {
		t.Errorf("index.json lists %+v", list.Manifests)
	}
}

// TestArchive: `docker load` finds the very image of the layout, under a name.
func TestArchive(t *testing.T) {
	dir, _, _ := images(t)
	for _, arch := range []string{"amd64", "arm64"} {
		file := filepath.Join(dir, "image", "latchkey-linux-"+arch+".tar")
		list, err := tarball.LoadManifest(func() (io.ReadCloser, error) { return os.Open(file) })
		if err != nil {
			t.Fatal(err)
		}
		if len(list) != 1 || !slices.Equal(list[0].RepoTags, []string{"latchkey:v1.2.3-test_4"}) {
			t.Errorf("%s: %+v", arch, list)
		}
		img, err := tarball.ImageFromPath(file, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := img.ConfigName()
		if err != nil {
			t.Fatal(err)
		}
		if want, _ := image(t, arch).ConfigName(); got != want {
			t.Errorf("%s: the archive has %s, the layout %s", arch, got, want)
		}
	}
}

// TestFiles: what is in the image, whose it is, and that it is for the architecture that it says.
func TestFiles(t *testing.T) {
	want := []string{"drwxr-xr-x 0 etc/", "drwxr-xr-x 0 etc/ssl/", "drwxr-xr-x 0 etc/ssl/certs/", "-rw-r--r-- 0 etc/ssl/certs/ca-certificates.crt",
		"dtrwxrwxrwx 0 tmp/", "drwxr-xr-x 0 usr/", "drwxr-xr-x 0 usr/share/", "drwxr-xr-x 0 usr/share/licenses/", "-rw-r--r-- 0 usr/share/licenses/latchkey",
		"drwxr-xr-x 0 var/", "drwxr-xr-x 0 var/lib/", "drwx------ 65532 var/lib/latchkey/", "-rwxr-xr-x 0 latchkey"}
	for arch, machine := range map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64} {
		var got []string
		r := mutate.Extract(image(t, arch))
		for tr := tar.NewReader(r); ; {
			h, err := tr.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			name := h.Name
			if h.Typeflag == tar.TypeDir && !strings.HasSuffix(name, "/") {
				name += "/"
			}
			mode := fs.FileMode(h.Mode & 0o777)
			if h.Typeflag == tar.TypeDir {
				mode |= fs.ModeDir
			}
			if h.Mode&0o1000 != 0 {
				mode |= fs.ModeSticky
			}
			got = append(got, strings.Join([]string{mode.String(), itoa(h.Uid), name}, " "))
			if h.Uid != h.Gid || !h.ModTime.Equal(time.Unix(1790000000, 0)) || h.Uname+h.Gname != "" {
				t.Errorf("%s %s: %+v", arch, name, h)
			}
			if h.Name == "latchkey" {
				checkBinary(t, tr, machine)
			}
		}
		_ = r.Close()
		if !slices.Equal(got, want) {
			t.Errorf("%s has\n%s\nnot\n%s", arch, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if size, err := partial.UncompressedSize(layer(t, image(t, arch))); err != nil || size > 64<<20 {
			t.Errorf("%s: %d bytes, %v", arch, size, err)
		}
	}
}
