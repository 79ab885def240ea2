package providertest

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"

	"latchkey/storage"
	"latchkey/storage/watch"
)

// Watch sees every verb of the store.
type Watch struct {
	writes atomic.Int64
	mu     sync.Mutex
	verbs  []string
}

// reads are the verbs that change nothing.
const reads = " Account Client Consent Denied Device File FileByID Grant HasClientOrigin Keyring ListAccounts ListClients ListConsents ListNotices " +
	"ListRegistrationTokens ListSessions NoticeState OneTime OutboxState Ping PushedRequest RegistrationToken Session Standing Stats "

func (w *Watch) wrap(s storage.Store) storage.Store {
	return watch.Wrap(s, func(ctx context.Context, verb string) (context.Context, func(error)) {
		if !strings.Contains(reads, " "+verb+" ") {
			w.writes.Add(1)
			w.mu.Lock()
			w.verbs = append(w.verbs, verb)
			w.mu.Unlock()
		}
		return ctx, func(error) {}
	})
}

// Writes counts the verbs so far that write.
func (w *Watch) Writes() int64 { return w.writes.Load() }

// Verbs lists them.
func (w *Watch) Verbs() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.verbs...)
}
