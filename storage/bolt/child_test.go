package bolt_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"latchkey/storage"
	"latchkey/storage/bolt"
)

// The test binary starts itself as a child that does one of these to the store at childPath.
const (
	childRole  = "LATCHKEY_BOLT_TEST_ROLE"
	childPath  = "LATCHKEY_BOLT_TEST_PATH"
	childRound = "LATCHKEY_BOLT_TEST_ROUND"
)

func TestMain(m *testing.M) {
	switch os.Getenv(childRole) {
	case "":
		os.Exit(m.Run())
	case "load":
		os.Exit(childLoad(os.Getenv(childPath), os.Getenv(childRound)))
	case "flips":
		os.Exit(childFlips(os.Getenv(childPath), os.Getenv(childRound)))
	case "compact":
		os.Exit(childCompact(os.Getenv(childPath)))
	case "upgrade":
		os.Exit(childUpgrade(os.Getenv(childPath)))
	case "full":
		os.Exit(childFull(os.Getenv(childPath)))
	}
}

// child is this test binary in another role.
func child(t *testing.T, role, path, round string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), childRole+"="+role, childPath+"="+path, childRound+"="+round)
	cmd.Stderr = os.Stderr
	return cmd
}

// childLoad writes until it is killed, and prints a line for each write that was acknowledged, after it was.
func childLoad(path, round string) int {
	s, err := bolt.Open(context.Background(), bolt.Options{Path: path})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	var wg sync.WaitGroup
	for w := range 16 {
		wg.Go(func() {
			for i := 0; ; i++ {
				if err := live(s, fmt.Sprintf("%s-%d-%d", round, w, i)); err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(1)
				}
			}
		})
	}
	wg.Wait()
	return 0
}

// live does what a person does from sign-up to sign-out.
func live(s *bolt.Store, id string) error {
	ctx := context.Background()
	now := day()
	ack := func(what string, err error) error {
		if err != nil {
			return fmt.Errorf("%s %s: %w", what, id, err)
		}
		_, err = os.Stdout.WriteString(what + " " + id + "\n")
		return err
	}
	end := now.Add(time.Hour)
	reset := storage.OneTimeKey{Purpose: storage.PurposeReset, Hash: id}
	a, err := s.CreateAccount(ctx, storage.Account{Sub: id, UsernameKey: id}, storage.Effects{
		Put:  []storage.OneTime{{OneTimeKey: reset, ExpiresAt: end}},
		Mail: []storage.Mail{{ID: id, ExpiresAt: end}},
	}, now)
	if err := ack("account", err); err != nil {
		return err
	}
	if err := ack("session", s.CreateSession(ctx, storage.Session{SID: id, AccountID: a.ID, ExpiresAt: end, Notify: []string{"app"}}, now)); err != nil {
		return err
	}
	g := storage.Grant{ID: id, ClientID: "app", AccountID: a.ID, SID: id, ExpiresAt: end, Code: &storage.Code{Hash: id, ExpiresAt: end}}
	if err := ack("grant", s.CreateGrant(ctx, g, now)); err != nil {
		return err
	}
	_, err = s.RedeemCode(ctx, storage.GrantKey{CodeHash: id}, &storage.Refresh{ExpiresAt: end}, now)
	if err := ack("redeemed", err); err != nil {
		return err
	}
	_, err = s.RotateRefresh(ctx, id, 0, end, now)
	if err := ack("rotated", err); err != nil {
		return err
	}
	if err := ack("taken", s.ApplyEffects(ctx, a.ID, storage.Effects{Take: &reset}, now)); err != nil {
		return err
	}
	if err := ack("sent", s.FinishMail(ctx, id, now)); err != nil {
		return err
	}
	if err := once(s, id, a.ID, ack); err != nil {
		return err
	}
	_, err = s.EndSessions(ctx, storage.EndScope{SID: id}, now)
	return ack("ended", err)
}

// once does, in the session of that ID, what can be done once.
func once(s *bolt.Store, id string, accountID int64, ack func(what string, err error) error) error {
	ctx, now, end := context.Background(), day(), day().Add(time.Hour)
	if err := ack("spent", s.SpendOnce(ctx, id, end, now)); err != nil {
		return err
	}
	if err := ack("pushed", s.PutPushedRequest(ctx, storage.PushedRequest{ID: id, ExpiresAt: end}, now)); err != nil {
		return err
	}
	if err := ack("answered", s.TakePushedRequest(ctx, id, now)); err != nil {
		return err
	}
	if err := ack("device", s.CreateDevice(ctx, storage.Device{CodeHash: id, UserCodeHash: id, ExpiresAt: end}, now)); err != nil {
		return err
	}
	by := storage.DeviceDecision{Allowed: true, AccountID: accountID, SID: id}
	if err := ack("decided", s.DecideDevice(ctx, id, by, now)); err != nil {
		return err
	}
	g := storage.Grant{ID: "d" + id, ClientID: "app", AccountID: accountID, ExpiresAt: end}
	if err := ack("bought", s.RedeemDevice(ctx, id, &g, now)); err != nil {
		return err
	}
	_, err := s.RegisterClient(ctx, storage.Client{ID: id, RedirectURIs: []string{"https://" + id + ".example/cb"}}, "", 0, now)
	if err := ack("registered", err); err != nil {
		return err
	}
	if err := ack("passkey", s.CreatePasskey(ctx, storage.Passkey{ID: id, AccountID: accountID}, storage.Effects{}, now)); err != nil {
		return err
	}
	_, err = s.TouchPasskey(ctx, accountID, id, storage.PasskeyChange{Used: true, SignCount: 5}, now)
	if err := ack("counted", err); err != nil {
		return err
	}
	return ack("told", s.AppendEvents(ctx, []storage.AccountEvent{{ID: id, AccountID: accountID, ExpiresAt: end}}, now))
}

// lines reads what the child acknowledges until it is gone. A line that was cut off was not acknowledged.
func lines(out *bufio.Reader, first func()) (acks []string) {
	for {
		line, err := out.ReadString('\n')
		if err != nil {
			return acks
		}
		if len(acks) == 0 {
			first()
		}
		acks = append(acks, strings.TrimSpace(line))
	}
}

// childFull fills the store until a limit on the size of files stops it, looks how the store takes that, and lifts the limit.
func childFull(path string) int {
	signal.Ignore(syscall.SIGXFSZ)
	if err := fillUp(path); err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

func fillUp(path string) error {
	ctx := context.Background()
	s, err := bolt.Open(ctx, bolt.Options{Path: path})
	if err != nil {
		return err
	}
	var before unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &before); err != nil {
		return err
	}
	limit := unix.Rlimit{Cur: 1 << 20, Max: before.Max}
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	stored := 0
	for ; err == nil && stored < 1000; stored++ {
		a := testAccount(stored)
		a.FullName = strings.Repeat("x", 10_000)
		_, err = s.CreateAccount(ctx, a, storage.Effects{}, day())
	}
	stored--
	if !errors.Is(err, storage.ErrUnavailable) || errors.Is(err, storage.ErrUnknown) {
		return fmt.Errorf("full: %w, want ErrUnavailable alone", err)
	}
	if err := s.Ping(ctx); err != nil {
		return fmt.Errorf("full: %w", err)
	}
	if list, err := s.ListAccounts(ctx, 0, 2000); err != nil || len(list) != stored {
		return fmt.Errorf("full: %d accounts (%w), want %d", len(list), err, stored)
	}
	limit.Cur = before.Cur
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	if _, err := s.CreateAccount(ctx, testAccount(2000), storage.Effects{}, day()); err != nil {
		return fmt.Errorf("with room again: %w", err)
	}
	return errors.Join(s.Verify(ctx), s.Close())
}

func TestNoRoomOnDisk(t *testing.T) {
	path := t.TempDir() + "/store.db"
	out, err := child(t, "full", path, "").Output()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	s := openAt(t, path)
	defer closeStore(t, s)
	if err := s.Verify(context.Background()); err != nil {
		t.Error(err)
	}
}
