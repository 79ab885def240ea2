package words

import (
	"compress/flate"
	_ "embed" // packed.bin
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
)

// packed are the files of locales, made by `make generate`: a line for each language (tag, name and direction, and how many bytes its messages have packed and
// unpacked, with tabs between them), one for the keys, which has no tag, and an empty one; then the keys, and each language's messages in their order, with
// line feeds between them, all compressed by themselves.
//
//go:embed packed.bin
var packed string

// pack is what is embedded. A language is unpacked when its first message is asked for: most servers need one or two.
type pack struct {
	keys    func() map[string]uint16
	tongues []*tongue
}

// tongue is a language of a pack.
type tongue struct {
	tag, name, dir string
	messages       func() []entry
}

// embedded is read once: it never changes.
var embedded = sync.OnceValues(func() (*pack, error) { return unpack(packed) })

// unpack reads the lines of a pack.
func unpack(text string) (*pack, error) {
	head, rest, found := strings.Cut(text, "\n\n")
	if !found {
		return nil, errors.New("words are packed without a head")
	}
	p := &pack{}
	for line := range strings.SplitSeq(head, "\n") {
		f := strings.Split(line, "\t")
		if len(f) != 5 {
			return nil, fmt.Errorf("words are packed with the line %q", line)
		}
		small, err := strconv.Atoi(f[3])
		if err != nil || small < 0 || small > len(rest) {
			return nil, fmt.Errorf("words are packed with the line %q", line)
		}
		large, err := strconv.Atoi(f[4])
		if err != nil {
			return nil, fmt.Errorf("words are packed with the line %q", line)
		}
		body := rest[:small]
		rest = rest[small:]
		if f[0] == "" {
			p.keys = sync.OnceValue(func() map[string]uint16 { return numbered(inflated(body, large)) })
			continue
		}
		p.tongues = append(p.tongues, &tongue{tag: f[0], name: f[1], dir: f[2], messages: sync.OnceValue(func() []entry { return lines(inflated(body, large)) })})
	}
	if p.keys == nil || rest != "" {
		return nil, errors.New("words are packed without keys, or with more than their head says")
	}
	return p, nil
}

// inflated decompresses size bytes. It panics where they are not what was packed, which tests read: the program is broken then.
func inflated(body string, size int) string {
	var b strings.Builder
	b.Grow(size)
	if n, err := io.Copy(&b, flate.NewReader(strings.NewReader(body))); err != nil || n != int64(size) {
		panic(fmt.Sprintf("words: %d bytes of %d unpacked: %v", n, size, err))
	}
	return b.String()
}

func lines(text string) []entry {
	all := make([]entry, 0, 1+strings.Count(text, "\n"))
	for line := range strings.SplitSeq(text, "\n") {
		all = append(all, entry(line))
	}
	return all
}

func numbered(text string) map[string]uint16 {
	keys := make(map[string]uint16, 1+strings.Count(text, "\n"))
	for key := range strings.SplitSeq(text, "\n") {
		keys[key] = uint16(len(keys)) // #nosec G115 -- there are some thousand
	}
	return keys
}
