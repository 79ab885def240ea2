package accountapi

import (
	"fmt"
	"net/http"

	"latchkey/provider/account"
	"latchkey/provider/bearer"
)

// The messages of the contract: exact.
const (
	msgRegistered      = "Registration successful"
	msgLoggedIn        = "Login successful"
	msgLoggedOut       = "Logged out successfully"
	msgForgot          = "If that email is registered, you'll receive a reset link shortly."
	msgReset           = "Password updated successfully. You can now log in."
	msgProfileUpdated  = "Profile updated successfully"
	msgUsernameTaken   = "Username already exists"
	msgEmailTaken      = "Email already exists"
	msgBadToken        = "Invalid or expired reset token" // #nosec G101 -- a message
	msgReused          = "Password must not be one of your last 5 passwords"
	msgLoginRequired   = "Username and password are required"
	msgWrongLogin      = "Invalid username or password"
	msgWrongEmailLogin = "Invalid credentials"
	msgBadRefresh      = "Invalid refresh token"
	msgMismatch        = "Passwords do not match"
	msgUserNotFound    = "User not found"
	msgSignUpClosed    = "Registration is closed"
	msgSecondNeeded    = "Second factor required"
	msgSecondWrong     = "Invalid second factor"
	msgSecondSetup     = "A second factor must be set up first"
	msgSignInFirst     = "Sign in at the website first"
)

// refusal words what the account service refused.
func refusal(d account.Dialect, r *account.Refusal) *apiError {
	e := &apiError{status: http.StatusBadRequest, outcome: string(r.Kind), retryAfter: r.RetryAfter, cause: r}
	field := func(name, message string) {
		e.message, e.fields = message, map[string]string{name: message}
	}
	switch r.Kind {
	case account.Invalid:
		e.fields = map[string]string{}
		for _, f := range r.Order {
			e.fields[f] = problem(d, f, r.Fields[f], r.Minimum)
			if e.message == "" {
				e.message = e.fields[f]
			}
		}
	case account.UsernameTaken:
		field(account.FieldUsername, msgUsernameTaken)
	case account.EmailTaken:
		field(account.FieldEmail, msgEmailTaken)
	case account.PasswordReused:
		field(account.FieldPassword, msgReused)
	case account.BadToken:
		e.message = msgBadToken
	case account.WrongCredentials, account.WrongPassword:
		e.status, e.message = http.StatusUnauthorized, msgWrongLogin
		if d == account.Session {
			e.message = msgWrongEmailLogin
		}
	case account.Throttled:
		e.status, e.message = http.StatusTooManyRequests, msgThrottled
	case account.Busy:
		e.status, e.message = http.StatusServiceUnavailable, msgUnavailable
	case account.Gone: // between the check of the token and the verb
		e.status, e.message, e.challenge = http.StatusUnauthorized, msgUserNotFound, bearer.Challenge(realm, bearer.ErrEnded)
	case account.SignUpClosed:
		e.status, e.message = http.StatusForbidden, msgSignUpClosed
	case account.WrongCode:
		e.status, e.message = http.StatusUnauthorized, msgSecondWrong
	case account.StepNeeded:
		e.needs(r.Step)
	default:
		e.message = "Invalid request"
	}
	return e
}

// needs words what a login lacks beside the right password: a second factor, which can come with the next try, or something that only pages can do.
func (e *apiError) needs(step *account.Step) {
	e.status, e.message = http.StatusForbidden, msgSignInFirst
	switch step.Need {
	case account.NeedSecond:
		e.status, e.message = http.StatusUnauthorized, msgSecondNeeded
		for _, m := range step.Methods {
			e.second = append(e.second, string(m))
		}
	case account.NeedEnrol:
		e.message = msgSecondSetup
	}
}

// problem words what is wrong with a field.
func problem(d account.Dialect, field string, p account.Problem, minimum int) string {
	switch field {
	case account.FieldUsername:
		return usernameProblem(d, p)
	case account.FieldEmail:
		return "A valid email address is required"
	case account.FieldPassword:
		switch p {
		case account.TooLong:
			return "Password must be at most 1024 bytes"
		case account.Malformed:
			return "Password must be valid text"
		}
		return fmt.Sprintf("Password must be at least %d characters", minimum)
	case account.FieldFullName:
		return "Full name must be at most 100 characters"
	case account.FieldFirstName:
		return "First name must be 2-50 characters: letters, spaces, periods, hyphens and apostrophes only"
	case account.FieldLastName:
		return "Last name must be 2-50 characters: letters, spaces, periods, hyphens and apostrophes only"
	case account.FieldPhone:
		return "Phone must be a number in international format, such as +14155550123"
	case account.FieldExperience:
		return "Experience years must be a whole number from 0 to 80"
	case account.FieldSkills:
		return "Skills must be at most 50, each of 1-50 characters"
	case account.FieldResume, account.FieldPicture:
		return fileProblem(field, p)
	}
	return "Invalid value"
}

func usernameProblem(d account.Dialect, p account.Problem) string {
	if d == account.Platform {
		return "Username must be 3-20 characters: letters, numbers and underscores only"
	}
	switch p {
	case account.TooShort, account.TooLong:
		return "Username must be 3-20 characters"
	case account.Missing:
		return msgLoginRequired
	}
	return "Username can only contain letters, numbers, underscores and hyphens"
}

func fileProblem(field string, p account.Problem) string {
	name, types := "Resume", "Resume must be a PDF, DOC, DOCX or plain text file"
	if field == account.FieldPicture {
		name, types = "Picture", "Picture must be a PNG, JPEG or WebP image"
	}
	switch p {
	case account.Missing:
		return name + " file is required"
	case account.TooLarge:
		return name + " is too large"
	}
	return types
}

// worded turns an error of the account service into the dialect's words; faults go on as they are.
func worded(d account.Dialect, err error) error {
	if err == nil {
		return nil
	}
	if r, ok := asRefusal(err); ok {
		return refusal(d, r)
	}
	return err
}
