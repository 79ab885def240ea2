package provider

import (
	"context"
	"errors"

	"latchkey/provider/account"
	"latchkey/provider/client"
	"latchkey/provider/serve"
)

// SlowSecrets checks client secrets that people chose by verify, on behalf of the request's address, and puts its refusals into the words
// of the edge: 429 where that address failed too often, 503 where the hash queue is full.
func SlowSecrets(verify func(ctx context.Context, encoded, secret string, c account.Caller) (bool, error)) client.SlowVerifier {
	return func(ctx context.Context, encoded, secret string) (bool, error) {
		rec := serve.RecordOf(ctx)
		ok, err := verify(ctx, encoded, secret, account.Caller{Address: rec.Address, RequestID: rec.ID})
		if refused, is := errors.AsType[*account.Refusal](err); is {
			switch refused.Kind {
			case account.Throttled:
				return false, &serve.Throttled{RetryAfter: refused.RetryAfter}
			case account.Busy:
				return false, &serve.Unavailable{RetryAfter: refused.RetryAfter, Cause: err}
			}
		}
		return ok, err
	}
}
