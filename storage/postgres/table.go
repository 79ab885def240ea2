package postgres

import (
	"strings"

	"latchkey/storage"
	"latchkey/storage/postgres/wire"
)

// table is how records of one type are read and written.
type table[T any] struct {
	name string
	walk func(*T) columns
	// list is its columns, insert the statement that writes all of them.
	list, insert string
}

func tableOf[T any](name string, walk func(*T) columns) table[T] {
	c := walk(new(T))
	list := c.names("")
	return table[T]{
		name: name, walk: walk, list: list,
		insert: "INSERT INTO " + name + " (" + list + ") VALUES (" + marks(1, len(c)) + ")",
	}
}

// add is the step that inserts the record.
func (t table[T]) add(r *T) step { return step{sql: t.insert, args: t.walk(r).args()} }

// set is "a = $2, b = $3, …" of all columns but those named, with their values.
func (t table[T]) set(r *T, from int, but ...string) (sql string, args []any) {
	var b strings.Builder
columns:
	for _, c := range t.walk(r) {
		for _, name := range but {
			if c.name == name {
				continue columns
			}
		}
		if len(args) > 0 {
			b.WriteString(", ")
		}
		b.WriteString(c.name + " = " + marks(from+len(args), 1))
		args = append(args, c.arg)
	}
	return b.String(), args
}

// get is a step that reads rows of the columns in list.
func (t table[T]) get(into *[]T, sql string, args ...any) step {
	return step{sql: sql, args: args, scan: func(rows *wire.Rows) error {
		*into = nil
		for rows.Next() {
			var r T
			if err := t.walk(&r).scan(rows); err != nil {
				return err
			}
			*into = append(*into, r)
		}
		return rows.Err()
	}}
}

// tables are the records there are.
type tables struct {
	accounts      table[storage.Account]
	people        table[storage.Account] // accounts with their files
	standings     table[standing]
	present       table[standing]
	files         table[file]
	sessions      table[storage.Session]
	grants        table[grant]
	consents      table[storage.Consent]
	passkeys      table[storage.Passkey]
	events        table[storage.AccountEvent]
	oneTimes      table[storage.OneTime]
	denials       table[storage.Denial]
	replays       table[storage.Replay]
	mails         table[storage.Mail]
	leasedMails   table[leased[storage.Mail]]
	clients       table[storage.Client]
	registrations table[storage.RegistrationToken]
	devices       table[storage.Device]
	pushed        table[storage.PushedRequest]
	notices       table[storage.LogoutNotice]
	leasedNotices table[leased[storage.LogoutNotice]]
	keys          table[signingKey]
	secrets       table[secret]
}

func newTables() tables {
	return tables{
		accounts:      tableOf("accounts", accountColumns),
		people:        tableOf("", personColumns),
		standings:     tableOf("", standingColumns),
		present:       tableOf("", presentColumns),
		files:         tableOf("files", fileColumns),
		sessions:      tableOf("sessions", sessionColumns),
		grants:        tableOf("grants", grantColumns),
		consents:      tableOf("consents", consentColumns),
		passkeys:      tableOf("passkeys", passkeyColumns),
		events:        tableOf("account_events", eventColumns),
		oneTimes:      tableOf("one_time_tokens", oneTimeColumns),
		denials:       tableOf("denials", denialColumns),
		replays:       tableOf("replays", replayColumns),
		mails:         tableOf("outbox", mailColumns),
		leasedMails:   tableOf("", leasedColumns(mailColumns)),
		clients:       tableOf("clients", clientColumns),
		registrations: tableOf("registration_tokens", registrationColumns),
		devices:       tableOf("devices", deviceColumns),
		pushed:        tableOf("pushed_requests", pushedColumns),
		notices:       tableOf("notices", noticeColumns),
		leasedNotices: tableOf("", leasedColumns(noticeColumns)),
		keys:          tableOf("signing_keys", signingKeyColumns),
		secrets:       tableOf("service_secrets", secretColumns),
	}
}
