package validator

import (
	"context"
	"fmt"
	"slices"
)

// manyKids is how many unknown keys are tried.
const manyKids = 10

// overTime looks how the application follows the issuer's keys: one that was just published must be taken once the set was fetched anew, and one
// that is not in that set any more must not.
func (c *checker) overTime(ctx context.Context, made Answer) error {
	if slices.Contains(c.Skip, kindRotated.Name) {
		c.note(Outcome{Kind: kindRotated, Verdict: Skipped})
		c.note(Outcome{Kind: kindWithout, Verdict: Skipped})
		return nil
	}
	if err := c.issuer.Roll(ctx, made.Alg); err != nil {
		return err
	}
	q := c.Request
	q.Kinds = []string{"good"}
	fresh, err := c.issuer.Make(ctx, q)
	if err != nil {
		return err
	}
	token := fresh.Tokens[0]
	token.Kind = kindRotated
	o, err := c.patiently(ctx, token)
	if err != nil {
		return err
	}
	if o.Verdict == Wrong {
		o.Detail = fmt.Sprintf("still refused after %s: it does not fetch the keys anew for a kid that it does not know", c.Patience)
	}
	c.note(o)
	return c.withdrawn(ctx, made.Tokens, o.Verdict == OK)
}

// withdrawn sends what was signed by the key that [Mint.Roll] took away.
func (c *checker) withdrawn(ctx context.Context, tokens []Token, followed bool) error {
	before := slices.IndexFunc(c.report.Outcomes, func(o Outcome) bool { return o.Name == "good-other-key" && o.Verdict == OK })
	i := slices.IndexFunc(tokens, func(t Token) bool { return t.Name == "good-other-key" })
	if slices.Contains(c.Skip, kindWithout.Name) || !followed || before < 0 || i < 0 {
		c.note(Outcome{Kind: kindWithout, Verdict: Skipped, Detail: "it must have taken good-other-key and rotated-key before"})
		return nil
	}
	t := tokens[i]
	t.Kind = kindWithout
	o := c.judge(t.Kind, c.send(ctx, t))
	if o.Verdict == Wrong {
		o.Detail = fmt.Sprintf("answered %d: it keeps keys that the set it last fetched has not", o.Status)
	}
	c.note(o)
	return ctx.Err()
}

// hammer sends unknown kids in a row and counts what is fetched. That everybody's token makes the application fetch is no fault by the letter, but
// lets strangers load the issuer.
func (c *checker) hammer(ctx context.Context) error {
	if slices.Contains(c.Skip, kindHammer.Name) {
		c.note(Outcome{Kind: kindHammer, Verdict: Skipped})
		return nil
	}
	before, err := c.issuer.State(ctx)
	if err != nil {
		return err
	}
	q := c.Request
	q.Kinds = []string{"unknown-kid"}
	o := Outcome{Kind: kindHammer, Verdict: OK}
	for range manyKids {
		made, err := c.issuer.Make(ctx, q)
		if err != nil {
			return err
		}
		if one := c.judge(kindHammer, c.send(ctx, made.Tokens[0])); one.Verdict != OK {
			c.note(one)
			return ctx.Err()
		}
	}
	after, err := c.issuer.State(ctx)
	if err != nil {
		return err
	}
	n := after.Fetches - before.Fetches
	if o.Detail = fmt.Sprintf("the set was fetched %d times", n); n >= manyKids/2 {
		o.Verdict = Advice
		o.Detail = fmt.Sprintf("the set was fetched %d times for %d unknown kids: hold it back to once in some seconds, or strangers make it ask", n, manyKids)
	}
	c.note(o)
	return ctx.Err()
}
