package account

import (
	"archive/zip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"

	"latchkey/provider/audit"
	"latchkey/storage"
)

// MailDataExported tells that somebody downloaded the account's data.
const MailDataExported = "data_exported"

// Export writes somebody's data as a ZIP archive, while it reads it: what comes later in the archive is read later.
type Export func(ctx context.Context, w io.Writer) error

const (
	// exportEvents bounds the events in an export: the newest are in it.
	exportEvents = 50_000
	// exportsDaily is how often an account's data can be exported in a day.
	exportsDaily = 10
)

// Export makes an archive of all that is kept of an account for its owner, who proved lately who they are: what they told, sessions, browsers, what
// applications were allowed, passkeys by their names, the record of what happened, and files. It holds no secret. Asking for it is noted, and told by mail.
// Refusals: Throttled, Gone.
func (s *Service) Export(ctx context.Context, accountID int64, sess storage.Session, caller Caller) (Export, error) {
	a, err := s.active(ctx, accountID)
	if err != nil {
		return nil, err
	}
	daily := Budget{Max: exportsDaily, Window: 24 * time.Hour}
	if err := s.take(ctx, caller, s.addressLimit(caller), daily.limit("export", strconv.FormatInt(a.ID, 10))); err != nil {
		return nil, err
	}
	var with storage.Effects
	if err := s.addNoticeOf(&with, MailDataExported, a, caller); err != nil {
		return nil, err
	}
	if len(with.Mail) > 0 {
		if err := s.store.ApplyEffects(ctx, a.ID, with, s.now()); err != nil {
			return nil, gone("note export", err)
		}
		s.wakeFor(with)
	}
	s.record(ctx, audit.DataExported, caller, audit.Event{AccountID: a.ID, SID: sess.SID})
	return func(ctx context.Context, w io.Writer) error { return s.export(ctx, a, w) }, nil
}

func (s *Service) export(ctx context.Context, a storage.Account, w io.Writer) error {
	z := &exporter{s: s, ctx: ctx, a: a, at: s.now(), zip: zip.NewWriter(w)}
	for _, part := range []func() error{z.account, z.sessions, z.browsers, z.applications, z.passkeys, z.events, z.files} {
		if err := part(); err != nil {
			return fmt.Errorf("export account: %w", err)
		}
	}
	return z.zip.Close()
}

// exporter writes one archive.
type exporter struct {
	s   *Service
	ctx context.Context //nolint:containedctx // it lives as long as one call
	a   storage.Account
	at  time.Time
	zip *zip.Writer
}

func (z *exporter) create(name string) (io.Writer, error) {
	return z.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: z.at.UTC()})
}

// document writes one JSON document.
func (z *exporter) document(name string, content any) error {
	w, err := z.create(name)
	if err != nil {
		return err
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(content)
}

// exportedAccount is account.json: what is kept of the account itself, by the names of the account API and of OpenID Connect Core §5.1.
type exportedAccount struct {
	ID              int64            `json:"id"`
	Sub             string           `json:"sub"`
	Username        string           `json:"preferred_username,omitempty"`
	Email           string           `json:"email,omitempty"`
	EmailVerified   bool             `json:"email_verified"`
	FullName        string           `json:"name,omitempty"`
	FirstName       string           `json:"given_name,omitempty"`
	LastName        string           `json:"family_name,omitempty"`
	MiddleName      string           `json:"middle_name,omitempty"`
	Nickname        string           `json:"nickname,omitempty"`
	Profile         string           `json:"profile,omitempty"`
	Website         string           `json:"website,omitempty"`
	Gender          string           `json:"gender,omitempty"`
	Birthdate       string           `json:"birthdate,omitempty"`
	Zoneinfo        string           `json:"zoneinfo,omitempty"`
	Locale          string           `json:"locale,omitempty"`
	Phone           string           `json:"phone_number,omitempty"`
	PhoneVerified   bool             `json:"phone_number_verified"`
	Address         *exportedAddress `json:"address,omitempty"`
	ExperienceYears *int             `json:"experience_years,omitempty"`
	Skills          []string         `json:"skills,omitempty"`
	Groups          []string         `json:"groups,omitempty"`
	TermsVersion    string           `json:"terms_version,omitempty"`
	TermsAt         time.Time        `json:"terms_accepted_at,omitzero"`
	PasswordSetAt   time.Time        `json:"password_set_at,omitzero"`
	TwoStepSince    time.Time        `json:"two_step_since,omitzero"`
	RecoveryCodes   int              `json:"recovery_codes_left"`
	CreatedAt       time.Time        `json:"created_at"`
	UpdatedAt       time.Time        `json:"updated_at"`
	ExportedAt      time.Time        `json:"exported_at"`
}

// exportedAddress is the claim address (OpenID Connect Core §5.1.1).
type exportedAddress struct {
	Formatted  string `json:"formatted,omitempty"`
	Street     string `json:"street_address,omitempty"`
	Locality   string `json:"locality,omitempty"`
	Region     string `json:"region,omitempty"`
	PostalCode string `json:"postal_code,omitempty"`
	Country    string `json:"country,omitempty"`
}

func (z *exporter) account() error {
	a := z.a
	codes, err := z.s.recoveryCodes(z.ctx, a.ID)
	if err != nil {
		return err
	}
	out := exportedAccount{ID: a.ID, Sub: a.Sub, Username: a.Username, Email: a.Email, EmailVerified: a.EmailVerified, FullName: a.FullName, FirstName: a.FirstName,
		LastName: a.LastName, MiddleName: a.MiddleName, Nickname: a.Nickname, Profile: a.ProfileURL, Website: a.Website, Gender: a.Gender, Birthdate: a.Birthdate,
		Zoneinfo: a.Zoneinfo, Locale: a.Locale, Phone: a.Phone, PhoneVerified: a.PhoneVerified, ExperienceYears: a.ExperienceYears, Skills: a.Skills,
		Groups: z.s.groupsOf(a), TermsVersion: a.TermsVersion, TermsAt: a.TermsAt, RecoveryCodes: codes,
		CreatedAt: a.CreatedAt.UTC(), UpdatedAt: a.UpdatedAt.UTC(), ExportedAt: z.at.UTC()}
	if a.PasswordHash != "" {
		out.PasswordSetAt = a.PasswordSetAt.UTC()
	}
	if a.TOTP != nil {
		out.TwoStepSince = a.TOTP.ConfirmedAt.UTC()
	}
	if h := a.Address; h != nil {
		out.Address = &exportedAddress{h.Formatted, h.StreetAddress, h.Locality, h.Region, h.PostalCode, h.Country}
	}
	return z.document("account.json", out)
}
