package config

import (
	"net"
	"net/netip"
)

// devIssuer is the issuer in dev where none is set: where the public listener is reached from this machine. An address that says nothing, or port 0, leaves
// the default.
func (c *Config) devIssuer() {
	if c.IsSet("issuer") || !c.IsSet("server.listen") {
		return
	}
	host, port, err := net.SplitHostPort(c.Server.Listen)
	if err != nil || port == "" || port == "0" {
		return
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && (ip.IsLoopback() || ip.IsUnspecified()) {
		host = "localhost" // passkeys work there, and not at an address
	}
	c.Issuer = "http://" + net.JoinHostPort(host, port)
}
