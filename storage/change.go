package storage

// ChangeKind says what a [Change] is about.
type ChangeKind string

// What drivers for several replicas tell of.
const (
	// ChangedClients: a client was created, changed or removed. ID is its identifier, "" where it may be any.
	ChangedClients ChangeKind = "clients"
	// ChangedKeyring: somebody wrote the keyring.
	ChangedKeyring ChangeKind = "keyring"
	// ChangesLost: from now on changes may go untold. Nothing may be answered from memory until ChangesHeard.
	ChangesLost ChangeKind = "lost"
	// ChangesHeard: changes are told from now on. Those before may have been missed.
	ChangesHeard ChangeKind = "heard"
)

// Change is something that replicas keep in memory and that somebody, this replica or another, has written.
type Change struct {
	Kind ChangeKind
	ID   string
}
