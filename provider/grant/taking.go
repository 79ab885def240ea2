package grant

import (
	"context"
	"fmt"

	"latchkey/provider/token"
)

// Taking takes what is one-time of a request that was checked, durably, or says why it cannot be taken.
type Taking func(ctx context.Context) error

// signed is what came of signing.
type signed struct {
	answer *token.Answer
	err    error
}

// issue makes the tokens while the store takes what they are bought with: the one needs the processor, the other the disk. Nothing of them leaves
// unless both have ended well.
func (e *Endpoint) issue(ctx context.Context, a *token.Authorization, take Taking) (*token.Answer, error) {
	if take == nil {
		return e.Issuer.Issue(ctx, a)
	}
	made := make(chan signed, 1)
	go func() { made <- e.sign(ctx, a) }()
	err := take(ctx)
	s := <-made
	if err != nil {
		return nil, err
	}
	return s.answer, s.err
}

// sign is Issue where nobody above catches a panic.
func (e *Endpoint) sign(ctx context.Context, a *token.Authorization) (s signed) {
	defer func() {
		if p := recover(); p != nil {
			s = signed{err: fmt.Errorf("sign: panic: %v", p)}
		}
	}()
	s.answer, s.err = e.Issuer.Issue(ctx, a)
	return s
}
