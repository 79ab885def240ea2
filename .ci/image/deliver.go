package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

var notInTag = regexp.MustCompile(`[^A-Za-z0-9_.-]`)

// save writes the OCI layout, an archive for each architecture, and the bill of materials.
func (s *set) save(a *about, bill []byte, w io.Writer) error {
	folder := filepath.Join(a.out, "image")
	if err := fresh(folder); err != nil {
		return err
	}
	oci, err := layout.Write(filepath.Join(folder, "oci"), empty.Index)
	if err != nil {
		return err
	}
	tag := notInTag.ReplaceAllString(a.version, "_")
	if err := oci.AppendIndex(s.index, layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": tag})); err != nil {
		return err
	}
	for _, r := range s.referrers {
		if err := oci.AppendImage(r); err != nil {
			return err
		}
	}
	for i, img := range s.images {
		ref, err := name.NewTag("latchkey:" + tag)
		if err != nil {
			return err
		}
		if err := tarball.WriteToFile(filepath.Join(folder, "latchkey-linux-"+a.arches[i]+".tar"), ref, img); err != nil {
			return err
		}
		if err := tell(w, "linux/"+a.arches[i], img); err != nil {
			return err
		}
	}
	if err := tell(w, "index", s.index); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(a.out, "sbom.json"), bill, 0o644) //nolint:gosec // what is published may be read
}

// fresh empties a folder that an earlier run has made, and no other.
func fresh(folder string) error {
	if _, err := os.Stat(folder); err == nil {
		if _, err := os.Stat(filepath.Join(folder, "oci", "oci-layout")); err != nil {
			return fmt.Errorf("%s is there and holds no image: it is left alone", folder)
		}
		if err := os.RemoveAll(folder); err != nil {
			return err
		}
	}
	return os.MkdirAll(folder, 0o755) //nolint:gosec // what is published may be read
}

func tell(w io.Writer, what string, d interface{ Digest() (v1.Hash, error) }) error {
	digest, err := d.Digest()
	if err == nil {
		_, err = fmt.Fprintf(w, "%-12s %s\n", what, digest)
	}
	return err
}

// push brings everything to the registry that was named, with the credentials of `docker login` where there are any.
func (s *set) push(ctx context.Context, to string, w io.Writer) error {
	if to == "" {
		return nil
	}
	ref, err := name.NewTag(to, name.StrictValidation)
	if err != nil {
		return fmt.Errorf("say registry/repository:tag: %w", err)
	}
	opts := []remote.Option{remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain), remote.WithTransport(secured{remote.DefaultTransport})}
	if err := remote.WriteIndex(ref, s.index, opts...); err != nil {
		return err
	}
	for _, r := range s.referrers {
		d, err := partial.Descriptor(r)
		if err != nil {
			return err
		}
		if err := remote.Write(ref.Context().Digest(d.Digest.String()), r, opts...); err != nil {
			return err
		}
	}
	return tell(w, "pushed to "+to, s.index)
}

// secured lets nothing out of this machine but by https.
type secured struct{ next http.RoundTripper }

// RoundTrip hands a request on.
func (s secured) RoundTrip(r *http.Request) (*http.Response, error) {
	host := r.URL.Hostname()
	if ip := net.ParseIP(host); r.URL.Scheme != "https" && host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, errors.New(host + " does not answer by https")
	}
	return s.next.RoundTrip(r)
}
