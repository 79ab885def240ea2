package account

import (
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/provider/audit"
	"latchkey/storage"
)

// proven makes an account with a proven address and a session of its page.
func (r *rig) proven(email string) (storage.Account, SignedIn) {
	r.t.Helper()
	must(r.SignUp(r.t.Context(), SignUp{Dialect: Page, Email: email, Password: "tr1cky words", NoSession: true, Caller: from("198.51.100.200")}))(r.t)
	token, _ := r.mailed(MailVerify)
	v := must(r.VerifyEmail(r.t.Context(), token, Ask{}, MailEntry{Caller: here}))(r.t)
	return v.Account, r.enterPage(email)
}

func (r *rig) enterPage(email string) SignedIn {
	r.t.Helper()
	return must(r.SignIn(r.t.Context(), Credentials{Dialect: Page, Login: email, Password: "tr1cky words", Caller: here}))(r.t)
}

func (r *rig) reload(id int64) storage.Account {
	r.t.Helper()
	return must(r.Account(r.t.Context(), id))(r.t)
}

// kinds are those of the mails, and the secret of the link of each.
func kinds(mails []letter) map[string]string {
	out := map[string]string{}
	for _, l := range mails {
		link := l.Link
		if link == "" {
			link = l.Undo
		}
		_, token, _ := strings.Cut(link, "#")
		out[l.Kind+" "+l.To] = token
	}
	return out
}

func TestEmailChangeAndUndo(t *testing.T) {
	r := newRig(t)
	a, asking := r.proven("ann@example.org")
	other := r.enterPage("ann@example.org")
	r.courier()
	if err := r.ChangeEmail(t.Context(), a.ID, asking.Session.SID, "ann@new.example", here); err != nil {
		t.Fatal(err)
	}
	if p := must(r.PendingEmail(t.Context(), a.ID))(t); p == nil || p.Email != "ann@new.example" {
		t.Fatalf("waits for %+v", p)
	}
	mails := kinds(r.courier())
	token, warned := mails["email_confirm ann@new.example"], mails["email_asked ann@example.org"]
	if len(mails) != 2 || token == "" || warned == "" {
		t.Fatalf("mails %v", mails)
	}
	if got := r.reload(a.ID); got.Email != "ann@example.org" {
		t.Fatalf("changed to %q before it was confirmed", got.Email)
	}
	r.pass(time.Minute)
	changed := must(r.ConfirmEmail(t.Context(), token, here))(t)
	if changed.Email != "ann@new.example" || changed.EmailKey != "ann@new.example" || !changed.EmailVerified {
		t.Errorf("changed to %q, proven %t", changed.Email, changed.EmailVerified)
	}
	if _, _, err := r.Live(t.Context(), asking.Session.SID); err != nil {
		t.Errorf("the session that asked ended: %v", err)
	}
	_, _, err := r.Live(t.Context(), other.Session.SID)
	wantKind(t, err, Gone)
	_, err = r.ConfirmEmail(t.Context(), token, here)
	wantKind(t, err, BadToken)
	undo := kinds(r.courier())["email_changed ann@example.org"]
	if undo == "" {
		t.Fatal("the former address was not told")
	}
	// What is done after the change goes with it.
	r.pass(time.Hour)
	if err := r.SetPassword(t.Context(), a.ID, "attacker words", here); err != nil {
		t.Fatal(err)
	}
	for id, when := range map[string]time.Time{"old": a.CreatedAt.Add(-2 * undoMargin), "new": r.now()} {
		p := storage.Passkey{ID: id, AccountID: a.ID, Name: id, PublicKey: []byte{1}, AAGUID: make([]byte, 16), CreatedAt: when}
		if err := r.store.CreatePasskey(t.Context(), p, storage.Effects{}, r.now()); err != nil {
			t.Fatal(err)
		}
	}
	r.courier()
	back := must(r.UndoEmail(t.Context(), undo, here))(t)
	if back.Email != "ann@example.org" || !back.EmailVerified || back.PasswordHash != "" {
		t.Errorf("brought back %q, proven %t, with a password %t", back.Email, back.EmailVerified, back.PasswordHash != "")
	}
	if keys := must(r.store.ListPasskeys(t.Context(), a.ID))(t); len(keys) != 1 || keys[0].ID != "old" {
		t.Errorf("passkeys left: %v", keys)
	}
	if list := must(r.Sessions(t.Context(), a.ID))(t); len(list) != 0 {
		t.Errorf("%d sessions live on", len(list))
	}
	if mails := kinds(r.courier()); len(mails) != 1 {
		t.Errorf("mails %v", mails)
	}
	_, err = r.UndoEmail(t.Context(), undo, here)
	wantKind(t, err, BadToken)
	if r.heard(audit.EmailChanged) != 1 || r.heard(audit.EmailRestored) != 1 {
		t.Error("not in the record")
	}
}

func TestEmailChangeRefused(t *testing.T) {
	r := newRig(t)
	a, in := r.proven("ann@example.org")
	for email, p := range map[string]Problem{"": Missing, "nope": Malformed, "ANN@example.org": SameValue} {
		if ref := wantKind(t, r.ChangeEmail(t.Context(), a.ID, in.Session.SID, email, here), Invalid); ref.Fields[FieldEmail] != p {
			t.Errorf("%q: %v", email, ref.Fields)
		}
	}
	wantKind(t, r.ChangeEmail(t.Context(), 99, "", "x@example.org", here), Gone)
	// Cancelled: the link is dead, and a later request voids an earlier one.
	if err := r.ChangeEmail(t.Context(), a.ID, in.Session.SID, "x@example.org", here); err != nil {
		t.Fatal(err)
	}
	first := kinds(r.courier())["email_confirm x@example.org"]
	if err := r.ChangeEmail(t.Context(), a.ID, in.Session.SID, "y@example.org", here); err != nil {
		t.Fatal(err)
	}
	_, err := r.ConfirmEmail(t.Context(), first, here)
	wantKind(t, err, BadToken)
	second := kinds(r.courier())["email_confirm y@example.org"]
	if err := r.CancelEmail(t.Context(), a.ID, here); err != nil {
		t.Fatal(err)
	}
	_, err = r.ConfirmEmail(t.Context(), second, here)
	wantKind(t, err, BadToken)
	if p := must(r.PendingEmail(t.Context(), a.ID))(t); p != nil {
		t.Errorf("still waits for %v", p)
	}
	// "It was not me" of the warning stops it too.
	if err := r.ChangeEmail(t.Context(), a.ID, in.Session.SID, "z@example.org", here); err != nil {
		t.Fatal(err)
	}
	mails := kinds(r.courier())
	if err := r.StopByMail(t.Context(), mails["email_asked ann@example.org"], here); err != nil {
		t.Fatal(err)
	}
	_, err = r.ConfirmEmail(t.Context(), mails["email_confirm z@example.org"], here)
	wantKind(t, err, BadToken)
	if _, _, err := r.Live(t.Context(), in.Session.SID); err != nil {
		t.Errorf("stopping ended the session: %v", err)
	}
}

// Whether an address has an account does not show while the answer is made: the store is used alike, and a change is pending alike.
func TestEmailChangeTellsNothing(t *testing.T) {
	r := newRig(t)
	r.proven("taken@example.org")
	a, in := r.proven("ann@example.org")
	ops := map[string]string{}
	for _, email := range []string{"free@example.org", "taken@example.org"} {
		r.store.take()
		if err := r.ChangeEmail(t.Context(), a.ID, in.Session.SID, email, here); err != nil {
			t.Fatal(err)
		}
		ops[email] = strings.Join(r.store.take(), " ")
		if p := must(r.PendingEmail(t.Context(), a.ID))(t); p == nil || p.Email != email {
			t.Errorf("%s: pending %v", email, p)
		}
		mails := kinds(r.courier())
		if _, told := mails["email_taken taken@example.org"]; told != (email == "taken@example.org") {
			t.Errorf("%s: mails %v", email, mails)
		}
		if _, asked := mails["email_confirm taken@example.org"]; asked {
			t.Error("the owner of another account was asked to confirm")
		}
	}
	if ops["free@example.org"] != ops["taken@example.org"] || strings.Count(ops["free@example.org"], "Account") != 1 {
		t.Errorf("the store was used %v", ops)
	}
}

// Of two accounts that change to one address one has it.
func TestEmailChangeRace(t *testing.T) {
	r := newRig(t)
	tokens := make([]string, 2)
	for i, email := range []string{"ann@example.org", "bob@example.org"} {
		a, in := r.proven(email)
		if err := r.ChangeEmail(t.Context(), a.ID, in.Session.SID, "both@example.org", from("203.0.113.9")); err != nil {
			t.Fatal(err)
		}
		tokens[i] = kinds(r.courier())["email_confirm both@example.org"]
	}
	var wg sync.WaitGroup
	errs := make([]error, 20)
	for i := range errs {
		wg.Go(func() { _, errs[i] = r.ConfirmEmail(t.Context(), tokens[i%2], from("203.0.113.9")) })
	}
	wg.Wait()
	good := 0
	for _, err := range errs {
		if err == nil {
			good++
		} else if !IsKind(err, EmailTaken) && !IsKind(err, BadToken) && !IsKind(err, Throttled) {
			t.Error(err)
		}
	}
	if good != 1 {
		t.Errorf("%d changed to it", good)
	}
}

// The first owner has the last word, whoever changed the address how often, and whoever signed up with it meanwhile.
func TestEmailUndoOfTheFirst(t *testing.T) {
	r := newRig(t)
	a, in := r.proven("ann@example.org")
	undos := map[string]string{}
	for _, step := range [][2]string{{"ann@example.org", "b@evil.example"}, {"b@evil.example", "c@evil.example"}} {
		if err := r.ChangeEmail(t.Context(), a.ID, in.Session.SID, step[1], here); err != nil {
			t.Fatal(err)
		}
		must(r.ConfirmEmail(t.Context(), kinds(r.courier())["email_confirm "+step[1]], here))(t)
		undos[step[0]] = kinds(r.courier())["email_changed "+step[0]]
		r.pass(time.Minute)
	}
	squatter := must(r.SignUp(t.Context(), SignUp{Dialect: Page, Email: "ann@example.org", Password: "tr1cky words", NoSession: true, Caller: from("203.0.113.7")}))(t)
	must(r.UndoEmail(t.Context(), undos["b@evil.example"], here))(t)
	back := must(r.UndoEmail(t.Context(), undos["ann@example.org"], here))(t)
	if back.Email != "ann@example.org" {
		t.Errorf("has %q", back.Email)
	}
	if got := r.reload(squatter.Account.ID); got.EmailKey != "" {
		t.Errorf("who never proved the address keeps it: %q", got.Email)
	}
}

func TestEmailUndoExpiresAndProofWins(t *testing.T) {
	r := newRig(t)
	a, in := r.proven("ann@example.org")
	move := func(to, old string) string {
		if err := r.ChangeEmail(t.Context(), a.ID, in.Session.SID, to, here); err != nil {
			t.Fatal(err)
		}
		must(r.ConfirmEmail(t.Context(), kinds(r.courier())["email_confirm "+to], here))(t)
		return kinds(r.courier())["email_changed "+old]
	}
	undo := move("ann@new.example", "ann@example.org")
	r.proven("ann@example.org") // somebody else, who has the mailbox
	_, err := r.UndoEmail(t.Context(), undo, here)
	wantKind(t, err, EmailTaken)
	late := move("ann@third.example", "ann@new.example")
	r.pass(7*24*time.Hour + time.Second)
	_, err = r.UndoEmail(t.Context(), late, here)
	wantKind(t, err, BadToken)

	// An address that was never proven may be a stranger's: it is not told, and cannot undo.
	b := must(r.SignUp(t.Context(), SignUp{Dialect: Page, Email: "typo@example.org", Password: "tr1cky words", NoSession: true, Caller: here}))(t).Account
	r.courier()
	if err := r.ChangeEmail(t.Context(), b.ID, "", "right@example.org", here); err != nil {
		t.Fatal(err)
	}
	mails := kinds(r.courier())
	must(r.ConfirmEmail(t.Context(), mails["email_confirm right@example.org"], here))(t)
	if after := kinds(r.courier()); len(mails) != 1 || len(after) != 0 {
		t.Errorf("mails %v, then %v", mails, after)
	}
}
