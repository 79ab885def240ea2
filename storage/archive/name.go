package archive

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
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

// nameSlack is by how much the time in a name may be another than that inside: it is named before it is begun.
const nameSlack = time.Minute

// CheckName says where a name, as [NewName] gives it, speaks of another issuer or time than the backup itself: it was renamed, or an old one was copied.
func CheckName(name string, about About) error {
	taken, ok := ParseName(about.Issuer, name)
	switch {
	case !ok:
		return fmt.Errorf("its name is none of a backup of %s, which is what is sealed inside", about.Issuer)
	case taken.Sub(about.Taken).Abs() > nameSlack:
		return fmt.Errorf("its name says that it was taken at %s, but sealed inside is %s", taken.Format(time.RFC3339), about.Taken.Format(time.RFC3339))
	}
	return nil
}
