package account

import (
	"fmt"
	"slices"
	"time"

	"latchkey/storage"
)

// Method is a way to prove a second factor.
type Method string

// The methods.
const (
	MethodTOTP     Method = "totp"          // a code of an authenticator app (RFC 6238)
	MethodPasskey  Method = "passkey"       // Web Authentication
	MethodRecovery Method = "recovery_code" // a code of those that were given out for a lost device
)

// Methods are those that people can set up, for a configuration.
func Methods() []Method { return []Method{MethodTOTP, MethodPasskey} }

// StepNeed is what a sign-in still needs.
type StepNeed string

// What can be needed.
const (
	NeedSecond   StepNeed = "second"   // a second factor
	NeedEnrol    StepNeed = "enrol"    // a second factor must be set up: the rules ask for one, and there is none
	NeedTerms    StepNeed = "terms"    // the terms in force must be accepted
	NeedDeletion StepNeed = "deletion" // the account is about to be deleted: nothing but to keep it is open
)

// Step is what is needed before a session is opened.
type Step struct {
	// Ticket is sealed: it goes back with what was asked for, within its short life.
	Ticket string
	Need   StepNeed
	// Methods that the account can use, or, for [NeedEnrol], that can be set up; the best first.
	Methods   []Method
	ExpiresAt time.Time
}

// The kinds of refusal that steps have.
const (
	StepNeeded Kind = "step_needed" // Step says what
	StepGone   Kind = "step_gone"   // the step expired or is done: sign in again
	WrongCode  Kind = "wrong_code"  // not a code of the account, or one that was used before
)

// SecondConfig is the rules about second factors.
type SecondConfig struct {
	// Required: everybody needs two factors. Groups: whoever is in one of them does.
	Required bool
	Groups   []string
	// Issuer is what authenticator apps show beside the account's name.
	Issuer string
	// Methods that people can set up; none turns all of it off.
	Methods []Method
	// Remember is how long a browser can stand in for the second factor, 0 for never.
	Remember time.Duration
	// StepUpAge is how long after signing in dangerous things can be done without asking again.
	StepUpAge time.Duration
	// StepTTL is how long a step of a sign-in may take.
	StepTTL time.Duration
}

// secondDefaults are the numbers unless set.
func secondDefaults() SecondConfig {
	return SecondConfig{Issuer: "Latchkey", Methods: Methods(), Remember: 30 * 24 * time.Hour, StepUpAge: 10 * time.Minute, StepTTL: 10 * time.Minute}
}

func (c SecondConfig) check() error {
	if c.StepUpAge <= 0 || c.StepTTL <= 0 || c.Remember < 0 {
		return fmt.Errorf("second factor: step-up age %v and step lifetime %v must be positive, trust %v must not be negative", c.StepUpAge, c.StepTTL, c.Remember)
	}
	for _, m := range c.Methods {
		if !slices.Contains(Methods(), m) {
			return fmt.Errorf("second factor: method %q cannot be set up", m)
		}
	}
	if (c.Required || len(c.Groups) > 0) && len(c.Methods) == 0 {
		return fmt.Errorf("second factor: it is required, and no method is on")
	}
	return nil
}

// SecondRequired tells whether the rules ask a second factor of somebody.
func (s *Service) SecondRequired(a storage.Account) bool {
	c := s.config.Second
	if c.Required {
		return true
	}
	if len(c.Groups) == 0 {
		return false
	}
	return slices.ContainsFunc(s.groupsOf(a), func(g string) bool { return slices.Contains(c.Groups, g) })
}

// allows tells whether people can set a method up.
func (s *Service) allows(m Method) bool { return slices.Contains(s.offered(), m) }

// offered are the methods that people can set up.
func (s *Service) offered() []Method {
	return slices.DeleteFunc(slices.Clone(s.config.Second.Methods), func(m Method) bool { return m == MethodPasskey && s.passkeys == nil })
}

// Recent tells whether somebody proved lately enough, and with every factor that they have turned on, who they are: for what is dangerous.
func (s *Service) Recent(a storage.Account, sess storage.Session) bool {
	if !s.lately(sess) {
		return false
	}
	// Who has no password came by a mailed code and one of the app, which are of one kind: more cannot be proved.
	return s.Proved(a, sess) || a.PasswordHash == "" && slices.Contains(sess.AMR, amrOTP)
}

// lately tells whether the first factor of a session was proved within the step-up age.
func (s *Service) lately(sess storage.Session) bool {
	return s.now().Sub(sess.AuthTime) <= s.config.Second.StepUpAge
}

// Proved tells whether a session was opened with as much as the rules ask of its account now: one from before two-step sign-in was turned on, or required,
// was not.
func (s *Service) Proved(a storage.Account, sess storage.Session) bool {
	return twoFactors(sess.AMR) || a.TOTP == nil && !s.SecondRequired(a)
}

func twoFactors(amr []string) bool { return slices.Contains(amr, amrTwo) }

func sameTOTP(a, b *storage.TOTP) bool {
	if a == nil || b == nil {
		return a == b
	}
	return string(a.Sealed) == string(b.Sealed)
}
