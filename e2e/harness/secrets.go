package harness

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"sync"
)

// Secrets remembers what must not turn up where it does not belong.
type Secrets struct {
	mu   sync.Mutex
	seen map[string]string // value to kind
}

// Add remembers values. Those shorter than 6 bytes are left out: they turn up by chance.
func (s *Secrets) Add(kind string, values ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen == nil {
		s.seen = map[string]string{}
	}
	for _, v := range values {
		if len(v) >= 6 {
			s.seen[v] = kind
		}
	}
}

// Count says how many are remembered, by kind.
func (s *Secrets) Count() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := map[string]int{}
	for _, kind := range s.seen {
		n[kind]++
	}
	return n
}

// In returns the kinds of those that are found in content: as they are, in base64 of either alphabet, in hex, or escaped as in a URL.
func (s *Secrets) In(content []byte) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []string
	for v, kind := range s.seen {
		for _, form := range []string{v, base64.RawStdEncoding.EncodeToString([]byte(v)), base64.RawURLEncoding.EncodeToString([]byte(v)),
			hex.EncodeToString([]byte(v)), url.QueryEscape(v)} {
			if bytes.Contains(content, []byte(form)) {
				found = append(found, kind+": "+v[:4]+"…")
				break
			}
		}
	}
	return found
}
