package storage

import (
	"context"
	"time"
)

// Device is a device authorization request (RFC 8628 §3.1).
type Device struct {
	// CodeHash is the hash of the device_code, UserCodeHash of the user_code: each is unique among the unexpired.
	CodeHash, UserCodeHash string
	ClientID               string
	Scopes, Resources      []string
	// Decision is empty until the person decided.
	Decision             DeviceDecision
	CreatedAt, ExpiresAt time.Time
}

// DeviceDecision is what the person said, and who that was.
type DeviceDecision struct {
	// Exactly one is true once it was decided.
	Allowed, Denied bool
	AccountID       int64
	// SID is the session in which it was decided; AuthTime, AMR and ACR are the session's then.
	SID      string
	AuthTime time.Time
	AMR      []string
	ACR      string
	At       time.Time
}

// Made says whether the person decided.
func (d DeviceDecision) Made() bool { return d.Allowed || d.Denied }

// DeviceKey names one request by exactly one of its codes; CodeHash counts where both are set.
type DeviceKey struct{ CodeHash, UserCodeHash string }

// Devices keeps device authorization requests.
type Devices interface {
	// CreateDevice stores d. Errors: ErrExists (either hash).
	CreateDevice(ctx context.Context, d Device, now time.Time) error
	// Device returns an unexpired request. Errors: ErrNotFound.
	Device(ctx context.Context, key DeviceKey, now time.Time) (Device, error)
	// DecideDevice notes the decision, once. Errors: ErrNotFound (no such request), ErrSpent (decided before), ErrNotFound (no live session SID of
	// AccountID); the first that holds.
	DecideDevice(ctx context.Context, userCodeHash string, by DeviceDecision, now time.Time) error
	// RedeemDevice removes a request that was decided, and where it was allowed stores g, in one transaction. g is nil where it was denied.
	// Of any number of callers one succeeds. Errors: ErrNotFound (none, undecided, redeemed before, expired, allowed without g, or denied with one),
	// and those of [Grants.CreateGrant]: then the request stays.
	RedeemDevice(ctx context.Context, codeHash string, g *Grant, now time.Time) error
}
