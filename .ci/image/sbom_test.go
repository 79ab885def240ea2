package main

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"io"
	"strings"
	"testing"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
)

// inImage is one file of an image.
func inImage(t *testing.T, arch, path string) []byte {
	t.Helper()
	r := mutate.Extract(image(t, arch))
	defer func() { _ = r.Close() }()
	for tr := tar.NewReader(r); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			t.Fatalf("no %s in the image", path)
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Name == path {
			content, err := io.ReadAll(tr)
			if err != nil {
				t.Fatal(err)
			}
			return content
		}
	}
}

// TestBill: every module that the binaries say they are made of is in the bill, with a licence, and its text is in the image; the sums
// are those of the binaries.
func TestBill(t *testing.T) {
	dir, _, _ := images(t)
	bom := new(cdx.BOM)
	if err := cdx.NewBOMDecoder(bytes.NewReader(tree(t, dir)["sbom.json"]), cdx.BOMFileFormatJSON).Decode(bom); err != nil {
		t.Fatal(err)
	}
	if bom.SpecVersion != cdx.SpecVersion1_6 || bom.Metadata.Component.Version != testVersion || bom.Metadata.Timestamp != "2026-09-21T14:13:20Z" {
		t.Errorf("%+v", bom.Metadata)
	}
	listed := map[string]cdx.Component{}
	for _, c := range *bom.Components {
		listed[c.Name] = c
		if c.Licenses == nil {
			t.Errorf("%s: no licence is told", c.Name)
			continue
		}
		for _, l := range *c.Licenses {
			if l.License.ID == "" {
				t.Errorf("%s: %q is no identifier that we know", c.Name, l.License.Name)
			}
		}
	}
	for _, arch := range []string{"amd64", "arm64"} {
		content := inImage(t, arch, "latchkey")
		sum := sha256.Sum256(content)
		if hashes := *listed["latchkey-linux-"+arch].Hashes; hashes[0].Value != hex.EncodeToString(sum[:]) {
			t.Errorf("%s: %v is not the sum of the binary", arch, hashes)
		}
		info, err := buildinfo.Read(bytes.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		texts := string(inImage(t, arch, "usr/share/licenses/latchkey"))
		for _, d := range info.Deps {
			c, ok := listed[d.Path]
			if !ok || c.Version != d.Version || c.PackageURL != "pkg:golang/"+d.Path+"@"+d.Version || (*c.Properties)[0].Value != d.Sum {
				t.Errorf("%s %s in the binary is %+v in the bill", d.Path, d.Version, c)
			}
			if !strings.Contains(texts, "\n"+d.Path+" "+d.Version+": ") {
				t.Errorf("the licence of %s is not in the image", d.Path)
			}
		}
		if len(info.Deps) < 20 || listed[stdlib].Version != strings.TrimPrefix(info.GoVersion, "go") {
			t.Errorf("%s: %d modules, %s", arch, len(info.Deps), info.GoVersion)
		}
	}
}

// TestRoots: the certificates are a file that a TLS client can use.
func TestRoots(t *testing.T) {
	rest, n := inImage(t, "amd64", "etc/ssl/certs/ca-certificates.crt"), 0
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		n++
	}
	if n < 100 || len(rest) > 0 {
		t.Errorf("%d certificates, and %d bytes that are none", n, len(rest))
	}
}
