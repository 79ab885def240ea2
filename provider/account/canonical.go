package account

import (
	"net/netip"
	"regexp"
	"strings"
	"sync"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// Email is an address in its two forms: as it is written to, and as it is compared. Both are computed here and nowhere else.
type Email struct {
	// Address is what mail goes to: the local part as typed, the domain in ASCII.
	Address string
	// Key is the canonical form: Address in lower case. It contains exactly one '@'.
	Key string
}

// shape is a regular expression that is compiled when it is first asked for: a server that starts needs none, and each holds some ten KiB.
func shape(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}

// localPart is a dot-atom of ASCII (RFC 5321 §4.1.2). Quoted strings and non-ASCII local parts (RFC 6531) are not taken: no two
// systems agree how to compare them.
var localPart = shape(`^[A-Za-z0-9!#$%&'*+/=?^_{|}~` + "`" + `-]+(\.[A-Za-z0-9!#$%&'*+/=?^_{|}~` + "`" + `-]+)*$`)

// domainProfile validates and does not map: what it would have to map (full-width letters, other dots) is a look-alike (RFC 5891 §5).
var domainProfile = idna.New(idna.ValidateForRegistration(), idna.VerifyDNSLength(true), idna.StrictDomainName(true), idna.BidiRule())

// ParseEmail takes one address without display name, comment, quotes or surrounding space (RFC 5321 §4.1.2, §4.5.3.1).
func ParseEmail(s string) (Email, bool) {
	if len(s) > 1024 || strings.Count(s, "@") != 1 {
		return Email{}, false
	}
	local, domain, _ := strings.Cut(s, "@")
	if len(local) > 64 || !localPart().MatchString(local) {
		return Email{}, false
	}
	domain = strings.ToLower(norm.NFC.String(domain))
	if !norm.NFKC.IsNormalString(domain) {
		return Email{}, false // full-width and other compatibility characters
	}
	ascii, err := domainProfile.ToASCII(domain)
	if err != nil || !hostname(ascii) {
		return Email{}, false
	}
	address := local + "@" + ascii
	if len(address) > 254 { // RFC 3696 erratum 1690
		return Email{}, false
	}
	return Email{Address: address, Key: strings.ToLower(address)}, true
}

// hostname wants two labels or more, the last of them no number: not an address literal, not a bare host.
func hostname(ascii string) bool {
	if len(ascii) > 253 || !strings.Contains(ascii, ".") {
		return false
	}
	labels := strings.Split(ascii, ".")
	for _, l := range labels {
		// Letters, digits, hyphens (RFC 5321 §4.1.2): the profile leaves ASCII that it would only have to map.
		if l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' || strings.Trim(l, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return false
		}
	}
	return strings.Trim(labels[len(labels)-1], "0123456789") != ""
}

// UsernameKey is the canonical form of a username: two names that differ only in case are one. Usernames are ASCII without '@', so
// that a name is never an address and has no look-alikes.
func UsernameKey(name string) string { return strings.ToLower(name) }

var (
	usernameStrict = shape(`^[A-Za-z0-9_]{3,20}$`)
	usernameHyphen = shape(`^[A-Za-z0-9_-]{3,20}$`)
	usernameChars  = shape(`^[A-Za-z0-9_-]*$`)
)

// checkUsername applies a dialect's syntax. Its second result is false where all is well.
func checkUsername(d Dialect, name string) (Problem, bool) {
	syntax := usernameHyphen
	if d == Platform {
		syntax = usernameStrict
	}
	switch {
	case name == "":
		return Missing, true
	case syntax().MatchString(name):
		return "", false
	case d != Platform && usernameChars().MatchString(name) && len(name) < 3:
		return TooShort, true
	case d != Platform && usernameChars().MatchString(name) && len(name) > 20:
		return TooLong, true
	}
	return Malformed, true
}

var (
	phoneTyped = shape(`^\+[0-9 .()-]{1,40}$`)
	phoneE164  = shape(`^\+[1-9][0-9]{1,14}$`)
	phoneNoise = strings.NewReplacer(" ", "", ".", "", "-", "", "(", "", ")", "")
)

// normalPhone returns a number as E.164.
func normalPhone(s string) (string, bool) {
	if !phoneTyped().MatchString(s) {
		return "", false
	}
	s = phoneNoise.Replace(s)
	return s, phoneE164().MatchString(s)
}

// AddressKey is a client's address as limits know it: an IPv4 address, or the /64 that one IPv6 customer has at the least. It has at most 64 bytes,
// whatever the address is.
func AddressKey(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return "?" + digest(address)[:32]
	}
	ip = ip.Unmap().WithZone("")
	if ip.Is4() {
		return ip.String()
	}
	p, err := ip.Prefix(64)
	if err != nil {
		return ip.String()
	}
	return p.String()
}
