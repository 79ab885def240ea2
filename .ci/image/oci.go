package main

import (
	"bytes"
	"encoding/json"
	"io"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

const license = "Apache-2.0"

// set is everything that belongs together: an image for each architecture, their index, and the bill of materials that refers to each.
type set struct {
	index     v1.ImageIndex
	images    []v1.Image // in the order of about.arches
	referrers []v1.Image
}

// labels are what the Dockerfile's LABEL says.
func (a *about) labels() map[string]string {
	return map[string]string{
		"org.opencontainers.image.title":    "Latchkey",
		"org.opencontainers.image.licenses": license,
		"org.opencontainers.image.version":  a.version,
		"org.opencontainers.image.revision": a.revision,
		"org.opencontainers.image.created":  a.created.Format(time.RFC3339),
	}
}

// config is what the Dockerfile's other instructions say.
func (a *about) config() v1.Config {
	return v1.Config{
		User: "65532:65532", WorkingDir: "/", Env: []string{"PATH=/"}, Labels: a.labels(),
		ExposedPorts: map[string]struct{}{"8080/tcp": {}, "9090/tcp": {}},
		Entrypoint:   []string{"/latchkey"}, Cmd: []string{"serve"},
	}
}

// image is the image of one architecture.
func (a *about) image(b *binary, mods *modules) (v1.Image, error) {
	content, err := archive(b.files(mods), a.created)
	if err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil },
		tarball.WithMediaType(types.OCILayer), tarball.WithCompressedCaching)
	if err != nil {
		return nil, err
	}
	at := v1.Time{Time: a.created}
	img, err := mutate.Append(mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON),
		mutate.Addendum{Layer: layer, MediaType: types.OCILayer, History: v1.History{Created: at, CreatedBy: "latchkey image"}})
	if err != nil {
		return nil, err
	}
	file, err := img.ConfigFile()
	if err != nil {
		return nil, err
	}
	file = file.DeepCopy()
	file.OS, file.Architecture, file.Created, file.Config = "linux", b.arch, at, a.config()
	return mutate.ConfigFile(img, file)
}

// assemble makes the images, their index, and what refers to them.
func assemble(a *about, built []*binary, mods *modules, bill []byte) (*set, error) {
	s := &set{index: mutate.IndexMediaType(empty.Index, types.OCIImageIndex)}
	for _, b := range built {
		img, err := a.image(b, mods)
		if err != nil {
			return nil, err
		}
		s.images = append(s.images, img)
		s.index = mutate.AppendManifests(s.index, mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: b.arch}}})
	}
	s.index = mutate.Annotations(s.index, a.labels()).(v1.ImageIndex) // what goes in as an index comes out as one
	subjects := []partial.Describable{s.index}
	for _, img := range s.images {
		subjects = append(subjects, img)
	}
	for _, subject := range subjects {
		r, err := refer(a, subject, bill)
		if err != nil {
			return nil, err
		}
		s.referrers = append(s.referrers, r)
	}
	return s, nil
}

// artifact is a manifest that is no image: a document that refers to one (OCI image specification 1.1, "Guidelines for Artifact Usage").
type artifact struct {
	manifest []byte
	blobs    map[v1.Hash]v1.Layer
}

var nothing = []byte("{}")

// refer makes the manifest that hangs the bill of materials on a subject.
func refer(a *about, subject partial.Describable, bill []byte) (v1.Image, error) {
	to, err := partial.Descriptor(subject)
	if err != nil {
		return nil, err
	}
	r := &artifact{blobs: map[v1.Hash]v1.Layer{}}
	m := v1.Manifest{
		SchemaVersion: 2, MediaType: types.OCIManifestSchema1, ArtifactType: sbomType,
		Subject:     &v1.Descriptor{MediaType: to.MediaType, Size: to.Size, Digest: to.Digest},
		Annotations: map[string]string{"org.opencontainers.image.created": a.created.Format(time.RFC3339)},
	}
	for i, blob := range []v1.Layer{static.NewLayer(nothing, "application/vnd.oci.empty.v1+json"), static.NewLayer(bill, sbomType)} {
		d, err := partial.Descriptor(blob)
		if err != nil {
			return nil, err
		}
		r.blobs[d.Digest] = blob
		if i == 0 {
			m.Config = *d
		} else {
			m.Layers = append(m.Layers, *d)
		}
	}
	if r.manifest, err = json.Marshal(m); err != nil {
		return nil, err
	}
	return partial.CompressedToImage(r)
}

// RawConfigFile is the empty object, since there is nothing to configure.
func (r *artifact) RawConfigFile() ([]byte, error) { return nothing, nil }

// MediaType is that of every manifest.
func (r *artifact) MediaType() (types.MediaType, error) { return types.OCIManifestSchema1, nil }

// RawManifest is the manifest as it is stored.
func (r *artifact) RawManifest() ([]byte, error) { return r.manifest, nil }

// LayerByDigest finds the bill of materials or the empty object.
func (r *artifact) LayerByDigest(h v1.Hash) (partial.CompressedLayer, error) { return r.blobs[h], nil }
