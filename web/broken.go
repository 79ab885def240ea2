package web

import (
	"bytes"
	"errors"
	"fmt"
	"html"
	"net/http"
	"sync"

	"latchkey/provider/serve"
	"latchkey/web/words"
)

// bare is what a fault of ours is shown with where the page of last resort cannot be drawn.
const bare = `<!doctype html><html lang="en"><title>Something went wrong</title><h1>Something went wrong</h1><p>Try again in a moment. Reference: `

// prepareBroken lets the page of last resort be drawn once for each language, and draws it at once where an operator's templates are in it.
func (s *Site) prepareBroken() error {
	s.broken = map[string]func() ([2][]byte, error){}
	for _, tag := range s.words.Tags() {
		c, _ := s.words.Get(tag)
		draw := sync.OnceValues(func() ([2][]byte, error) { return s.drawBroken(c) })
		if s.broken[tag] = draw; len(s.Theme.Templates) == 0 {
			continue
		}
		if _, err := draw(); err != nil {
			return err
		}
	}
	return nil
}

// drawBroken draws the page of last resort in a language.
func (s *Site) drawBroken(c *words.Catalogue) (halves [2][]byte, err error) {
	const mark = "REFERENCE-GOES-HERE"
	v := s.problemView(s.frame(c, ""), serve.Problem{Status: http.StatusInternalServerError, Kind: "internal", Reference: mark})
	var b bytes.Buffer
	if err := s.pages["problem"].ExecuteTemplate(&b, "bow", v); err != nil {
		return halves, fmt.Errorf("draw the page of last resort: %w", err)
	}
	before, after, ok := bytes.Cut(b.Bytes(), []byte(mark))
	if !ok || bytes.Contains(after, []byte(mark)) {
		return halves, errors.New("the page of last resort needs its reference exactly once")
	}
	return [2][]byte{before, after}, nil
}

// lastResort is the page of a fault of ours.
func (s *Site) lastResort(c *words.Catalogue, reference string) []byte {
	reference = html.EscapeString(reference)
	halves, err := s.broken[c.Tag]()
	if err != nil {
		return []byte(bare + reference)
	}
	return bytes.Join([][]byte{halves[0], halves[1]}, []byte(reference))
}
