package postgres

import (
	"errors"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"latchkey/storage"
)

// class is what an error of the database or of its connection means for the verb.
type class int

const (
	// classOther: a fault of ours or of the schema.
	classOther class = iota
	// classGuard: a guard found nothing. The batch is undone.
	classGuard
	// classTaken, classMissing, classUnnamed: a constraint refused a row that is there already, that belongs to nothing, that has no name.
	classTaken
	classMissing
	classUnnamed
	// classSerial: others were in the way; nothing happened, and the same can work in a moment.
	classSerial
	// classStale: the server does not know the prepared statement any more, or not as it was. Nothing happened.
	classStale
	// classMoved: the node must not be written to any more, or is going down and said so before it did anything.
	classMoved
	// classBusy: the database refused for lack of time or room. Nothing happened.
	classBusy
	// classBroken: the connection ended, and with it all knowledge of what happened.
	classBroken
)

// SQLSTATEs (PostgreSQL documentation, appendix A) that mean something to us.
const (
	stateGuard        = "22012" // division_by_zero: see guard
	stateUnique       = "23505"
	stateForeignKey   = "23503"
	stateCheck        = "23514"
	stateReadOnly     = "25006"
	stateSerial       = "40001"
	stateDeadlock     = "40P01"
	stateNoStatement  = "26000"
	stateCachedPlan   = "0A000"
	stateCanceled     = "57014"
	stateLocked       = "55P03"
	stateNoTable      = "42P01"
	stateTableExists  = "42P07"
	stateObjectExists = "42710"
	stateNoPrivilege  = "42501"
	stateNotSupported = "0A000"
)

// classOf says what err means. broken: the connection did not outlive it.
func classOf(err error, broken bool) class {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		if broken {
			return classBroken
		}
		return classOther
	}
	switch pg.Code {
	case stateGuard:
		return classGuard
	case stateUnique:
		return classTaken
	case stateForeignKey:
		return classMissing
	case stateCheck:
		return classUnnamed
	case stateSerial, stateDeadlock:
		return classSerial
	case stateNoStatement:
		return classStale
	case stateReadOnly:
		return classMoved
	case stateCanceled:
		return classBusy
	case stateCachedPlan:
		if strings.Contains(pg.Message, "cached plan") {
			return classStale
		}
	}
	// Classes of codes. What ended the session may have ended it before or after the commit.
	switch {
	case broken, strings.HasPrefix(pg.Code, "57P"), strings.HasPrefix(pg.Code, "08"):
		return classBroken
	case strings.HasPrefix(pg.Code, "53"), strings.HasPrefix(pg.Code, "55"):
		return classBusy // out of resources, or an object that is not ready
	}
	return classOther
}

// constraintError is what a refusal by a constraint means to callers, or nil.
func constraintError(c class, err error) error {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return nil
	}
	switch {
	case c == classMissing:
		return storage.ErrNotFound
	case c == classTaken && pg.ConstraintName == "accounts_username_unique":
		return storage.ErrUsernameTaken
	case c == classTaken && pg.ConstraintName == "accounts_email_unique":
		return storage.ErrEmailTaken
	case c == classTaken, c == classUnnamed && strings.HasSuffix(pg.ConstraintName, "_named"):
		return storage.ErrExists
	}
	return nil
}
