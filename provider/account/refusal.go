package account

import (
	"fmt"
	"time"
)

// Kind says why a request about an account was refused.
type Kind string

// The kinds of refusal. Faces turn them into their own words; the kind is also the metric and audit word.
const (
	Invalid          Kind = "invalid"           // Fields says what
	UsernameTaken    Kind = "username_taken"    // the username exists
	EmailTaken       Kind = "email_taken"       // the address exists; pages must not tell
	WrongCredentials Kind = "wrong_credentials" // #nosec G101 -- unknown account, wrong password, disabled: all alike
	WrongPassword    Kind = "wrong_password"    // the current password, where one is asked for again
	BadToken         Kind = "bad_token"         // one-time token unknown, spent or expired
	Throttled        Kind = "throttled"         // RetryAfter says how long
	Busy             Kind = "busy"              // the hash queue is full; RetryAfter
	Unchecked        Kind = "unchecked"         // a new password cannot be looked up with the breach service now; RetryAfter
	Gone             Kind = "gone"              // the account or session does not exist any more, or is disabled
	PasswordReused   Kind = "password_reused"   // among the account's last five
	SignUpClosed     Kind = "signup_closed"     // the operator closed sign-up
)

// Problem is what is wrong with one field.
type Problem string

// The problems there are.
const (
	Missing   Problem = "missing"
	TooShort  Problem = "too_short"
	TooLong   Problem = "too_long"
	Malformed Problem = "malformed" // wrong shape or characters
	Personal  Problem = "personal"  // a password that holds the name or address
	Common    Problem = "common"    // a password that everybody guesses
	Weak      Problem = "weak"      // a password that is put together of what attackers try first
	Breached  Problem = "breached"  // a password that a breach service knows
	TooMany   Problem = "too_many"
	WrongType Problem = "wrong_type" // a file of another type
	TooLarge  Problem = "too_large"
)

// The names of fields in Refusal.Fields.
const (
	FieldUsername   = "username"
	FieldEmail      = "email"
	FieldPassword   = "password"
	FieldFullName   = "full_name"
	FieldFirstName  = "first_name"
	FieldLastName   = "last_name"
	FieldPhone      = "phone"
	FieldExperience = "experience_years"
	FieldSkills     = "skills"
	FieldResume     = "resume"
	FieldPicture    = "picture"
	FieldLocale     = "locale"
	FieldMiddleName = "middle_name"
	FieldNickname   = "nickname"
	FieldProfileURL = "profile_url"
	FieldWebsite    = "website"
	FieldGender     = "gender"
	FieldBirthdate  = "birthdate"
	FieldZoneinfo   = "zoneinfo"
	FieldFormatted  = "formatted"
	FieldStreet     = "street_address"
	FieldLocality   = "locality"
	FieldRegion     = "region"
	FieldPostalCode = "postal_code"
	FieldCountry    = "country"
	// FieldEmailVerified and FieldPhoneVerified are for operators.
	FieldEmailVerified = "email_verified"
	FieldPhoneVerified = "phone_verified"
)

// Refusal is the error of every verb here that was refused for a reason the person may know. Other errors are faults.
type Refusal struct {
	Kind Kind
	// Fields maps a field to its problem, where Kind is Invalid. Order lists the fields in the order of the form.
	Fields map[string]Problem
	Order  []string
	// Minimum is the password length that was asked for, in characters, where the password is TooShort.
	Minimum    int
	RetryAfter time.Duration
	// Step is what is still needed, where Kind is StepNeeded.
	Step *Step
}

// Error is for logs; it holds no input.
func (r *Refusal) Error() string {
	if r.Kind == Invalid {
		return fmt.Sprintf("invalid: %v", r.Fields)
	}
	return string(r.Kind)
}

// invalid is the refusal of one field.
func invalid(field string, p Problem) *Refusal {
	r := &Refusal{Kind: Invalid}
	r.add(field, p)
	return r
}

func (r *Refusal) add(field string, p Problem) {
	if r.Fields == nil {
		r.Fields = map[string]Problem{}
	}
	if _, there := r.Fields[field]; !there {
		r.Order = append(r.Order, field)
	}
	r.Fields[field] = p
}
