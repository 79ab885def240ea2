package fetch

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"syscall"
)

// errRefused: the address may not be connected to; errPlain and errPort are it too, for one that may be, but not so.
var (
	errRefused = errors.New("is at no address of the public internet")
	errPlain   = &refusal{"is not https"}
	errPort    = &refusal{"is at a port other than 443 and those from 1024 on"}
)

type refusal struct{ text string }

func (r *refusal) Error() string { return r.text }

// Is makes every refusal errRefused.
func (r *refusal) Is(target error) bool { return target == errRefused }

// special are the IPv4 ranges, and those of global unicast IPv6, that no service of the public internet has (RFC 6890, IANA registries).
var special = [...]netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),         // this network
	netip.MustParsePrefix("10.0.0.0/8"),        // private
	netip.MustParsePrefix("100.64.0.0/10"),     // carrier-grade NAT, and metadata services of some clouds
	netip.MustParsePrefix("127.0.0.0/8"),       // loopback
	netip.MustParsePrefix("168.63.129.16/32"),  // a cloud's host agent, on a public address
	netip.MustParsePrefix("169.254.0.0/16"),    // link-local, and most metadata services
	netip.MustParsePrefix("172.16.0.0/12"),     // private
	netip.MustParsePrefix("192.0.0.0/24"),      // protocol assignments
	netip.MustParsePrefix("192.0.2.0/24"),      // documentation
	netip.MustParsePrefix("192.31.196.0/24"),   // AS112
	netip.MustParsePrefix("192.52.193.0/24"),   // AMT
	netip.MustParsePrefix("192.88.99.0/24"),    // 6to4 relays
	netip.MustParsePrefix("192.168.0.0/16"),    // private
	netip.MustParsePrefix("192.175.48.0/24"),   // AS112
	netip.MustParsePrefix("198.18.0.0/15"),     // benchmarking
	netip.MustParsePrefix("198.51.100.0/24"),   // documentation
	netip.MustParsePrefix("203.0.113.0/24"),    // documentation
	netip.MustParsePrefix("224.0.0.0/4"),       // multicast
	netip.MustParsePrefix("240.0.0.0/4"),       // reserved, and broadcast
	netip.MustParsePrefix("2001::/23"),         // protocol assignments: Teredo, benchmarking, ORCHID, …
	netip.MustParsePrefix("2001:db8::/32"),     // documentation
	netip.MustParsePrefix("2002::/16"),         // 6to4: holds any IPv4 address
	netip.MustParsePrefix("2620:4f:8000::/48"), // AS112
	netip.MustParsePrefix("3fff::/20"),         // documentation
}

// globalUnicast is all that IANA has given out for hosts. Everything else of IPv6 is something special, or will be: loopback, ::ffff:0:0/96,
// NAT64 (64:ff9b::/96 and 64:ff9b:1::/48), discard, segment routing, unique local, link-local, site-local, multicast.
var globalUnicast = netip.MustParsePrefix("2000::/3")

// public tells whether an address can belong to a service of the public internet.
func public(a netip.Addr) bool {
	a = plain(a)
	if a.Is6() && !globalUnicast.Contains(a) {
		return false
	}
	return a.IsValid() && !slices.ContainsFunc(special[:], func(p netip.Prefix) bool { return p.Contains(a) })
}

// plain is the address that is truly meant: IPv4 out of ::ffff:0:0/96, without a zone.
func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

// judge says whether to may be connected to; allow are the networks that the operator exempted. A public address is reached by TLS only.
func judge(to netip.AddrPort, secure bool, allow []netip.Prefix) error {
	switch {
	case slices.ContainsFunc(allow, func(p netip.Prefix) bool { return p.Contains(plain(to.Addr())) }):
		return nil
	case !public(to.Addr()):
		return errRefused
	case !secure:
		return errPlain
	}
	return judgePort(to.Port())
}

// judgePort takes 443 and what an ordinary user can serve, so that nobody makes us speak to a mail server.
func judgePort(port uint16) error {
	if port != 443 && port < 1024 {
		return errPort
	}
	return nil
}

// guard judges each address at the last moment, when the socket is about to connect to it: no answer of any resolver comes between.
func (f *Fetcher) guard(secure bool) func(network, address string, c syscall.RawConn) error {
	return func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil {
			return fmt.Errorf("%w: %w", errRefused, err)
		}
		return judge(to, secure, f.cfg.Allow)
	}
}
