package oauth

import (
	"errors"
	"net/http"
	"strings"
)

// Code is an error code that a protocol registered.
type Code string

// The codes in use, with the clause that defines each.
const (
	InvalidRequest          Code = "invalid_request"                   // RFC 6749 §4.1.2.1, §5.2; RFC 6750 §3.1
	InvalidClient           Code = "invalid_client"                    // RFC 6749 §5.2
	InvalidGrant            Code = "invalid_grant"                     // RFC 6749 §5.2
	UnauthorizedClient      Code = "unauthorized_client"               // RFC 6749 §4.1.2.1, §5.2
	UnsupportedGrantType    Code = "unsupported_grant_type"            // RFC 6749 §5.2
	UnsupportedResponseType Code = "unsupported_response_type"         // RFC 6749 §4.1.2.1
	InvalidScope            Code = "invalid_scope"                     // RFC 6749 §4.1.2.1, §5.2
	AccessDenied            Code = "access_denied"                     // RFC 6749 §4.1.2.1
	ServerError             Code = "server_error"                      // RFC 6749 §4.1.2.1
	TemporarilyUnavailable  Code = "temporarily_unavailable"           // RFC 6749 §4.1.2.1
	InvalidToken            Code = "invalid_token"                     // RFC 6750 §3.1
	InsufficientScope       Code = "insufficient_scope"                // RFC 6750 §3.1
	UnsupportedTokenType    Code = "unsupported_token_type"            // RFC 7009 §2.2.1
	InvalidTarget           Code = "invalid_target"                    // RFC 8707 §2
	LoginRequired           Code = "login_required"                    // OpenID Connect Core §3.1.2.6
	ConsentRequired         Code = "consent_required"                  // OpenID Connect Core §3.1.2.6
	InteractionRequired     Code = "interaction_required"              // OpenID Connect Core §3.1.2.6
	AccountSelection        Code = "account_selection_required"        // OpenID Connect Core §3.1.2.6
	RequestNotSupported     Code = "request_not_supported"             // OpenID Connect Core §3.1.2.6
	RequestURINotSupported  Code = "request_uri_not_supported"         // OpenID Connect Core §3.1.2.6
	RegistrationUnsupported Code = "registration_not_supported"        // OpenID Connect Core §3.1.2.6
	InvalidRequestURI       Code = "invalid_request_uri"               // OpenID Connect Core §3.1.2.6
	InvalidRequestObject    Code = "invalid_request_object"            // OpenID Connect Core §3.1.2.6
	UnmetAuthentication     Code = "unmet_authentication_requirements" // OpenID Connect Core Error Code unmet_authentication_requirements §2
	InvalidRedirectURI      Code = "invalid_redirect_uri"              // RFC 7591 §3.2.2
	InvalidClientMetadata   Code = "invalid_client_metadata"           // RFC 7591 §3.2.2
	InvalidStatement        Code = "invalid_software_statement"        // RFC 7591 §3.2.2
	UnapprovedStatement     Code = "unapproved_software_statement"     // RFC 7591 §3.2.2
	AuthorizationPending    Code = "authorization_pending"             // RFC 8628 §3.5
	SlowDown                Code = "slow_down"                         // RFC 8628 §3.5
	ExpiredToken            Code = "expired_token"                     // RFC 8628 §3.5
)

// Status is the HTTP status that goes with the code where the answer is not a redirect.
func (c Code) Status() int {
	switch c {
	case InvalidClient, InvalidToken:
		return http.StatusUnauthorized
	case InsufficientScope:
		return http.StatusForbidden
	case ServerError:
		return http.StatusInternalServerError
	case TemporarilyUnavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusBadRequest
}

// Error is an answer the protocol has a word for. Everything else is a fault of ours: server_error, logged, never described.
type Error struct {
	Code Code
	// Description is shown to the client's developer: plain ASCII, no input echoed, nothing of our insides.
	Description string
	cause       error
}

// E makes an Error.
func E(code Code, description string) *Error {
	return &Error{Code: code, Description: clean(description)}
}

// Because returns a copy that keeps the cause for the log.
func (e *Error) Because(cause error) *Error { c := *e; c.cause = cause; return &c }

// Error is for logs.
func (e *Error) Error() string {
	s := string(e.Code) + ": " + e.Description
	if e.cause != nil {
		s += ": " + e.cause.Error()
	}
	return s
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.cause }

// AsError finds an *Error in err's chain.
func AsError(err error) (*Error, bool) {
	e, ok := errors.AsType[*Error](err)
	return e, ok
}

// clean keeps to the characters that error_description allows (RFC 6749 §4.1.2.1, §5.2).
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r > 0x7e || r == '"' || r == '\\' {
			return '\''
		}
		return r
	}, s)
}
