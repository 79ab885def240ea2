package serve

// ProblemError is an error that says itself which page a person sees. [PageFace] shows Problem, with the request's reference.
type ProblemError struct {
	Problem Problem
	// Cause is for the log.
	Cause error
}

// Error is for logs.
func (e *ProblemError) Error() string {
	s := e.Problem.Kind + ": " + e.Problem.Description
	if e.Cause != nil {
		s += ": " + e.Cause.Error()
	}
	return s
}

// Unwrap gives the cause.
func (e *ProblemError) Unwrap() error { return e.Cause }
