// Package zones is the time zone database, so that zones do not depend on what the machine has installed. It is what package time/tzdata is, at a
// seventh of its size: the zones are compressed together, and each is taken out when it is first asked for.
package zones

import (
	"bufio"
	"bytes"
	"compress/flate"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"
)

// packed is Go's lib/time/zoneinfo.zip, packed anew by the test with -update: a line that names each zone, then the zones, all of it deflated. In the line,
// words stand for zones, in their order: "<bytes>:<name>=<other name>".
//
//go:embed zones.deflate
var packed []byte

// errUnknown: there is no zone of that name.
var errUnknown = errors.New("unknown time zone")

// loaded are the zones that were asked for, by name: no more than there are.
var loaded sync.Map

// Load returns the time zone of a name such as Europe/Paris: the machine's, if it has it, and else ours. "" and "UTC" are UTC, "Local" is the machine's own
// zone. Error: there is none of that name.
func Load(name string) (*time.Location, error) {
	if zone, ok := loaded.Load(name); ok {
		return zone.(*time.Location), nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		zone, err = unpack(flate.NewReader(bytes.NewReader(packed)), name)
	}
	if err != nil {
		return nil, err
	}
	if name != "" && name != "Local" {
		loaded.Store(name, zone)
	}
	return zone, nil
}

// unpack takes a zone out of all of them.
func unpack(all io.Reader, name string) (*time.Location, error) {
	r := bufio.NewReader(all)
	line, err := r.ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("the time zones: %w", err)
	}
	before := 0
	for word := range strings.FieldsSeq(line) {
		length, names, _ := strings.Cut(word, ":")
		size, err := strconv.Atoi(length)
		if err != nil {
			return nil, fmt.Errorf("the time zones: %w", err)
		}
		if !named(names, name) {
			before += size
			continue
		}
		data := make([]byte, size)
		if _, err := r.Discard(before); err != nil {
			return nil, fmt.Errorf("the time zones: %w", err)
		}
		if _, err := io.ReadFull(r, data); err != nil {
			return nil, fmt.Errorf("the time zones: %w", err)
		}
		return time.LoadLocationFromTZData(name, data)
	}
	return nil, errUnknown
}

func named(names, name string) bool {
	for n := range strings.SplitSeq(names, "=") {
		if n == name {
			return true
		}
	}
	return false
}
