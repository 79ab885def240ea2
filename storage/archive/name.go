package archive

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"
)

const (
	// suffix says what to do with the file: age -d, gunzip.
	suffix = ".jsonl.gz.age"
	// stamp has milliseconds: backups of a schedule of seconds sort too.
	stamp = "20060102T150405.000Z"
	// partSuffix is on what is being written; it begins with a dot besides.
	partSuffix = ".part"
)

// Issuer is the fingerprint of an issuer in names: several may share a place.
func Issuer(url string) string {
	sum := sha256.Sum256([]byte(url))
	return hex.EncodeToString(sum[:4])
}

// NewName names a backup of the issuer that was taken then. Two never have the same name.
func NewName(issuer string, taken time.Time) string {
	return "latchkey-" + Issuer(issuer) + "-" + taken.UTC().Format(stamp) + "-" + strings.ToLower(rand.Text()[:6]) + suffix
}

// ParseName says whether name is one that [NewName] gives for this issuer, and when that backup was taken.
func ParseName(issuer, name string) (taken time.Time, ok bool) {
	rest, ok := strings.CutPrefix(name, "latchkey-"+Issuer(issuer)+"-")
	if !ok {
		return time.Time{}, false
	}
	rest, ok = strings.CutSuffix(rest, suffix)
	if !ok || len(rest) != len(stamp)+7 || rest[len(stamp)] != '-' || strings.Trim(rest[len(stamp)+1:], "abcdefghijklmnopqrstuvwxyz234567") != "" {
		return time.Time{}, false
	}
	taken, err := time.Parse(stamp, rest[:len(stamp)])
	return taken, err == nil
}
