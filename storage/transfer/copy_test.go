package transfer_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"latchkey/storage"
	"latchkey/storage/memory"
	"latchkey/storage/storagetest"
	"latchkey/storage/transfer"
)

var (
	now = time.Date(2031, 5, 6, 7, 8, 9, 0, time.UTC)
	far = now.Add(time.Hour)
)

// crowd is a store with n accounts and a session each.
func crowd(t *testing.T, n int) *memory.Store {
	t.Helper()
	s := memory.New()
	for i := range n {
		session := storage.Session{SID: fmt.Sprint("sid-", i), ExpiresAt: far}
		_, err := s.CreateAccount(bg(), storage.Account{Sub: fmt.Sprint("sub-", i)}, storage.Effects{Session: &session}, now)
		must(t, err)
	}
	return s
}

// failing is a store that takes no more after so many batches.
type failing struct {
	storage.Transfers
	left int
	err  error
}

func (f *failing) Fill(ctx context.Context, items []storage.Item, from, to []byte) error {
	if f.left--; f.left < 0 {
		return f.err
	}
	return f.Transfers.Fill(ctx, items, from, to)
}

func TestCopyTellsHowFarItIs(t *testing.T) {
	from, to := crowd(t, 12_500), memory.New()
	var told []transfer.Progress
	all, err := transfer.Copy(bg(), from, to, func(p transfer.Progress) { told = append(told, p) })
	must(t, err)
	if !all.Equal(sum(t, from)) || !all.Equal(sum(t, to)) || all.Records() != 25001 {
		t.Errorf("copied %v", all)
	}
	want := []transfer.Progress{
		{Stage: transfer.StageCopy, Records: 10_000}, {Stage: transfer.StageCopy, Records: 20_000}, {Stage: transfer.StageCopy, Records: 25001},
		{Stage: transfer.StageVerify, Records: 10_000}, {Stage: transfer.StageVerify, Records: 20_000}, {Stage: transfer.StageVerify, Records: 25001},
	}
	if fmt.Sprint(told) != fmt.Sprint(want) {
		t.Errorf("told %v, want %v", told, want)
	}
	_, err = transfer.Copy(bg(), from, to, nil)
	if !errors.Is(err, storage.ErrNotEmpty) {
		t.Errorf("once more: %v", err)
	}
}

func TestCopyGoesOnWhereItWasInterrupted(t *testing.T) {
	from, to, broken := crowd(t, 15_000), memory.New(), errors.New("broken")
	for done := range 3 { // each try gets one batch further
		if _, err := transfer.Copy(bg(), from, &failing{to, 1, broken}, nil); !errors.Is(err, broken) {
			t.Fatal(err)
		}
		if have := sum(t, to).Records(); have != int64(done+1)*10_000 {
			t.Errorf("%d records after %d tries", have, done+1)
		}
	}
	calls := 0
	all, err := transfer.Copy(bg(), from, to, func(p transfer.Progress) {
		if calls++; p.Stage == transfer.StageCopy && (p.Found != 30_000 || p.Records != 30_001) {
			t.Errorf("told %+v", p)
		}
	})
	if err != nil || !all.Equal(sum(t, from)) || calls == 0 {
		t.Errorf("%v, %v, %d calls", all, err, calls)
	}
}

func TestCopyOfSomethingElseDoesNotGoOn(t *testing.T) {
	broken := errors.New("broken")
	for name, other := range map[string]func(t *testing.T, was *memory.Store) storage.Transfers{
		"another store": func(t *testing.T, _ *memory.Store) storage.Transfers {
			s := memory.New()
			storagetest.Populate(t, s)
			for i := range 21_000 {
				must(t, s.DenyToken(bg(), fmt.Sprint(i), far, now))
			}
			return s
		},
		"one with less": func(t *testing.T, _ *memory.Store) storage.Transfers { return crowd(t, 1) },
		"one that changed meanwhile": func(t *testing.T, was *memory.Store) storage.Transfers {
			must(t, was.DeleteAccount(bg(), 7, storage.Effects{}, now))
			return was
		},
	} {
		t.Run(name, func(t *testing.T) {
			from, to := crowd(t, 10_500), memory.New()
			if _, err := transfer.Copy(bg(), from, &failing{to, 2, broken}, nil); !errors.Is(err, broken) {
				t.Fatal(err)
			}
			before := sum(t, to)
			if _, err := transfer.Copy(bg(), other(t, from), to, nil); !errors.Is(err, transfer.ErrOther) {
				t.Errorf("error %v", err)
			}
			if progress, err := to.FillProgress(bg()); err != nil || progress == nil || !before.Equal(sum(t, to)) {
				t.Errorf("the store was touched: %q, %v", progress, err)
			}
		})
	}
}

func TestCopyThatWasFilledBySomebodyElseIsNotTaken(t *testing.T) {
	to := memory.New()
	must(t, to.Fill(bg(), []storage.Item{storage.Denial{JTI: "j", Until: far}}, nil, []byte("something")))
	if _, err := transfer.Copy(bg(), crowd(t, 3), to, nil); !errors.Is(err, transfer.ErrOther) {
		t.Error(err)
	}
}

// losing is a store that drops what it is told to keep.
type losing struct{ storage.Transfers }

func (l losing) Fill(ctx context.Context, items []storage.Item, from, to []byte) error {
	return l.Transfers.Fill(ctx, items[:len(items)-1], from, to)
}

func TestCopyReadsTheTargetAgain(t *testing.T) {
	to := memory.New()
	_, err := transfer.Copy(bg(), crowd(t, 10), losing{to}, nil)
	if !errors.Is(err, transfer.ErrDiffers) || err.Error() != transfer.ErrDiffers.Error()+": session: 10 here, 9 there" {
		t.Error(err)
	}
	if progress, err := to.FillProgress(bg()); err != nil || progress == nil {
		t.Errorf("it was made one that can be served: %v", err)
	}
}
