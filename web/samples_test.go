package web

import (
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
