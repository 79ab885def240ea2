package doctor

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"latchkey/storage/postgres"
)

// slowQuery is a round trip to the database that makes every request slow; fewConnections is what should be left; lateStandby is how far behind a
// standby may be.
const slowQuery, fewConnections, lateStandby = 50 * time.Millisecond, 5, 30 * time.Second

// checkDatabase asks the database itself, over a connection of its own.
func (d *doctor) checkDatabase(ctx context.Context, r *report) {
	c, err := postgres.Examine(ctx, d.Config.Storage.Postgres.URL.Reveal(), d.Dial, d.Now)
	if err != nil {
		r.problem("the database cannot be reached: "+cut(err.Error()), "Is it up, and does the network let us through? Are host, name, role and password of storage.postgres.url right? Meanwhile keys are served, and nobody can sign in.")
		return
	}
	for _, why := range c.Refused {
		r.unknown("the database does not answer "+cut(why), "The role may lack a right; the rest was looked at.")
	}
	if !c.Encrypted && !c.Local {
		r.warn("the connection to the database is not encrypted", "Add sslmode=verify-full to storage.postgres.url.")
	}
	judgeSkew("the database's clock", c.Ahead, c.Took/2, r)
	if c.Took > slowQuery {
		r.warn(fmt.Sprintf("a question to the database takes %s", c.Took.Round(time.Millisecond)), "Bring the two nearer to one another: a sign-in asks several times.")
	}
	if c.ReadOnly {
		r.problem("the database cannot be written to: it is a standby, or set so", "Name all hosts in storage.postgres.url (host1,host2): the one that takes writes is used.")
	}
	switch left := c.Limit - c.Connections; {
	case c.Limit == 0: // told by Refused
	case left < fewConnections:
		r.problem(fmt.Sprintf("%d of the database's %d connections are in use", c.Connections, c.Limit), "Raise max_connections there, lower storage.postgres.max_conns, or put a pooler between (docs/postgres.md).")
	default:
		r.ok(fmt.Sprintf("PostgreSQL %s; %d of %d connections are free", cut(c.Version), left, c.Limit))
	}
	d.judgeSchema(c, r)
	for _, s := range c.Standbys {
		if s.State != "streaming" || s.Behind > lateStandby {
			r.warn(fmt.Sprintf("standby %s is in state %s and %s behind", cut(s.Name), cut(s.State), s.Behind.Round(time.Second)), "Look after it before the primary fails.")
			continue
		}
		r.ok(fmt.Sprintf("standby %s is streaming (%s)", cut(s.Name), cut(s.Sync)))
	}
}

func (d *doctor) judgeSchema(c postgres.Condition, r *report) {
	known := d.Schema
	switch {
	case c.Schema == 0:
		r.problem("the database has no tables of Latchkey, or hides them", "Start the server once with storage.postgres.migrate, with a role that may make tables.")
	case c.Compatible > known:
		r.problem(fmt.Sprintf("the database has schema %d, which this version (it knows %d) must not use", c.Schema, known), "Upgrade Latchkey, or restore a backup from before the upgrade.")
	case c.Schema < known:
		r.warn(fmt.Sprintf("the database has schema %d, this version knows %d", c.Schema, known), "A server of this version migrates it at its start.")
	default:
		r.ok(fmt.Sprintf("schema %d", c.Schema))
	}
}

// leastFree is the share of its disk that the store's file should have free. A large disk may have less, while there is
// room for the file twice more (a compact copy and a backup) and for spare bytes.
const (
	leastFree = 0.1
	spare     = 1 << 30
)

// cramped reports whether a disk of so many bytes, of which so many are free, leaves a file too little room.
func cramped(free, all, file float64) bool {
	return free < leastFree*all && free < 2*file+spare
}

// checkFile looks at the file of bolt from outside: the server has it open, and checks it when it opens it.
func (d *doctor) checkFile(_ context.Context, r *report) {
	path := d.Config.Storage.BoltPath
	info, err := os.Stat(path)
	if err != nil {
		r.problem("the store's file cannot be seen: "+cut(err.Error()), "Run this command on the server's machine or in its container, as its user. A server that has never started has none.")
		return
	}
	if why := readable(path); why != "" {
		r.unknown("the store's file cannot be read by this user: "+why, "Run this command as the server's user.")
	}
	if m := info.Mode().Perm(); m&0o077 != 0 {
		r.warn(fmt.Sprintf("the store's file has mode %04o: others on this machine can open it", m), "chmod 600 "+path)
	}
	if dir, err := os.Stat(filepath.Dir(path)); err == nil && dir.Mode().Perm()&0o002 != 0 {
		r.warn("everybody may write to the folder of the store's file", "chmod 700 "+filepath.Dir(path))
	}
	size := fmt.Sprintf("the store's file has %.1f MiB", float64(info.Size())/(1<<20))
	if d.Inside.DiskSpace == nil {
		r.ok(size)
		return
	}
	free, all, err := d.Inside.DiskSpace(path)
	switch {
	case err != nil:
		r.unknown("the free space of its disk cannot be told: "+cut(err.Error()), "Look at it with df.")
	case cramped(free, all, float64(info.Size())):
		r.problem(fmt.Sprintf("%s, and its disk has %.0f MiB free of %.0f MiB", size, free/(1<<20), all/(1<<20)), "Enlarge the disk: without room, writes answer 503. `latchkey compact` makes the file smaller while no server runs.")
	default:
		r.ok(fmt.Sprintf("%s, and its disk has %.0f MiB free", size, free/(1<<20)))
	}
}
