package validator

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// Issuer is what a check needs of the issuer; a server in development mode offers it at its admin socket.
type Issuer interface {
	// Make makes tokens.
	Make(ctx context.Context, q Request) (Answer, error)
	// Roll is [Mint.Roll], State [Mint.State].
	Roll(ctx context.Context, alg string) error
	State(ctx context.Context) (State, error)
}

// Verdict is what came of one token.
type Verdict string

// The verdicts. Unexpected is an answer that neither takes nor refuses; Fault is of the network, and says nothing of the validator.
const (
	OK         Verdict = "ok"
	Wrong      Verdict = "wrong"
	Unexpected Verdict = "unexpected"
	Advice     Verdict = "advice"
	Fault      Verdict = "fault"
	Skipped    Verdict = "skipped"
)

// Outcome is one token and what the application did with it.
type Outcome struct {
	Kind
	Verdict Verdict `json:"verdict"`
	// Status is that of the answer, 0 where none came.
	Status int    `json:"status,omitempty"`
	Detail string `json:"detail,omitempty"`
}

// Options of a [Check].
type Options struct {
	Target  Target
	Request Request
	// Duties are those of RuleScope, RuleClient and RuleSession that this application has.
	Duties []Rule
	// Skip names kinds that are not sent.
	Skip []string
	// Patience is how long a good token may be refused before it counts: applications fetch keys anew only so often. Pause is between requests.
	Patience, Pause time.Duration
	// Hits counts what was fetched from Request.KeysAt; nil where nothing is served there.
	Hits func() int
	Now  func() time.Time
}

// Report is all that a check found.
type Report struct {
	Target   string    `json:"target"`
	Issuer   string    `json:"issuer"`
	Audience string    `json:"audience"`
	Outcomes []Outcome `json:"outcomes"`
	// Stopped says why nothing more was sent, "" where all was.
	Stopped string `json:"stopped,omitempty"`
}

// The kinds that are no single token.
var (
	kindNoToken = Kind{Name: "no-token", Rule: RuleToken, Expect: Refuse, Clause: "RFC 6750 §3", Wrong: "a request without a token"}
	kindRotated = Kind{Name: "rotated-key", Rule: RuleRotation, Expect: Take, Clause: "OpenID Connect Core §10.1.1", Wrong: "nothing; signed by a key that was published a moment ago"}
	kindWithout = Kind{Name: "withdrawn-key", Rule: RuleRotation, Expect: Refuse, Clause: "OpenID Connect Core §10.1.1", Wrong: "signed by a key that left the set, after the application fetched the set without it"}
	kindHammer  = Kind{Name: "unknown-kids", Rule: RuleRotation, Expect: Refuse, Clause: "OpenID Connect Core §10.1.1", Wrong: "ten tokens with ten unknown kids: each may make the application fetch the set, so somebody must hold it back"}
)

// Extra lists the kinds that [Check] has beside [Kinds]: they are no single token.
func Extra() []Kind { return []Kind{kindNoToken, kindRotated, kindWithout, kindHammer} }

// checker is one check under way.
type checker struct {
	Options
	issuer Issuer
	report *Report
}

// Check sends tokens to an application and tells what it did with them. An error is of the issuer, of ctx, or that the application cannot be
// reached at all.
func Check(ctx context.Context, issuer Issuer, o Options) (*Report, error) {
	c := &checker{Options: o, issuer: issuer, report: &Report{Target: o.Target.URL}}
	made, err := issuer.Make(ctx, o.Request)
	if err != nil {
		return nil, err
	}
	c.report.Issuer, c.report.Audience = made.Issuer, made.Audience
	goOn, err := c.first(ctx, made.Tokens)
	if err != nil || !goOn {
		return c.report, err
	}
	for _, t := range made.Tokens {
		if t.Name == "good" {
			continue
		}
		if err := c.try(ctx, t); err != nil {
			return c.report, err
		}
	}
	if err := c.overTime(ctx, made); err != nil {
		return c.report, err
	}
	return c.report, c.hammer(ctx)
}

// first sends no token and a good one: where these are not told apart, nothing else says anything.
func (c *checker) first(ctx context.Context, tokens []Token) (goOn bool, err error) {
	a := c.Target.send(ctx, "")
	if a.fault != nil {
		return false, a.fault
	}
	c.note(c.judge(kindNoToken, a))
	if c.Target.takes(a.status) {
		c.report.Stopped = "it lets requests in without a token, so what it does with tokens says nothing"
		return false, ctx.Err()
	}
	i := slices.IndexFunc(tokens, func(t Token) bool { return t.Name == "good" })
	o, err := c.patiently(ctx, tokens[i])
	if err != nil {
		return false, err
	}
	if c.note(o); o.Verdict != OK {
		c.report.Stopped = "it does not take a good token, so that it refuses others says nothing; does it expect this issuer and audience, and can it fetch the keys?"
		return false, nil
	}
	return true, nil
}

func (c *checker) note(o Outcome) { c.report.Outcomes = append(c.report.Outcomes, o) }

// try sends a token and notes what came of it. It errs where ctx ended.
func (c *checker) try(ctx context.Context, t Token) error {
	if slices.Contains(c.Skip, t.Name) {
		c.note(Outcome{Kind: t.Kind, Verdict: Skipped})
		return nil
	}
	hits := c.hits()
	var o Outcome
	if t.Expect == Take {
		var err error
		if o, err = c.patiently(ctx, t); err != nil {
			return err
		}
	} else {
		o = c.judge(t.Kind, c.send(ctx, t))
	}
	if t.fetches() && c.hits() > hits {
		o.Verdict, o.Detail = Wrong, "it fetched the address that the token names"
	}
	c.note(o)
	return ctx.Err()
}

func (c *checker) hits() int {
	if c.Hits == nil {
		return 0
	}
	return c.Hits()
}

// send sends a token, once more where the network failed.
func (c *checker) send(ctx context.Context, t Token) answer {
	if c.Pause > 0 {
		sleep(ctx, c.Pause)
	}
	a := c.Target.send(ctx, t.Token)
	if a.fault != nil && ctx.Err() == nil {
		a = c.Target.send(ctx, t.Token)
	}
	return a
}

// patiently sends a good token until it is taken, for as long as Patience where it may be refused for its key.
func (c *checker) patiently(ctx context.Context, t Token) (Outcome, error) {
	began := c.Now()
	for pause := 250 * time.Millisecond; ; pause = min(2*pause, 4*time.Second) {
		a := c.send(ctx, t)
		o, waited := c.judge(t.Kind, a), c.Now().Sub(began)
		if o.Verdict == OK && waited > time.Second {
			o.Detail = fmt.Sprintf("taken after %s: it fetches the keys anew only so often", waited.Round(time.Second))
		}
		if o.Verdict == OK || a.fault != nil || waited >= c.Patience || !slices.Contains([]Rule{RuleGood, RuleKey, RuleRotation}, t.Rule) {
			return o, ctx.Err()
		}
		if !sleep(ctx, pause) {
			return o, ctx.Err()
		}
	}
}

// judge says what an answer to a token means.
func (c *checker) judge(k Kind, a answer) Outcome {
	o := Outcome{Kind: k, Status: a.status, Verdict: OK}
	taken, refused := c.Target.takes(a.status), c.Target.refuses(a.status)
	if k.Rule == RuleSize && a.status >= 400 && a.status < 500 {
		refused = true
	}
	switch {
	case a.fault != nil && k.Rule == RuleSize: // a server may hang up on what is too large for it
		o.Verdict, o.Detail = Advice, a.fault.Error()
	case a.fault != nil:
		o.Verdict, o.Detail = Fault, a.fault.Error()
	case !taken && !refused:
		o.Verdict, o.Detail = Unexpected, fmt.Sprintf("answered %d, which neither takes nor refuses", a.status)
		if a.status >= 500 {
			o.Detail = fmt.Sprintf("answered %d: the token broke it", a.status)
		}
		if a.status == http.StatusTooManyRequests {
			o.Verdict, o.Detail = Fault, "answered 429: it counts requests; say --pause"
		}
	case taken && (k.Expect == Refuse || k.MustRefuse(c.Duties)):
		o.Verdict, o.Detail = Wrong, fmt.Sprintf("wrongly taken: answered %d", a.status)
	case refused && k.Expect == Take:
		o.Verdict, o.Detail = Wrong, fmt.Sprintf("wrongly refused: answered %d", a.status)
	case k.Expect == Either:
		o.Detail = map[bool]string{true: "taken, which it may", false: "refused, which it may"}[taken]
	}
	return o
}

// sleep waits, and says whether ctx goes on.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// Worst is the gravest verdict of the report: Wrong before Unexpected before Fault before OK.
func (r *Report) Worst() Verdict {
	order := []Verdict{OK, Fault, Unexpected, Wrong}
	worst := 0
	for _, o := range r.Outcomes {
		worst = max(worst, slices.Index(order, o.Verdict))
	}
	return cmp.Or(order[worst], OK)
}
