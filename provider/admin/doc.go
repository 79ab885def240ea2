// Package admin is the operators' JSON API: users, clients and keys. It is served on a unix socket (file mode 0600) while the server
// runs, and in process by commands while it does not; whoever can reach it is an operator, so it authenticates nobody.
//
// It owns: routes, JSON shapes and errors of that API, client secrets, and what makes a client valid. It must not know drivers,
// rings or password rules: those stand behind [Users], [Clients] and [Keys].
//
// RFC 7591 §2 for the names of a client's properties, RFC 9110.
package admin
