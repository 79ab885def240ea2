package config

import (
	"net/netip"
	"path/filepath"
	"time"

	"latchkey/web/theme"
)

// ExitCode is the process's exit status for a configuration that cannot be used (sysexits.h EX_CONFIG).
const ExitCode = 78

// Config is the whole configuration. The table in keys.go says what each key means.
type Config struct {
	Issuer string
	Dev    bool

	Server   Server
	Storage  Storage
	Keys     Keys
	Tokens   Tokens
	Accounts Accounts

	Authorization Authorization
	Registration  Registration
	Logout        Logout
	Fetch         Fetch
	Backup        Backup

	Mail      Mail
	Web       Web
	Log       Log
	Telemetry Telemetry

	// Clients are those of the list; ClientsDir names a folder with more.
	Clients    []ClientSpec
	ClientsDir string
	// Declared is what becomes of clients, groups and scopes of files.
	Declared Declaring
	// Resources are the resource servers whose scopes are known.
	Resources []ResourceSpec

	origins map[string]string
}

// IsSet says whether a key was given by file, environment or flag.
func (c *Config) IsSet(key string) bool { return c.origins[key] != "" }

// Server is how we listen.
type Server struct {
	Listen, OpsListen string
	AdminSocket       string
	Hosts             []string
	TrustedProxies    []netip.Prefix
	Pprof             bool
	TLS               struct{ CertFile, KeyFile string }
	Shutdown          struct{ Delay, Timeout Duration }
	Limits            struct {
		MaxConnections, MaxConcurrent                                         int
		MaxBody, MaxHeader                                                    Size
		HeaderTimeout, ReadTimeout, WriteTimeout, IdleTimeout, RequestTimeout Duration
	}
}

// Storage is where data are kept.
type Storage struct {
	Driver     string
	BoltPath   string
	Postgres   Postgres
	SweepEvery Duration
}

// Keys are the signing keys and what seals them.
type Keys struct {
	SealingKey, PreviousSealingKeys Secret
	// SealingKeyFile is the file that SealingKey came from, or, in development mode, is to be made at; "" if none.
	SealingKeyFile                              string
	RotateEvery, PublishAhead, JWKSMaxAge, Skew Duration
	RSABits                                     int
	Algorithms                                  []string
}

// Tokens are the lifetimes and shapes of what is issued.
type Tokens struct {
	AccessTTL, IDTTL, RefreshTTL, CodeTTL, RefreshGrace Duration
	AccessAlg, DefaultAudience                          string
}

// Accounts are the rules for people.
type Accounts struct {
	SignUp               string
	RequireVerifiedEmail bool
	ResetTTL, VerifyTTL  Duration
	PasswordMinLength    int
	NewPassword          NewPassword
	SecondFactor         SecondFactor
	StepUpAge            Duration
	Passkeys             Passkeys
	Lifecycle            Lifecycle
	Activity             Activity
	Deletion             Deletion
	Hash                 struct {
		Memory        Size
		Passes, Lanes int
		Slots         int
		QueueWait     Duration
	}
	Session struct{ TTL, PersistentTTL Duration }
	Files   struct{ ResumeMax, PictureMax Size }
	Limits  struct {
		Window                                                      Duration
		PairFailures, AccountFailures, AddressAttempts, ForgotMails int
	}
	API struct{ Platform, Session, Simple Dialect }
}

// Dialect is one family of routes of the account API.
type Dialect struct {
	Enabled              bool
	TokenTTL, RefreshTTL Duration // RefreshTTL in the session dialect only
	PasswordMinLength    int
}

// Mail is how mail leaves.
type Mail struct {
	From string
	SMTP struct {
		Address, TLS, Username string
		Password               Secret
		Timeout                Duration
	}
}

// Web is what pages show.
type Web struct {
	Brand, DefaultLocale          string
	HelpURL, PrivacyURL, TermsURL string
	DevPage                       bool
	Theme                         theme.Source
}

// Log is the log.
type Log struct{ Level, Format string }

// Telemetry is where traces go.
type Telemetry struct{ Traces, Endpoint string }

// D is the duration as the standard library has it.
func (d Duration) D() time.Duration { return time.Duration(d) }

// AdminSocketPath is where the operators' API is served while the server runs; "" for nowhere.
func (c *Config) AdminSocketPath() string {
	switch {
	case c.Server.AdminSocket == "off":
		return ""
	case c.Server.AdminSocket != "":
		return c.Server.AdminSocket
	case c.Storage.Driver != "bolt":
		return "" // the others have no place of their own
	}
	return filepath.Join(filepath.Dir(c.Storage.BoltPath), "admin.sock")
}
