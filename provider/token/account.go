package token

// The account API is a client of its own kind: its tokens are made at sign-in, without a grant of OAuth.
const (
	// AccountClientID is `client_id` of its tokens. No client can be registered with it.
	AccountClientID = "latchkey-account"
	// AccountScope is what the account API asks of a token. A client can get it only if the operator lists it.
	AccountScope = "account"
)
