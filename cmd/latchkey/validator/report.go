package validator

import (
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Complaints are the rules that the application fails, each once, in the order of [Kinds], with the kinds that showed it.
func (r *Report) Complaints() []Complaint {
	var out []Complaint
	for _, o := range r.Outcomes {
		if o.Verdict != Wrong && o.Verdict != Unexpected {
			continue
		}
		i := slices.IndexFunc(out, func(c Complaint) bool { return c.Rule == o.Rule })
		if i < 0 {
			out = append(out, Complaint{Rule: o.Rule, Text: o.Rule.Complaint()})
			i = len(out) - 1
		}
		out[i].Kinds = append(out[i].Kinds, o.Name)
	}
	return out
}

// Complaint is one rule that an application fails.
type Complaint struct {
	Rule  Rule     `json:"rule"`
	Text  string   `json:"text"`
	Kinds []string `json:"kinds"`
}

// count counts outcomes.
func (r *Report) count(of ...Verdict) (n int) {
	for _, o := range r.Outcomes {
		if slices.Contains(of, o.Verdict) {
			n++
		}
	}
	return n
}

// WriteTable writes the report for people: what is wrong first, then everything if all is set.
func (r *Report) WriteTable(w io.Writer, all bool) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\nissuer %s, audience %s\n\n", r.Target, r.Issuer, r.Audience)
	for _, c := range r.Complaints() {
		fmt.Fprintf(&b, "WRONG  %s\n", c.Text)
		for _, o := range r.Outcomes {
			if o.Rule == c.Rule && (o.Verdict == Wrong || o.Verdict == Unexpected) {
				fmt.Fprintf(&b, "       %-22s %s\n       %-22s %s (%s)\n", o.Name, o.Detail, "", o.Wrong, o.Clause)
			}
		}
	}
	for _, o := range r.Outcomes {
		switch {
		case o.Verdict == Fault || o.Verdict == Advice:
			fmt.Fprintf(&b, "%-6s %-22s %s\n", o.Verdict, o.Name, o.Detail)
		case all && o.Verdict != Wrong && o.Verdict != Unexpected:
			fmt.Fprintf(&b, "%-6s %-22s %s\n", o.Verdict, o.Name, strings.TrimSpace(o.Detail))
		}
	}
	if r.Stopped != "" {
		fmt.Fprintf(&b, "\nNothing more was sent: %s.\n", r.Stopped)
	}
	fmt.Fprintf(&b, "\n%d as it must be, %d not, %d network faults, %d skipped\n", r.count(OK, Advice), r.count(Wrong, Unexpected), r.count(Fault), r.count(Skipped))
	_, err := io.WriteString(w, b.String())
	return err
}

type junitSuite struct {
	XMLName  xml.Name    `xml:"testsuite"`
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name    string        `xml:"name,attr"`
	Class   string        `xml:"classname,attr"`
	Failure *junitProblem `xml:"failure,omitempty"`
	Error   *junitProblem `xml:"error,omitempty"`
	Skipped *struct{}     `xml:"skipped,omitempty"`
	Out     string        `xml:"system-out,omitempty"`
}

type junitProblem struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// WriteJUnit writes the report for programs that show the outcomes of tests.
func (r *Report) WriteJUnit(w io.Writer) error {
	s := junitSuite{Name: "latchkey check-validator " + r.Target, Tests: len(r.Outcomes), Failures: r.count(Wrong, Unexpected), Errors: r.count(Fault), Skipped: r.count(Skipped)}
	for _, o := range r.Outcomes {
		c := junitCase{Name: o.Name, Class: string(o.Rule)}
		problem := &junitProblem{Message: o.Detail, Text: fmt.Sprintf("%s (%s): %s", o.Wrong, o.Clause, map[Expect]string{Take: "to be taken", Refuse: "to be refused", Either: "taken or refused"}[o.Expect])}
		switch o.Verdict {
		case Wrong, Unexpected:
			c.Failure = problem
		case Fault:
			c.Error = problem
		case Skipped:
			c.Skipped = &struct{}{}
		default:
			c.Out = o.Detail
		}
		s.Cases = append(s.Cases, c)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(s); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}
