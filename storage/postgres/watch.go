package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"latchkey/storage"
	"latchkey/storage/postgres/wire"
)

// channel is where replicas tell one another of changes: "kind revision id".
const channel = "latchkey"

// maxAnnounced bounds an ID in a notification, which can have 8000 bytes.
const maxAnnounced = 1000

// changeClients raises the revision of clients, and with it makes every other writer of clients wait for this one, and tells the other replicas once
// the batch is committed. id is "" where it may be any client.
func (s *Store) changeClients(id string) []step {
	const raise = "UPDATE changes SET revision = revision + 1 WHERE kind = 'clients'"
	if !s.announces {
		return []step{{sql: raise}}
	}
	if id = toText(id); len(id) > maxAnnounced {
		id = ""
	}
	return []step{{
		sql:  "WITH raised AS (" + raise + " RETURNING revision) SELECT pg_notify('" + channel + "', 'clients ' || revision || ' ' || $1::text) FROM raised",
		args: []any{id},
	}}
}

// Watch tells of changes by any replica, this one included, until ctx ends, whose error it returns. It begins with ChangesHeard; whenever it loses
// the database it tells ChangesLost, and ChangesHeard as soon as it has it back. A change is told at once; one whose notification was lost, or a
// server that has none, is found out by looking every [Options.PollEvery]. tell must be quick.
func (s *Store) Watch(ctx context.Context, tell func(storage.Change)) error {
	backoff := firstBackoff
	for {
		heard, err := s.listen(ctx, tell)
		if heard {
			tell(storage.Change{Kind: storage.ChangesLost})
			backoff = firstBackoff
		}
		if ctx.Err() != nil {
			return fmt.Errorf("watch: %w", errors.Join(ctx.Err(), err))
		}
		pause(ctx, backoff)
		backoff = min(2*backoff, time.Second)
	}
}

// listener is a connection over which changes are heard.
type listener struct {
	conn  *wire.Conn
	tell  func(storage.Change)
	known map[storage.ChangeKind]int64
}

// listen connects and tells of changes until the connection ends. heard: it did begin.
func (s *Store) listen(ctx context.Context, tell func(storage.Change)) (heard bool, err error) {
	conn, err := wire.Connect(ctx, s.listener)
	if err != nil {
		return false, err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // whatever it says, it is gone
	l := &listener{conn: conn, tell: tell}
	if s.announces {
		if _, err := conn.Exec(ctx, "LISTEN "+channel); err != nil {
			return false, err
		}
	}
	if err := l.look(ctx, s.acquireTimeout); err != nil {
		return false, err
	}
	tell(storage.Change{Kind: storage.ChangesHeard})
	for {
		err := l.wait(ctx, s.pollEvery)
		if err == nil {
			continue
		}
		if ctx.Err() != nil || conn.IsClosed() || !timedOut(err) {
			return true, err
		}
		if err := l.look(ctx, s.acquireTimeout); err != nil {
			return true, err
		}
	}
}

// wait waits for one notification.
func (l *listener) wait(ctx context.Context, limit time.Duration) error {
	bounded, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	n, err := l.conn.WaitForNotification(bounded)
	if err != nil {
		return err
	}
	kind, rest, _ := strings.Cut(n.Payload, " ")
	number, id, _ := strings.Cut(rest, " ")
	revision, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return nil //nolint:nilerr // nothing of ours, such as the one that tries whether there are notifications
	}
	l.note(storage.ChangeKind(kind), revision, fromText(id))
	return nil
}

// look asks for the revisions themselves. It fails on a node that cannot be written to: nobody would notify it.
func (l *listener) look(ctx context.Context, limit time.Duration) error {
	bounded, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var keyring, clients int64
	var readOnly string
	err := l.conn.QueryRow(bounded, `SELECT (SELECT revision FROM keyring WHERE id = 1), (SELECT revision FROM changes WHERE kind = 'clients'),
		current_setting('transaction_read_only')`).Scan(&keyring, &clients, &readOnly)
	if err != nil {
		return err
	}
	if readOnly == "on" {
		return errors.New("the database cannot be written to")
	}
	if l.known == nil {
		l.known = map[storage.ChangeKind]int64{storage.ChangedKeyring: keyring, storage.ChangedClients: clients}
		return nil
	}
	l.note(storage.ChangedKeyring, keyring, "")
	l.note(storage.ChangedClients, clients, "")
	return nil
}

// note tells of a change unless it is known. Where one in between was missed, it may be anything that changed.
func (l *listener) note(kind storage.ChangeKind, revision int64, id string) {
	known := l.known[kind]
	if revision == known {
		return
	}
	if revision != known+1 {
		id = ""
	}
	l.known[kind] = revision
	l.tell(storage.Change{Kind: kind, ID: id})
}
