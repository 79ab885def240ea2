package web

import (
	"bytes"
	"fmt"
	"slices"
	"time"
)

// Sample is a page in one of its states, with data that belongs to nobody. Templates of an operator are drawn with every sample at start, `latchkey
// theme preview` shows them, and tests draw them in every language and look at them in a browser.
type Sample struct {
	// Name is what the state is called, such as login-wrong: the page, and what is special about it.
	Name string
	// Status is the HTTP status that the page has in this state.
	Status int
	// layout and page are those of [Site.draw].
	layout, page string
	// view makes what the template is drawn with. The frame has a language and, in the account's pages, a person already.
	view func(f *frame) view
}

// Samples is the table of every state of every page. A page that is made gets a row for each of its states, in the part of the table beside it.
func Samples() []Sample {
	return slices.Concat(entrySamples(), mailedSamples(), answerSamples(), passkeySamples(), secondSamples(), lifecycleSamples(), accountSamples(), portalSamples(), problemSamples(), devSamples())
}

// sampleTime is the present of the samples.
func sampleTime() time.Time { return time.Date(2026, 11, 21, 21, 0, 0, 0, time.UTC) }

// sample draws one, in the language and theme of a frame.
func (s *Site) sample(f *frame, one Sample) ([]byte, error) {
	if one.layout == "portal" {
		f.Person = "Ada Byron"
	}
	v := one.view(f)
	t, ok := s.pages[one.page]
	if !ok {
		return nil, fmt.Errorf("sample %s: there is no page %s", one.Name, one.page)
	}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, one.layout, v); err != nil {
		return nil, fmt.Errorf("sample %s: %w", one.Name, err)
	}
	return b.Bytes(), nil
}

// titled gives the frame of a sample its title.
func (f *frame) titled(key string, args ...any) *frame {
	f.Title = f.T(key, args...)
	return f
}

// wrong gives the frame of a sample a message about a field, "" for the whole form.
func (f *frame) wrong(field, key string, args ...any) *frame {
	f.Errors = append(f.Errors, fieldError{field, f.T(key, args...)})
	return f
}

// well gives the frame of a sample the message that something went well.
func (f *frame) well(key string) *frame {
	f.Notice = f.T(key)
	return f
}
