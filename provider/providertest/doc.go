// Package providertest is a whole issuer in memory, for tests: real storage, keys, accounts and edge, stand-in pages, a clock that is set
// by hand, and a browser that keeps cookies, follows redirects and fills forms. It must not be linked into the server.
package providertest
