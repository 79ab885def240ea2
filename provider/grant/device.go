package grant

import (
	"context"
	"errors"
	"fmt"
	"time"

	"latchkey/provider/oauth"
	"latchkey/provider/token"
	"latchkey/storage"
)

// DeviceType is the device authorization grant.
const DeviceType = oauth.DeviceGrant

// DeviceStore is what the device grant reads and writes.
type DeviceStore interface {
	Device(ctx context.Context, key storage.DeviceKey, now time.Time) (storage.Device, error)
	RedeemDevice(ctx context.Context, codeHash string, g *storage.Grant, now time.Time) error
	TakeAttempts(ctx context.Context, limits []storage.Limit, now time.Time) (storage.Taken, error)
	Consents
	People
}

// Consents is what people allowed, and may have taken back since.
type Consents interface {
	Consent(ctx context.Context, accountID int64, clientID string) (storage.Consent, error)
	RevokeGrants(ctx context.Context, scope storage.GrantScope, now time.Time) (int, error)
}

// DeviceTokens is what the device grant needs of tokens.
type DeviceTokens interface {
	Tokens
	DeviceCodeExpiry(code, clientID string) (time.Time, error)
	AccessTTL(c storage.Client) time.Duration
}

// Device is the device authorization grant (RFC 8628 §3.4, §3.5).
type Device struct {
	Store  DeviceStore
	Tokens DeviceTokens
	// Interval is what devices were told to wait between their polls.
	Interval time.Duration
}

// GrantType is the URN of RFC 8628 §3.4.
func (Device) GrantType() string { return DeviceType }

// Exchange answers a poll. Of any number of polls at the same time one gets the tokens: the store removes the request and creates the grant in one step.
func (x Device) Exchange(ctx context.Context, r *Request) (*token.Authorization, Taking, error) {
	code := r.Form.Get("device_code")
	if code == "" {
		return nil, nil, oauth.E(oauth.InvalidRequest, "device_code is missing") // RFC 8628 §3.4
	}
	expires, err := x.Tokens.DeviceCodeExpiry(code, r.Client.ID)
	if err != nil {
		return nil, nil, errDevice().Because(err)
	}
	if !r.Now.Before(expires) {
		return nil, nil, oauth.E(oauth.ExpiredToken, "the device_code has expired") // RFC 8628 §3.5
	}
	hash := token.HashDeviceCode(code)
	d, err := x.Store.Device(ctx, storage.DeviceKey{CodeHash: hash}, r.Now)
	if errors.Is(err, storage.ErrNotFound) { // redeemed before
		return nil, nil, errDevice()
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read device: %w", err)
	}
	if d.ClientID != r.Client.ID { // RFC 6749 §5.2: issued to another client
		return nil, nil, errDevice()
	}
	if d.Decision.Denied {
		return nil, nil, oauth.E(oauth.AccessDenied, "the person refused") // RFC 8628 §3.5
	}
	if !d.Decision.Made() {
		return nil, nil, x.pending(ctx, hash, r.Now)
	}
	a, err := x.redeem(ctx, r, d)
	return a, nil, err
}

// pending says to go on asking, or to ask less often. A poll that came too early takes nothing, so that the next one in time is answered as if it had not
// been; and a decision is told however early it is asked for.
func (x Device) pending(ctx context.Context, hash string, now time.Time) error {
	// A fifth less than the interval, for what the network does to the time between two polls.
	taken, err := x.Store.TakeAttempts(ctx, []storage.Limit{{Key: "poll:" + hash, Max: 1, Window: x.Interval - x.Interval/5}}, now)
	if err != nil {
		return fmt.Errorf("count poll: %w", err)
	}
	if !taken.OK {
		return oauth.E(oauth.SlowDown, "poll less often: the interval is 5 seconds longer from now on") // RFC 8628 §3.5
	}
	return oauth.E(oauth.AuthorizationPending, "the person has not decided yet") // RFC 8628 §3.5
}

// redeem turns what the person allowed into a grant.
func (x Device) redeem(ctx context.Context, r *Request, d storage.Device) (*token.Authorization, error) {
	resources, err := r.narrow(d.Resources, oauth.Scopes(d.Scopes).And(r.Client.Scopes), r.Client.SkipConsent)
	if err != nil {
		return nil, err
	}
	g := x.grant(r, d)
	// The session must stand even where the grant will outlive it: there was no grant yet for a password reset to revoke.
	on, err := x.Store.Standing(ctx, storage.StandingKey{Account: storage.AccountKey{ID: g.AccountID}, SID: g.SID}, r.Now)
	if err != nil {
		return nil, fmt.Errorf("read person: %w", err)
	}
	account, err := gate(on, storage.Grant{SID: g.SID, AMR: g.AMR}, r)
	if err != nil {
		return nil, err
	}
	if err := x.stillAllowed(ctx, r, d); err != nil {
		return nil, err
	}
	err = x.Store.RedeemDevice(ctx, d.CodeHash, &g, r.Now)
	if errors.Is(err, storage.ErrNotFound) { // somebody was faster, or the session ended a moment ago
		return nil, errDevice()
	}
	if err != nil {
		return nil, fmt.Errorf("redeem device: %w", err)
	}
	if err := x.stillAllowed(ctx, r, d); err != nil { // taken back between the two: there was no grant yet to revoke
		if _, rerr := x.Store.RevokeGrants(ctx, storage.GrantScope{ID: g.ID}, r.Now); rerr != nil {
			return nil, fmt.Errorf("revoke grant: %w", rerr)
		}
		return nil, err
	}
	scopes := oauth.Scopes(g.Scopes).And(r.Client.Scopes) // what the client lost since is not granted
	a := &token.Authorization{Client: r.Client, Grant: g, Account: account, Scopes: scopes, Resources: resources, IDToken: scopes.Has(oauth.OpenID)}
	if g.Refresh != nil {
		a.Refresh = x.Tokens.EncodeRefresh(token.Refresh{GrantID: g.ID})
	}
	return a, nil
}

// stillAllowed looks whether the person has taken back what they allowed, while the device had not come for it: whoever tricked them would wait.
func (x Device) stillAllowed(ctx context.Context, r *Request, d storage.Device) error {
	c, err := x.Store.Consent(ctx, d.Decision.AccountID, d.ClientID)
	if errors.Is(err, storage.ErrNotFound) {
		return errEnded()
	}
	if err != nil {
		return fmt.Errorf("read consent: %w", err)
	}
	if !oauth.Consentable(oauth.Scopes(d.Scopes).And(r.Client.Scopes), d.Resources).Within(c.Scopes) {
		return errEnded()
	}
	return nil
}

func (x Device) grant(r *Request, d storage.Device) storage.Grant {
	ttl, by := x.Tokens.RefreshTTL(*r.Client), d.Decision
	g := storage.Grant{
		ID: token.NewGrantID(r.Now), ClientID: d.ClientID, AccountID: by.AccountID, SID: by.SID, Scopes: d.Scopes, Resources: d.Resources,
		AuthTime: by.AuthTime, AMR: by.AMR, ACR: by.ACR, Offline: oauth.Scopes(d.Scopes).Has(oauth.OfflineAccess),
		CreatedAt: r.Now, ExpiresAt: r.Now.Add(ttl + x.Tokens.AccessTTL(*r.Client)),
	}
	if Allowed(*r.Client, RefreshType) {
		g.Refresh = &storage.Refresh{ExpiresAt: r.Now.Add(ttl)}
	}
	return g
}

func errDevice() *oauth.Error {
	return oauth.E(oauth.InvalidGrant, "the device_code is unknown, used or not for this client")
}
