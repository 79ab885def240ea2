package storagetest

import (
	"slices"
	"testing"

	"latchkey/storage"
)

type check struct {
	name string
	run  func(t *testing.T, s storage.Store)
}

// Run tests a driver. Each test gets an empty store from open; open has it closed at the end of the test.
func Run(t *testing.T, open func(t *testing.T) storage.Store) {
	for _, group := range []struct {
		name   string
		checks []check
	}{
		{"Accounts", accountChecks()},
		{"Imports", importChecks()},
		{"Effects", effectChecks()},
		{"Files", fileChecks()},
		{"Sessions", sessionChecks()},
		{"Grants", grantChecks()},
		{"Standings", standingChecks()},
		{"Consents", consentChecks()},
		{"Passkeys", passkeyChecks()},
		{"Events", eventChecks()},
		{"OneTimes", oneTimeChecks()},
		{"Outbox", outboxChecks()},
		{"Clients", clientChecks()},
		{"ClientUse", clientUseChecks()},
		{"Registrations", registrationChecks()},
		{"Devices", deviceChecks()},
		{"PushedRequests", pushedChecks()},
		{"Replays", replayChecks()},
		{"Notices", noticeChecks()},
		{"Limits", limitChecks()},
		{"Leases", leaseChecks()},
		{"Upkeep", upkeepChecks()},
		{"Transfers", transferChecks()},
		{"Races", allRaces()},
	} {
		t.Run(group.name, func(t *testing.T) {
			for _, c := range group.checks {
				t.Run(c.name, func(t *testing.T) { c.run(t, open(t)) })
			}
		})
	}
}

func allRaces() []check { return slices.Concat(raceChecks(), raceOnceChecks(), raceFactorChecks()) }

// RunShared tests several stores that share their data, as replicas do: the races of [Run], with callers spread over the stores. Each test gets
// stores over empty data from open; open has them closed at the end of the test.
func RunShared(t *testing.T, open func(t *testing.T) []storage.Store) {
	for _, c := range allRaces() {
		t.Run(c.name, func(t *testing.T) {
			all := open(t)
			c.run(t, shared{all[0], all})
		})
	}
}

// shared is the first of several stores over the same data.
type shared struct {
	storage.Store
	all []storage.Store
}

// of returns the store that caller i of a race uses.
func of(s storage.Store, i int) storage.Store {
	if several, ok := s.(shared); ok {
		return several.all[i%len(several.all)]
	}
	return s
}
