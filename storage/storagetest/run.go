package storagetest

import (
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
		{"Effects", effectChecks()},
		{"Files", fileChecks()},
		{"Sessions", sessionChecks()},
		{"Grants", grantChecks()},
		{"Consents", consentChecks()},
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
		{"Races", append(raceChecks(), raceOnceChecks()...)},
	} {
		t.Run(group.name, func(t *testing.T) {
			for _, c := range group.checks {
				t.Run(c.name, func(t *testing.T) { c.run(t, open(t)) })
			}
		})
	}
}
