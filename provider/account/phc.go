package account

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
)

const (
	argonVersion = argon2.Version
	saltLength   = 16 // RFC 9106 §3.1
	keyLength    = 32
)

// params are the cost of a hash.
type params struct {
	version        int
	memory, passes uint32
	lanes          uint8
}

var errHashSyntax = errors.New("not an argon2id hash that is taken here")

// check bounds the cost, so that a hash that came from elsewhere cannot ask for more memory or time than a server has.
func (p params) check() error {
	switch {
	case p.version != argonVersion:
		return fmt.Errorf("version %d: must be %d", p.version, argonVersion)
	case p.memory < 8 || p.memory > 256*1024:
		return fmt.Errorf("memory %d KiB: must be 8 to 262144", p.memory)
	case p.passes < 1 || p.passes > 16:
		return fmt.Errorf("passes %d: must be 1 to 16", p.passes)
	case p.lanes < 1 || p.lanes > 8:
		return fmt.Errorf("lanes %d: must be 1 to 8", p.lanes)
	case p.memory < 8*uint32(p.lanes):
		return fmt.Errorf("memory %d KiB: must be at least 8 for each lane", p.memory) // RFC 9106 §3.1
	case uint64(p.memory)*uint64(p.passes) > 2*1024*1024:
		return fmt.Errorf("memory %d KiB × passes %d: too much work", p.memory, p.passes)
	}
	return nil
}

// encodeHash writes the PHC string format: $argon2id$v=19$m=…,t=…,p=…$salt$hash.
func encodeHash(p params, salt, key []byte) string {
	e := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", p.version, p.memory, p.passes, p.lanes, e.EncodeToString(salt), e.EncodeToString(key))
}

// parseHash reads exactly what encodeHash writes, within bounds. Anything else is an error.
func parseHash(s string) (p params, salt, key []byte, err error) {
	if len(s) > 512 {
		return params{}, nil, nil, errHashSyntax
	}
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != "v="+strconv.Itoa(argonVersion) {
		return params{}, nil, nil, errHashSyntax
	}
	costs := strings.Split(parts[3], ",")
	if len(costs) != 3 {
		return params{}, nil, nil, errHashSyntax
	}
	var values [3]uint64
	for i, prefix := range []string{"m=", "t=", "p="} {
		digits, ok := strings.CutPrefix(costs[i], prefix)
		n, perr := strconv.ParseUint(digits, 10, 32)
		if !ok || perr != nil || strconv.FormatUint(n, 10) != digits { // one spelling only
			return params{}, nil, nil, errHashSyntax
		}
		values[i] = n
	}
	if values[2] > 255 {
		return params{}, nil, nil, errHashSyntax
	}
	p = params{version: argonVersion, memory: uint32(values[0]), passes: uint32(values[1]), lanes: uint8(values[2])} // #nosec G115 -- bounded above
	if err := p.check(); err != nil {
		return params{}, nil, nil, errHashSyntax
	}
	strict := base64.RawStdEncoding.Strict()
	salt, err = strict.DecodeString(parts[4])
	if err != nil || len(salt) < 8 || len(salt) > 64 || strings.ContainsAny(parts[4], "\r\n") {
		return params{}, nil, nil, errHashSyntax
	}
	key, err = strict.DecodeString(parts[5])
	if err != nil || len(key) < 16 || len(key) > 128 || strings.ContainsAny(parts[5], "\r\n") {
		return params{}, nil, nil, errHashSyntax
	}
	return p, salt, key, nil
}

// IsHash says whether s is an argon2id encoding (PHC string) within the bounds that are computed here.
func IsHash(s string) bool {
	_, _, _, err := parseHash(s)
	return err == nil
}
