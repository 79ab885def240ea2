package activity

import (
	"time"

	"latchkey/provider/audit"
)

// names are the events of a person's record.
var names = []audit.Name{
	audit.SignUp, audit.SignIn, audit.SignInFailed, audit.SignOut, audit.SessionsEnded, audit.PasswordChanged, audit.ResetRequested, audit.PasswordReset,
	audit.EmailVerified, audit.ProfileChanged, audit.GroupsChanged, audit.AccountDisabled, audit.AccountEnabled,
	audit.ConsentGiven, audit.ConsentRemoved, audit.DeviceAllowed, audit.DeviceRefused, audit.CodeReplayed, audit.RefreshReplayed, audit.ForwardSignIn, audit.ForwardSignOut,
	audit.SecondFactor, audit.SecondFactorFailed, audit.FactorAdded, audit.FactorRemoved, audit.RecoveryCodesMade, audit.FactorsReset,
	audit.PasskeyAdded, audit.PasskeyRemoved, audit.PasskeyRenamed, audit.PasskeyCounter,
	audit.EmailChangeAsked, audit.EmailChangeStopped, audit.EmailChanged, audit.EmailRestored, audit.RecoveryBegun, audit.RecoveryStopped, audit.RecoveryDone,
	audit.StoppedByMail, audit.TermsAccepted, audit.Invited, audit.InviteAccepted, audit.SetUp,
	audit.BrowserForgotten, audit.AppSignedOut, audit.DataExported, audit.DeletionPlanned, audit.DeletionStopped,
}

// recentMax bounds the keys that are remembered; past it the older half is forgotten.
const recentMax = 20_000

// recent counts what happened to a key in a while.
type recent struct{ now, before map[string]*tally }

type tally struct {
	since time.Time
	n     int
}

func newRecent() *recent { return &recent{now: map[string]*tally{}} }

// count adds one to key, and returns how many there were in the window that the first of them began.
func (r *recent) count(key string, at time.Time, window time.Duration) int {
	t := r.now[key]
	if t == nil {
		if t = r.before[key]; t == nil {
			t = &tally{since: at}
		}
		if len(r.now) >= recentMax/2 {
			r.now, r.before = map[string]*tally{}, r.now
		}
		r.now[key] = t
	}
	if at.Sub(t.since) >= window {
		*t = tally{since: at}
	}
	t.n++
	return t.n
}
