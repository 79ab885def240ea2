package admin

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const bcryptHash = "$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy"

func TestReadLineRefuses(t *testing.T) {
	for name, row := range map[string]struct{ line, fields string }{
		"nothing":                    {``, ""},
		"no JSON":                    {`ada,ada@example.com`, ""},
		"an array":                   {`["ada"]`, ""},
		"null":                       {`null`, ""},
		"two objects":                {`{"username":"ada"}{"username":"bob"}`, ""},
		"cut off":                    {`{"username":"ada"`, ""},
		"no name":                    {`{"given_name":"Ada"}`, "username"},
		"a number for a name":        {`{"username":7}`, "username"},
		"a member that nobody knows": {`{"username":"ada","pasword_hash":"x"}`, "pasword_hash"},
		"several":                    {`{"username":"ada","email":1,"groups":"staff","created_at":"yesterday","disabled":"no"}`, "created_at disabled email groups"},
		"a claim of the wrong type":  {`{"username":"ada","phone_number":7}`, "phone_number"},
		"a claim that is not valid":  {`{"username":"ada","birthdate":"1815-13-10"}`, "birthdate"},
		"a hash of another kind":     {`{"username":"ada","password_hash":"{SHA}2jmj7l5rSw0yVb/vlWAYkK/YBwk="}`, "password_hash"},
		"an address that is none":    {`{"email":"ada@localhost"}`, "email"},
		"a sub of control":           {`{"username":"ada","sub":"a\u0000b"}`, "sub"},
		"a group with a comma":       {`{"username":"ada","groups":["a,b"]}`, "groups"},
		"vouched for nothing":        {`{"username":"ada","email_verified":true}`, "email_verified"},
	} {
		a, err := ReadLine([]byte(row.line), time.Unix(0, 0))
		f, ok := errors.AsType[*Fault](err)
		if !ok || strings.Join(slices.Sorted(maps.Keys(f.Fields)), " ") != row.fields {
			t.Errorf("%s: %+v, %v", name, a, err)
		}
	}
}

// TestLines: what is written is read as it was.
func TestLines(t *testing.T) {
	now := time.Date(2026, 5, 6, 7, 8, 9, 1000, time.UTC)
	for _, line := range []string{
		`{"username":"ada"}`,
		`{"email":"ada@example.com","email_verified":false}`,
		`{"sub":"b5a1","username":"ada","email":"Ada@example.com","email_verified":true,"password_hash":"` + bcryptHash + `","groups":["staff","admins"],"disabled":true,
			"created_at":"2020-01-02T03:04:05Z","name":"Ada Lovelace","given_name":"Ada","family_name":"Lovelace","middle_name":"King","nickname":"Countess",
			"profile":"https://example.com/ada","website":"https://example.com","gender":"female","birthdate":"1815-12-10","zoneinfo":"Europe/London","locale":"en-GB",
			"phone_number":"+44 20 7946 0958","phone_number_verified":true,"address":{"locality":"London","country":"England"}}`,
	} {
		a, err := ReadLine([]byte(line), now)
		if err != nil {
			t.Fatal(line, err)
		}
		out, err := WriteLine(a)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ReadLine(out, now)
		if err != nil {
			t.Fatal(string(out), err)
		}
		again.UpdatedAt = a.UpdatedAt
		if d := cmp.Diff(a, again); d != "" {
			t.Error(d)
		}
		if d := Differences([]byte(line), again, a); len(d) > 0 {
			t.Errorf("differs in %v", d)
		}
	}
}

func TestDifferences(t *testing.T) {
	line := []byte(`{"username":"ada","name":"Ada","password_hash":"` + bcryptHash + `","groups":["b","a"]}`)
	now := time.Unix(1_800_000_000, 0)
	imported, err := ReadLine(line, now)
	if err != nil {
		t.Fatal(err)
	}
	is := imported
	is.ID, is.Sub, is.Nickname, is.PasswordHash, is.CreatedAt = 7, "another", "A", "$argon2id$", now.Add(time.Hour)
	if d := Differences(line, is, imported); len(d) > 0 {
		t.Errorf("what the line does not say counts: %v", d)
	}
	is.FullName, is.Groups, is.Username = "Ada L", []string{"a"}, "Ada"
	if d := Differences(line, is, imported); strings.Join(d, " ") != "groups name username" {
		t.Errorf("%v", d)
	}
}

// FuzzReadLine: whatever a line says, it is refused or becomes an account that can be written and read again.
func FuzzReadLine(f *testing.F) {
	f.Add([]byte(`{"username":"ada","address":{"country":"x"},"groups":["a"]}`))
	f.Add([]byte(`{"email":"a@b.example","password_hash":"` + bcryptHash + `"}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		a, err := ReadLine(line, time.Unix(0, 0))
		if err != nil {
			return
		}
		out, err := WriteLine(a)
		if err != nil || !json.Valid(out) {
			t.Fatalf("%q: %v", line, err)
		}
		if _, err := ReadLine(out, time.Unix(0, 0)); err != nil && a.CreatedAt.Year() < 10000 {
			t.Fatalf("%q became %s: %v", line, out, err)
		}
	})
}
