package main

import (
	"bytes"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

// TestPush: what is pulled from a registry by its tag is what the layout has, and the bill of materials is found from the index and from
// each image; with a registry that knows the interface for referrers, and with one that does not.
func TestPush(t *testing.T) {
	_, list, path := images(t)
	bill := tree(t, string(path))
	for name, referrers := range map[string]bool{"with referrers": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(registry.New(registry.WithReferrersSupport(referrers), registry.Logger(log.New(io.Discard, "", 0))))
			defer server.Close()
			to := strings.TrimPrefix(server.URL, "http://") + "/some/latchkey:v1"
			if err := run(t.Context(), given(t, "-out", t.TempDir(), "-push", to), io.Discard); err != nil {
				t.Fatal(err)
			}
			checkPulled(t, to, list, bill)
		})
	}
}

func checkPulled(t *testing.T, at string, list *v1.IndexManifest, files map[string][]byte) {
	t.Helper()
	ref, err := name.ParseReference(at)
	if err != nil {
		t.Fatal(err)
	}
	idx, err := remote.Index(ref)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(idx); err != nil {
		t.Error(err)
	}
	digest, err := idx.Digest()
	if err != nil || digest != list.Manifests[0].Digest {
		t.Errorf("pulled %s, pushed %s (%v)", digest, list.Manifests[0].Digest, err)
	}
	m, err := idx.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	subjects := []v1.Hash{digest}
	for _, d := range m.Manifests {
		subjects = append(subjects, d.Digest)
	}
	for _, subject := range subjects {
		found, err := remote.Referrers(ref.Context().Digest(subject.String()))
		if err != nil {
			t.Fatal(err)
		}
		refs, err := found.IndexManifest()
		if err != nil {
			t.Fatal(err)
		}
		if len(refs.Manifests) != 1 {
			t.Fatalf("%s has the referrers %+v", subject, refs.Manifests)
		}
		document, err := remote.Image(ref.Context().Digest(refs.Manifests[0].Digest.String()))
		if err != nil {
			t.Fatal(err)
		}
		of, err := document.Manifest()
		if err != nil {
			t.Fatal(err)
		}
		if of.ArtifactType != sbomType || of.Subject.Digest != subject || len(of.Layers) != 1 || len(files["blobs/sha256/"+of.Layers[0].Digest.Hex]) == 0 {
			t.Errorf("%s has %+v", subject, of)
		}
	}
}

// TestPushRefused: nothing goes where nobody said, or unencrypted over a network.
func TestPushRefused(t *testing.T) {
	s := &set{}
	for _, to := range []string{"latchkey", "latchkey:v1", "127.0.0.1:1/latchkey", "127.0.0.1:1/latchkey@sha256:" + strings.Repeat("0", 64)} {
		if err := s.push(t.Context(), to, io.Discard); err == nil || !strings.Contains(err.Error(), "say registry/repository:tag") {
			t.Errorf("%s: %v", to, err)
		}
	}
	went := 0
	over := secured{next: transport(func(r *http.Request) (*http.Response, error) {
		went++
		return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: r}, nil
	})}
	for url, goes := range map[string]bool{"http://10.0.0.1:5000/v2/": false, "http://registry.local/v2/": false, "https://registry.example/v2/": true,
		"http://127.0.0.1:5000/v2/": true, "http://[::1]:5000/v2/": true, "http://localhost:5000/v2/": true} {
		r := httptest.NewRequest(http.MethodGet, url, nil)
		before := went
		res, err := over.RoundTrip(r)
		if (err == nil) != goes || (went > before) != goes {
			t.Errorf("%s: %v", url, err)
		}
		if res != nil {
			_ = res.Body.Close()
		}
	}
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestReferrersInLayout: the layout too has the bill of materials three times over, each with its subject.
func TestReferrersInLayout(t *testing.T) {
	dir, list, _ := images(t)
	files := tree(t, dir)
	subjects := map[string]bool{}
	for _, d := range list.Manifests[1:] {
		var m v1.Manifest
		if err := json.Unmarshal(files["image/oci/blobs/sha256/"+d.Digest.Hex], &m); err != nil {
			t.Fatal(err)
		}
		subjects[m.Subject.Digest.String()] = true
		if m.ArtifactType != sbomType || !bytes.Equal(files["image/oci/blobs/sha256/"+m.Layers[0].Digest.Hex], files["sbom.json"]) {
			t.Errorf("%s: %+v", d.Digest, m)
		}
	}
	if len(subjects) != 3 || !subjects[list.Manifests[0].Digest.String()] {
		t.Errorf("subjects %v", subjects)
	}
}
