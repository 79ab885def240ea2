package account

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"

	"latchkey/provider/audit"
	"latchkey/provider/passkey"
	"latchkey/storage"
)

// Config holds every number of the rules. Take it from [Defaults] and change what the operator changed.
type Config struct {
	// MinPassword is each dialect's minimum password length, in characters after NFC. PasswordMinLength, where greater, raises all of them.
	MinPassword       map[Dialect]int
	PasswordMinLength int
	// MaxPasswordBytes is the most a password may have, before and after NFC. More costs no hash.
	MaxPasswordBytes int
	// PasswordHistory is how many of the last passwords, the one in force included, cannot be set again (at most 5, see [storage.Account]).
	PasswordHistory int

	// PasswordMinBits is what a password that is set on a page must be worth, as [password.Judge.Bits] estimates it; 0 asks for nothing.
	PasswordMinBits int
	// BreachClosed: where a breach service is asked and is away, no password can be set on a page.
	BreachClosed bool

	Hash HashConfig

	// SessionTTL is the absolute lifetime of a session, by dialect: at least that of the tokens it bears. PersistentTTL is that of a
	// session with Persistent set, for every dialect.
	SessionTTL    map[Dialect]time.Duration
	PersistentTTL time.Duration

	// ResetTTL, VerifyTTL and RevokeTTL are the lifetimes of mailed links. NoticeTTL is how long a mail without a link is tried.
	ResetTTL, VerifyTTL, RevokeTTL, NoticeTTL time.Duration

	Limits LimitsConfig

	// MaxResume and MaxPicture are in bytes; MaxPictureSide and MaxPicturePixels are looked at before a picture is decoded. PictureSide
	// is the longest side of a stored picture: larger ones are made smaller.
	MaxResume, MaxPicture                         int
	MaxPictureSide, MaxPicturePixels, PictureSide int
	// PictureSlots bounds the pictures that are decoded at once, and so their memory.
	PictureSlots int

	// SignUpOpen: people may make accounts.
	SignUpOpen bool
	// RequireVerified: signing in needs a proven address, where the account has an address.
	RequireVerified bool

	Second SecondConfig
	// Lifecycle is the rules of what goes by mail or by a wait.
	Lifecycle LifecycleConfig
	// Deletion is the rules about the end of accounts.
	Deletion DeletionConfig
}

// HashConfig sets the cost of a password hash (RFC 9106 §4) and how many run at once.
type HashConfig struct {
	// Memory is in KiB, Passes and Lanes are counts.
	Memory uint32
	Passes uint32
	Lanes  uint8
	// Slots is how many hashes run at once, 0 means min(cores, MemoryBudget / (Memory + [HashOverhead])), at least 1.
	Slots int
	// MemoryBudget is in bytes; 0 means 256 MiB.
	MemoryBudget int64
	// MaxWaiting bounds the queue, MaxWait the time in it. Past either, the answer is Busy. In a flood, when many more come than can be served, the
	// newest is served first: whoever is served then is served soon.
	MaxWaiting int
	MaxWait    time.Duration
	// Derive computes a hash; nil means [argon2.IDKey], on goroutines of this process.
	Derive Derive
	// Away is told, with the context of the request, that it begins to wait for a hash, and its result that it no longer does; may be nil.
	Away func(context.Context) (back func())
}

// Derive computes argon2id as golang.org/x/crypto's argon2.IDKey does. Memory is in KiB.
type Derive func(password, salt []byte, passes, memory uint32, lanes uint8, keyLen uint32) []byte

// HashOverhead is what a process that computes hashes takes beside the memory of a hash, in bytes.
const HashOverhead = 12 << 20

// Budget is a number of attempts in a window.
type Budget struct {
	Max    int
	Window time.Duration
}

// LimitsConfig sets the budgets. See limits.go for what counts.
type LimitsConfig struct {
	// Pair: failures for one address and one account. Account: failures for one account from anywhere.
	Pair, Account Budget
	// Address: attempts of any kind from one address.
	Address Budget
	// Second: wrong codes of second factors for one account from anywhere; SecondDay the same in a longer time. One address has Pair.
	Second, SecondDay Budget
	// Forgot: reset mails asked for one e-mail address. Mail: other mails that a stranger can cause to one e-mail address.
	Forgot, Mail Budget
	// Check: questions whether a username is free, from one address. Passkey: questions that a passkey answers, from one address.
	Check, Passkey Budget
}

// Defaults are the numbers of the contract.
func Defaults() Config {
	quarter := 15 * time.Minute
	return Config{
		MinPassword:      map[Dialect]int{Platform: 6, Session: 8, Simple: 6, Page: 8},
		MaxPasswordBytes: 1024,
		PasswordHistory:  5,
		PasswordMinBits:  20,
		Hash: HashConfig{Memory: 19 * 1024, Passes: 2, Lanes: 1, MemoryBudget: 256 << 20, MaxWaiting: 256,
			MaxWait: 600 * time.Millisecond},
		SessionTTL: map[Dialect]time.Duration{
			Platform: 24 * time.Hour, Session: 30 * 24 * time.Hour, Simple: 7 * 24 * time.Hour, Page: 12 * time.Hour,
		},
		PersistentTTL: 30 * 24 * time.Hour,
		ResetTTL:      15 * time.Minute, VerifyTTL: 24 * time.Hour, RevokeTTL: 7 * 24 * time.Hour, NoticeTTL: 24 * time.Hour,
		Limits: LimitsConfig{
			Pair: Budget{5, quarter}, Account: Budget{50, quarter}, Address: Budget{100, quarter},
			Second: Budget{20, quarter}, SecondDay: Budget{100, 24 * time.Hour},
			Forgot: Budget{5, quarter}, Mail: Budget{5, time.Hour}, Check: Budget{120, quarter}, Passkey: Budget{600, quarter},
		},
		MaxResume: 5 << 20, MaxPicture: 2 << 20, MaxPictureSide: 8192, MaxPicturePixels: 12_000_000, PictureSide: 1024, PictureSlots: 1,
		SignUpOpen: true, Second: secondDefaults(), Lifecycle: defaultLifecycle(), Deletion: DeletionConfig{Grace: 7 * 24 * time.Hour},
	}
}

// Minimum is the password length that a dialect asks for, in characters.
func (c Config) Minimum(d Dialect) int { return max(c.MinPassword[d], c.PasswordMinLength, 1) }

// slots is the number of hash workers (see HashConfig.Slots).
func (c HashConfig) slots() int {
	if c.Slots > 0 {
		return c.Slots
	}
	budget := c.MemoryBudget
	if budget <= 0 {
		budget = 256 << 20
	}
	return max(1, min(runtime.GOMAXPROCS(0), int(budget/(int64(c.Memory)*1024+HashOverhead))))
}

// check refuses numbers that would break a promise.
func (c Config) check() error {
	var errs []error
	bad := func(wrong bool, format string, args ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	bad(c.MaxPasswordBytes < 64, "max password bytes %d: at least 64 must be possible", c.MaxPasswordBytes)
	bad(c.PasswordMinBits < 0 || c.PasswordMinBits > 60, "password bits %d: must be 0 to 60", c.PasswordMinBits)
	bad(c.PasswordHistory < 0 || c.PasswordHistory > 5, "password history %d: must be 0 to 5", c.PasswordHistory)
	p := params{memory: c.Hash.Memory, passes: c.Hash.Passes, lanes: c.Hash.Lanes, version: argonVersion}
	bad(p.check() != nil, "argon2id parameters: %v", p.check())
	bad(c.Hash.MaxWait <= 0, "hash wait %v: must be positive", c.Hash.MaxWait)
	for _, d := range []Dialect{Platform, Session, Simple, Page} {
		bad(c.SessionTTL[d] <= 0, "session lifetime of %s: must be positive", d)
		bad(c.Minimum(d) > c.MaxPasswordBytes, "password minimum of %s is over the maximum", d)
	}
	bad(c.ResetTTL <= 0 || c.VerifyTTL <= 0 || c.RevokeTTL <= 0 || c.NoticeTTL <= 0 || c.PersistentTTL <= 0, "lifetimes must be positive")
	l := c.Limits
	for _, b := range []Budget{l.Pair, l.Account, l.Address, l.Forgot, l.Mail, l.Check, l.Passkey, l.Second, l.SecondDay} {
		bad(b.Max < 1 || b.Window <= 0, "a limit of %d in %v: both must be positive", b.Max, b.Window)
	}
	bad(c.MaxResume < 1 || c.MaxPicture < 1 || c.MaxPictureSide < 1 || c.MaxPicturePixels < 1 || c.PictureSide < 1 || c.PictureSlots < 1,
		"upload caps must be positive")
	bad(c.Deletion.Grace < 0, "deletion: a grace time of %v must not be negative", c.Deletion.Grace)
	return errors.Join(append(errs, c.Second.check(), c.Lifecycle.check())...)
}

// Store is the roles that the rules need.
type Store interface {
	storage.Accounts
	storage.Files
	storage.Sessions
	storage.Consents
	storage.OneTimes
	storage.Passkeys
	storage.Events
	storage.Replays
	storage.Limits
	Endings
}

// Endings ends what applications were given ([storage.Grants]), and tells which of them were told of the end of a session ([storage.Notices]).
type Endings interface {
	RevokeGrants(ctx context.Context, scope storage.GrantScope, now time.Time) (int, error)
	ListNotices(ctx context.Context, accountID int64, now time.Time) ([]storage.LogoutNotice, error)
}

// Deps is what the rules stand on. Every field is required, but Breaches, Passkeys and Wake.
type Deps struct {
	Store Store
	// Outbox takes the requests whose answer must not depend on whether an address is known.
	Outbox storage.Outbox
	Vault  Vault
	Links  Links
	Audit  audit.Sink
	Now    func() time.Time
	// Random is crypto/rand.Reader outside of tests.
	Random io.Reader
	// Breaches is the breach service that new passwords are looked up with; nil asks none.
	Breaches Breaches
	// GroupsOf are the groups that somebody is in, those of files too; nil means [storage.Account.Groups].
	GroupsOf func(a storage.Account) []string
	// Passkeys asks browsers for passkeys; nil turns them off, and then none of the verbs about them may be called.
	Passkeys *passkey.Party
	// SetupSecret is what the code is made of that makes the first account: 10 bytes or more that every replica has and nobody else; nil for none.
	SetupSecret []byte
	// Wake tells the courier that there is mail. It must not block.
	Wake func()
}

// Breaches says whether a password was in a breach. An error says that it cannot tell.
type Breaches interface {
	Breached(ctx context.Context, password string) (bool, error)
}

func (d Deps) check() error {
	if d.Store == nil || d.Outbox == nil || d.Vault == nil || d.Links == nil || d.Audit == nil || d.Now == nil || d.Random == nil {
		return errors.New("account: a dependency is missing")
	}
	return nil
}
