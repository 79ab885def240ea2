package web

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
)

// draw is a sample in a language.
func (b *bench) draw(t *testing.T, one Sample, tag string) string {
	t.Helper()
	c, ok := b.words.Get(tag)
	if !ok {
		t.Fatalf("no language %s", tag)
	}
	page, err := b.sample(b.frame(c, ""), one)
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

// TestSamples draws every state of every page in every language, and holds each to what no page may get wrong.
func TestSamples(t *testing.T) {
	b := newBench(t, sampleIssuer)
	shown := map[string]bool{}
	for _, one := range Samples() {
		if shown[one.Name] {
			t.Errorf("%s stands twice", one.Name)
		}
		shown[one.Name], shown["page "+one.page] = true, true
		for _, tag := range b.words.Tags() {
			t.Run(one.Name+" "+tag, func(t *testing.T) { lint(t, b.draw(t, one, tag)) })
		}
	}
	for page := range b.pages {
		if !shown["page "+page] {
			t.Errorf("the page %s has no sample", page)
		}
	}
	for _, kind := range problemKinds() {
		if !slices.ContainsFunc(Samples(), func(one Sample) bool { return one.Name == "problem-"+kind }) {
			t.Errorf("the problem %s has no sample", kind)
		}
	}
}

// TestOnlyOpenPagesAreCompressed: how well a page compresses tells what is in it, so that only the one without a secret may be.
func TestOnlyOpenPagesAreCompressed(t *testing.T) {
	h, err := NewGallery(Gallery{Address: sampleIssuer})
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range Samples() {
		r := httptest.NewRequest(http.MethodGet, "/sample/"+one.Name, nil)
		plain := httptest.NewRecorder()
		h.ServeHTTP(plain, r)
		r.Header.Set("Accept-Encoding", "gzip, br")
		packed := httptest.NewRecorder()
		h.ServeHTTP(packed, r)
		if packed.Header().Get("Content-Encoding") == "" {
			if one.page == "dev_validate" || plain.Code != one.Status {
				t.Errorf("%s is sent as it is, with %d", one.Name, plain.Code)
			}
			continue
		}
		z, err := gzip.NewReader(packed.Body)
		if err != nil {
			t.Fatal(err)
		}
		if got := readAll(t, z); one.page != "dev_validate" || packed.Body.Len() > 0 || !bytes.Equal([]byte(got), plain.Body.Bytes()) || packed.Header().Get("Vary") != "Accept-Encoding" {
			t.Errorf("%s is compressed: %v", one.Name, packed.Header())
		}
	}
}
