package endpoint

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"latchkey/provider/account"
	"latchkey/provider/client"
	"latchkey/provider/oauth"
	"latchkey/provider/serve"
	"latchkey/provider/token"
	"latchkey/storage"
)

// DeviceRoute is the device_authorization_endpoint, below the issuer's path; DevicePage is where people enter the code.
const (
	DeviceRoute = "/device_authorization"
	DevicePage  = "/device"
)

// codeTries bounds how often a user code that is in use already is replaced by another.
const codeTries = 8

// deviceBudget is how many requests may be started from one address for clients that anybody can speak as: each costs a write.
var deviceBudget = account.Budget{Max: 60, Window: 15 * time.Minute}

// Device is the device authorization endpoint (RFC 8628 §3.1).
type Device struct {
	// Issuer is the issuer identifier, which begins the verification URI.
	Issuer string
	// TTL is how long a person has to enter the code; Interval is what the device waits between its polls.
	TTL, Interval time.Duration
	Clients       ClientAuthenticator
	Tokens        interface {
		NewDeviceCode(clientID string, expires time.Time) string
	}
	Store interface {
		CreateDevice(ctx context.Context, d storage.Device, now time.Time) error
		attempts
	}
	Now func() time.Time
}

// deviceAnswer is the answer (RFC 8628 §3.2).
type deviceAnswer struct {
	DeviceCode      string `json:"device_code"`
	UserCode        string `json:"user_code"`
	VerificationURI string `json:"verification_uri"`
	Complete        string `json:"verification_uri_complete"`
	ExpiresIn       int64  `json:"expires_in"`
	Interval        int64  `json:"interval"`
}

// Serve starts a request.
func (e *Device) Serve(w http.ResponseWriter, r *http.Request) error {
	form, err := oauth.PostForm(r)
	if err != nil {
		return err
	}
	c, err := e.Clients.Authenticate(r.Context(), r, form) // RFC 8628 §3.1: as at the token endpoint
	if err != nil {
		return err
	}
	serve.RecordOf(r.Context()).ClientID = c.ID
	if !slices.Contains(c.GrantTypes, oauth.DeviceGrant) {
		return oauth.E(oauth.UnauthorizedClient, "this client may not use the device authorization grant") // RFC 6749 §5.2
	}
	d, err := deviceRequest(c, form)
	if err != nil {
		return err
	}
	if err := e.limit(r.Context(), c); err != nil {
		return err
	}
	ans, err := e.start(r.Context(), d)
	if err != nil {
		return err
	}
	return serve.WriteJSON(w, http.StatusOK, ans)
}

// deviceRequest reads what is asked for: scopes that the client may have, others are ignored as at the authorization endpoint, and resources.
func deviceRequest(c storage.Client, f oauth.Form) (storage.Device, error) {
	asked, err := oauth.ParseScopes(f.Get("scope"))
	if err != nil {
		return storage.Device{}, err
	}
	scopes := asked.And(c.Scopes)
	if !slices.Contains(c.GrantTypes, "refresh_token") {
		scopes = scopes.Without([]string{oauth.OfflineAccess}) // OpenID Connect Core §11
	}
	if len(scopes) == 0 && len(asked) > 0 {
		return storage.Device{}, oauth.E(oauth.InvalidScope, "no scope that was asked for is allowed for this client") // RFC 6749 §3.3
	}
	resources := f.All("resource")
	if len(resources) > oauth.MaxScopes {
		return storage.Device{}, oauth.E(oauth.InvalidTarget, "too many resources")
	}
	for _, res := range resources {
		if err := oauth.CheckResource(res); err != nil {
			return storage.Device{}, err
		}
		if !slices.Contains(c.Audiences, res) {
			return storage.Device{}, oauth.E(oauth.InvalidTarget, "a resource is not allowed for this client") // RFC 8707 §2
		}
	}
	return storage.Device{ClientID: c.ID, Scopes: scopes, Resources: resources}, nil
}

func (e *Device) limit(ctx context.Context, c storage.Client) error {
	if !client.Anybodys(c) {
		return nil
	}
	key := "device:" + account.AddressKey(serve.RecordOf(ctx).Address)
	return take(ctx, e.Store, e.Now(), storage.Limit{Key: key, Max: deviceBudget.Max, Window: deviceBudget.Window})
}

// attempts counts attempts.
type attempts interface {
	TakeAttempts(ctx context.Context, limits []storage.Limit, now time.Time) (storage.Taken, error)
}

// take takes one attempt from each limit. Errors: *serve.Throttled, or a fault.
func take(ctx context.Context, s attempts, now time.Time, limits ...storage.Limit) error {
	taken, err := s.TakeAttempts(ctx, limits, now)
	if err != nil {
		return fmt.Errorf("count attempt: %w", err)
	}
	if !taken.OK {
		return &serve.Throttled{RetryAfter: taken.RetryAfter}
	}
	return nil
}

// start stores the request under codes that no other has.
func (e *Device) start(ctx context.Context, d storage.Device) (deviceAnswer, error) {
	now := e.Now()
	d.CreatedAt, d.ExpiresAt = now, now.Add(e.TTL+time.Second-1).Truncate(time.Second) // codes count in whole seconds
	for range codeTries {
		device, user := e.Tokens.NewDeviceCode(d.ClientID, d.ExpiresAt), oauth.NewUserCode()
		d.CodeHash, d.UserCodeHash = token.HashDeviceCode(device), token.HashUserCode(user)
		err := e.Store.CreateDevice(ctx, d, now)
		if errors.Is(err, storage.ErrExists) {
			continue
		}
		if err != nil {
			return deviceAnswer{}, fmt.Errorf("store device: %w", err)
		}
		uri, shown := e.Issuer+DevicePage, oauth.ShowUserCode(user)
		return deviceAnswer{DeviceCode: device, UserCode: shown, VerificationURI: uri, Complete: uri + "?user_code=" + url.QueryEscape(shown),
			ExpiresIn: int64(e.TTL / time.Second), Interval: int64((e.Interval + time.Second - 1) / time.Second)}, nil
	}
	return deviceAnswer{}, &serve.Unavailable{Cause: errors.New("every user code that was tried is in use")}
}
