package archive

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var errFill = errors.New("no")

// Names tell the issuer and the time; nothing else is taken for one.
func TestNames(t *testing.T) {
	when := time.Date(2026, 11, 22, 3, 4, 5, 678e6, time.FixedZone("", 3600))
	name := NewName(issuer, when)
	if taken, ok := ParseName(issuer, name); !ok || !taken.Equal(when) {
		t.Errorf("%s: %v %v", name, taken, ok)
	}
	if NewName(issuer, when) == name {
		t.Error("the same name twice")
	}
	for _, other := range []string{
		"", "latchkey-", NewName("https://id.example.org", when), name + ".part", "." + name, "x" + name, strings.TrimSuffix(name, suffix), strings.ToUpper(name),
		strings.Replace(name, "20261122", "20261322", 1), strings.Replace(name, "Z-", "Z_", 1), strings.Replace(name, suffix, "A"+suffix, 1), strings.Replace(name, suffix, "/"+suffix, 1),
	} {
		if _, ok := ParseName(issuer, other); ok {
			t.Errorf("%q is taken for a backup", other)
		}
	}
}

// A file has its name when all of it is there, and not before; nothing is left where it failed, and nothing is written over.
func TestFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	f := Folder{Path: dir, Now: time.Now}
	if all, err := f.List(t.Context(), issuer); err != nil || all != nil {
		t.Fatalf("a folder that is not there: %v %v", all, err)
	}
	name := NewName(issuer, time.Now())
	err := f.Store(t.Context(), name, func(part *os.File) error {
		if _, err := part.WriteString("half"); err != nil {
			return err
		}
		if all, err := f.List(t.Context(), issuer); err != nil || len(all) != 0 {
			t.Errorf("it is there before it is whole: %v %v", all, err)
		}
		return errFill
	})
	if !errors.Is(err, errFill) {
		t.Fatal(err)
	}
	if left := files(t, dir); len(left) != 0 {
		t.Fatalf("%v is left", left)
	}
	if err := f.Store(t.Context(), name, fillWith([]byte("whole"))); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, name))
	if err != nil || info.Mode().Perm() != 0o600 || info.Size() != 5 {
		t.Errorf("%v %v", info, err)
	}
	if err := f.Store(t.Context(), name, fillWith([]byte("other"))); err == nil {
		t.Error("it was written over")
	}
	if left := files(t, dir); !slices.Equal(left, []string{name}) {
		t.Errorf("%v", left)
	}
	if _, err := f.Open(t.Context(), NewName(issuer, time.Now())); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

func files(t *testing.T, dir string) (names []string) {
	t.Helper()
	all, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		names = append(names, e.Name())
	}
	return names
}

// What was being written when somebody was killed goes a day later; nothing else does.
func TestStale(t *testing.T) {
	dir := t.TempDir()
	f := Folder{Path: dir, Now: time.Now}
	old := time.Now().Add(-25 * time.Hour)
	for name, when := range map[string]time.Time{".latchkey-old.part": old, ".latchkey-new.part": time.Now(), "old.part": old, ".latchkey-old": old} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.WriteFile(path, nil, 0o600), os.Chtimes(path, when, when)); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Store(t.Context(), "b", fillWith(nil)); err != nil {
		t.Fatal(err)
	}
	if left := files(t, dir); !slices.Equal(left, []string{".latchkey-new.part", ".latchkey-old", "b", "old.part"}) {
		t.Errorf("%v", left)
	}
}

// Which backups go, which stay.
func TestPrune(t *testing.T) {
	now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	for _, row := range []struct {
		name string
		ages []int // in hours, oldest first; the one that was just verified is at kept
		kept int
		keep Keep
		left []int
	}{
		{"all of them", []int{300, 200, 100, 0}, 3, Keep{}, []int{300, 200, 100, 0}},
		{"by count", []int{300, 200, 100, 0}, 3, Keep{Count: 2}, []int{100, 0}},
		{"one alone", []int{300, 200, 100, 0}, 3, Keep{Count: 1}, []int{0}},
		{"by age", []int{300, 200, 100, 0}, 3, Keep{For: 200 * time.Hour}, []int{200, 100, 0}},
		{"by both", []int{300, 200, 100, 0}, 3, Keep{Count: 3, For: 150 * time.Hour}, []int{100, 0}},
		{"the newest stays however old", []int{300, 200}, 1, Keep{Count: 1, For: time.Hour}, []int{200}},
		{"what another put there meanwhile stays", []int{300, 200, 100}, 1, Keep{Count: 1}, []int{200, 100}},
		{"a clock that went back removes nothing newer", []int{10, 0, -50}, 0, Keep{Count: 1}, []int{10, 0, -50}},
	} {
		t.Run(row.name, func(t *testing.T) {
			dir := t.TempDir()
			f := Folder{Path: dir, Now: time.Now}
			var names []string
			for _, age := range row.ages {
				name := NewName(issuer, now.Add(-time.Duration(age)*time.Hour))
				if err := f.Store(t.Context(), name, fillWith(nil)); err != nil {
					t.Fatal(err)
				}
				names = append(names, name)
			}
			others := []string{NewName("https://other.example.com", now.Add(-9999*time.Hour)), "mine.txt"}
			for _, name := range others {
				if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			removed, err := Prune(t.Context(), f, issuer, names[row.kept], row.keep, now)
			if err != nil || len(removed) != len(row.ages)-len(row.left) {
				t.Errorf("removed %v, %v", removed, err)
			}
			all, err := f.List(t.Context(), issuer)
			if err != nil || len(all) != len(row.left) {
				t.Fatalf("%v %v", all, err)
			}
			for i, e := range all {
				if age := int(now.Sub(e.Taken) / time.Hour); age != row.left[i] {
					t.Errorf("one of %d hours is left, not %d", age, row.left[i])
				}
			}
			for _, name := range others {
				if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
					t.Errorf("not ours: %v", err)
				}
			}
		})
	}
	f := Folder{Path: t.TempDir(), Now: time.Now}
	if err := f.Store(t.Context(), NewName(issuer, now), fillWith(nil)); err != nil {
		t.Fatal(err)
	}
	if removed, err := Prune(t.Context(), f, issuer, NewName(issuer, now), Keep{Count: 1}, now); err == nil || removed != nil {
		t.Errorf("removed %v although the new one is not listed", removed)
	}
}
