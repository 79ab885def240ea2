package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"latchkey/e2e/harness"
)

// TestRecoveryWait is a lost telephone: the wait is told to every address and device, can be stopped by each, and ends with the second factor gone.
// The server's clock is moved; no browser runs script.
func TestRecoveryWait(t *testing.T) {
	clock := harness.NewClock(t)
	s := harness.Start(t, harness.Options{Later: true, Env: clock.Env()})
	s.Install(harness.BuildMovable(t))
	s.Launch(t)
	s.WaitReady(t)
	const email, password = "lou@example.test", "some unrelated words"
	b := register(t, s, email, password)
	b.Open("/account/two-step/app").At("/account/two-step/app", http.StatusOK)
	phone := setUp(t, b, "/account/two-step/app")
	codes := saved(t, b)

	first := func() *harness.Browser {
		return s.Browser(t).Open("/login").Submit("/login", map[string]string{"username": email, "password": password}).At("/login/otp", http.StatusOK)
	}
	begin := func() *harness.Browser {
		return first().Follow("/login/lost").At("/login/lost", http.StatusOK).Submit("/login/lost", nil).At("/login/lost", http.StatusOK)
	}
	warned := func() bool {
		return strings.Contains(b.Open("/account/email").At("/account/email", http.StatusOK).Text(), "wants to sign in without your second factor")
	}
	if s.Browser(t).Open("/login/lost").URL.Path != "/login" {
		t.Error("the way out is open to who proved nothing")
	}
	begin()
	s.Mail.Wait(t, email, "/recovery/stop", 1) // mails that wait together leave in any order
	if !warned() {
		t.Error("the device that is signed in does not show it")
	}
	b.Submit("/account/recovery/stop", nil)
	if warned() {
		t.Error("one click did not stop it")
	}

	begin()
	stop, _ := s.Mail.Link(t, email, "/recovery/stop", 2)
	s.Browser(t).Open(stop).At("/recovery/stop", http.StatusOK).Submit("/recovery/stop", nil).At("/recovery/stop", http.StatusOK)
	if warned() {
		t.Error("the link did not stop it")
	}

	begin()
	first().Follow("/login/recovery").At("/login/recovery", http.StatusOK).Submit("/login/recovery", map[string]string{"code": codes[0]})
	if warned() {
		t.Error("a sign-in with a second factor did not stop it")
	}

	begin()
	if again := first().Follow("/login/lost").At("/login/lost", http.StatusOK).Text(); !strings.Contains(again, "The wait has begun") {
		t.Errorf("begun twice: %s", again)
	}
	s.Mail.Wait(t, email, "/recovery/stop", 4)
	clock.Move(t, 37*time.Hour)
	s.Mail.Wait(t, email, "/recovery/stop", 5) // four beginnings, and the reminder
	clock.Move(t, 71*time.Hour)
	time.Sleep(6 * time.Second) // longer than the outbox is looked at
	for _, l := range s.Mail.To(email) {
		if strings.Contains(l.Text, "/recovery/finish") {
			t.Fatal("the wait ended an hour early")
		}
	}
	clock.Move(t, 72*time.Hour+time.Minute)
	finish, _ := s.Mail.Link(t, email, "/recovery/finish", 1)
	device := s.Browser(t).Open(finish).At("/recovery/finish", http.StatusOK)
	device.Submit("/recovery/finish", nil).At("/recovery/finish", http.StatusOK)
	b.Open("/account").At("/login", http.StatusOK)
	device.SignIn(email, password)
	if device.Open(finish); device.Status != http.StatusGone {
		t.Errorf("the link was good twice: %d", device.Status)
	}
	if phone == nil || strings.Contains(device.Open("/account/email").Text(), "without your second factor") {
		t.Error("it still waits")
	}
}
