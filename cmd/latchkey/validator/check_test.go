package validator

import (
	"bytes"
	"encoding/xml"
	"net/http"
	"strings"
	"testing"
)

func TestParseStatuses(t *testing.T) {
	for _, row := range []struct {
		text string
		in   []int
		out  []int
	}{
		{"2xx", []int{200, 204, 299}, []int{199, 300}},
		{"401,403", []int{401, 403}, []int{402, 400}},
		{" 3XX , 404", []int{302, 404}, []int{403}},
	} {
		s, err := ParseStatuses(row.text)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range row.in {
			if !s.has(n) {
				t.Errorf("%s has not %d", row.text, n)
			}
		}
		for _, n := range row.out {
			if s.has(n) {
				t.Errorf("%s has %d", row.text, n)
			}
		}
	}
	for _, bad := range []string{"", "xx", "6xx", "99", "600", "2x", "200-299", "401,"} {
		if _, err := ParseStatuses(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

// TestMustRefuse: what an application may take becomes what it must refuse by a duty that it has.
func TestMustRefuse(t *testing.T) {
	for _, row := range []struct {
		kind   Kind
		duties []Rule
		want   bool
	}{
		{Kind{Expect: Refuse, Rule: RuleExpiry}, nil, true},
		{Kind{Expect: Either, Rule: RuleScope}, nil, false},
		{Kind{Expect: Either, Rule: RuleScope}, []Rule{RuleScope}, true},
		{Kind{Expect: Either, Rule: RuleScope}, []Rule{RuleClient}, false},
		{Kind{Expect: Either, Rule: RuleExpiry}, []Rule{RuleExpiry}, false},
		{Kind{Expect: Take, Rule: RuleClient}, []Rule{RuleClient}, false},
	} {
		if got := row.kind.MustRefuse(row.duties); got != row.want {
			t.Errorf("%+v with %v: %t", row.kind, row.duties, got)
		}
	}
}

// TestJudge: a status and an expectation make a verdict.
func TestJudge(t *testing.T) {
	takes, _ := ParseStatuses("2xx")
	refuses, _ := ParseStatuses("401,403")
	c := &checker{Options: Options{Target: Target{Takes: takes, Refuses: refuses}}}
	for _, row := range []struct {
		name   string
		expect Expect
		rule   Rule
		a      answer
		want   Verdict
	}{
		{"a good token is taken", Take, RuleGood, answer{status: 204}, OK},
		{"a good token is refused", Take, RuleGood, answer{status: 403}, Wrong},
		{"a wrong token is refused", Refuse, RuleExpiry, answer{status: 401}, OK},
		{"a wrong token is taken", Refuse, RuleExpiry, answer{status: 200}, Wrong},
		{"either", Either, RuleStart, answer{status: 200}, OK},
		{"a token breaks the application", Refuse, RuleForm, answer{status: 500}, Unexpected},
		{"a redirect neither takes nor refuses", Refuse, RuleForm, answer{status: 302}, Unexpected},
		{"a token may be too large", Either, RuleSize, answer{status: 431}, OK},
		{"a connection may end on what is too large", Either, RuleSize, answer{fault: http.ErrHandlerTimeout}, Advice},
		{"the network is no verdict", Refuse, RuleForm, answer{fault: http.ErrHandlerTimeout}, Fault},
		{"nor is a limit of requests", Refuse, RuleForm, answer{status: 429}, Fault},
	} {
		if got := c.judge(Kind{Expect: row.expect, Rule: row.rule}, row.a); got.Verdict != row.want {
			t.Errorf("%s: %+v", row.name, got)
		}
	}
}

func TestReports(t *testing.T) {
	r := &Report{Target: "http://app", Issuer: "http://id", Audience: "api", Outcomes: []Outcome{
		{Kind: Kind{Name: "good", Rule: RuleGood, Expect: Take}, Verdict: OK},
		{Kind: Kind{Name: "expired", Rule: RuleExpiry, Wrong: "late <b>", Clause: "RFC 7519 §4.1.4", Expect: Refuse}, Verdict: Wrong, Status: 200, Detail: "wrongly taken"},
		{Kind: Kind{Name: "no-exp", Rule: RuleExpiry, Expect: Refuse}, Verdict: Unexpected, Status: 500, Detail: "broken"},
		{Kind: Kind{Name: "none", Rule: RuleAlgorithm}, Verdict: Fault, Detail: "connection refused"},
		{Kind: Kind{Name: "jku", Rule: RuleKey}, Verdict: Skipped},
	}}
	if c := r.Complaints(); len(c) != 1 || c[0].Rule != RuleExpiry || strings.Join(c[0].Kinds, " ") != "expired no-exp" {
		t.Errorf("%+v", c)
	}
	if w := r.Worst(); w != Wrong {
		t.Errorf("worst %s", w)
	}
	if w := (&Report{Outcomes: r.Outcomes[3:]}).Worst(); w != Fault {
		t.Errorf("worst of faults %s", w)
	}
	if w := (&Report{Outcomes: r.Outcomes[:1]}).Worst(); w != OK {
		t.Errorf("worst of good ones %s", w)
	}
	var b bytes.Buffer
	if err := r.WriteTable(&b, false); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"WRONG  exp is not checked", "expired", "RFC 7519 §4.1.4", "connection refused", "1 as it must be, 2 not, 1 network faults, 1 skipped"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, b.String())
		}
	}
	b.Reset()
	if err := r.WriteJUnit(&b); err != nil {
		t.Fatal(err)
	}
	var s junitSuite
	if err := xml.Unmarshal(b.Bytes(), &s); err != nil || s.Tests != 5 || s.Failures != 2 || s.Errors != 1 || s.Skipped != 1 || s.Cases[1].Failure.Text != "late <b> (RFC 7519 §4.1.4): to be refused" {
		t.Errorf("%v\n%s", err, b.String())
	}
}
