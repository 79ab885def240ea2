// Package provider is the protocol, assembled: an issuer made of the rooms below. It owns the route table and the discovery document
// that follows from it. It must not name a storage driver, a way of keeping keys, or HTML.
//
// OpenID Connect Core and Discovery, RFC 8414.
package provider
