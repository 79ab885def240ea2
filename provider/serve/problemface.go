package serve

import (
	"errors"

	"latchkey/provider/oauth"
)

// explainProblem knows an error that says itself which page a person sees.
func explainProblem(err error) (Answer, bool) {
	e, ok := errors.AsType[*ProblemError](err)
	if !ok {
		return Answer{}, false
	}
	p := e.Problem
	return Answer{Status: p.Status, Code: oauth.Code(p.Code), Description: p.Description, Kind: p.Kind, Outcome: p.Kind, RetryAfter: p.RetryAfter}, true
}

// problemOf is what the page for err shows.
func problemOf(err error, a Answer, reference string) Problem {
	p := Problem{Status: a.Status, Kind: a.Kind, Reference: reference, RetryAfter: a.RetryAfter}
	if e, ok := errors.AsType[*ProblemError](err); ok {
		p = e.Problem
		p.Reference = reference
	} else if e, ok := oauth.AsError(err); ok {
		p.Code, p.Description = string(e.Code), e.Description
	}
	return p
}
