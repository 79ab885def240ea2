package archive

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
)

// What a name says is compared with what is sealed inside: an old backup under a newer name would bring back what is long gone.
func TestCheckName(t *testing.T) {
	a := about()
	for what, row := range map[string]struct {
		name string
		good bool
	}{
		"its own":                       {NewName(a.Issuer, a.Taken), true},
		"begun a moment before":         {NewName(a.Issuer, a.Taken.Add(-3*time.Second)), true},
		"copied under a newer name":     {NewName(a.Issuer, a.Taken.Add(time.Hour)), false},
		"made to look older than it is": {NewName(a.Issuer, a.Taken.Add(-time.Hour)), false},
		"of another issuer":             {NewName("https://other.example.com", a.Taken), false},
		"no name of a backup":           {"today.age", false},
	} {
		if err := CheckName(row.name, a); (err == nil) != row.good {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// The header alone can be read, from no more than the beginning.
func TestReadAbout(t *testing.T) {
	keys, _ := newKeys(t)
	other, _ := newKeys(t)
	content, info := made(t, keys, populated(t))
	for what, row := range map[string]struct {
		content []byte
		keys    *Keys
		want    error
	}{
		"good":              {content, keys, nil},
		"of other keys":     {content, other, ErrKey},
		"cut in the header": {content[:300], keys, ErrDamaged},
		"none":              {[]byte(strings.Repeat("some", 100)), keys, ErrDamaged},
		"nothing":           {nil, keys, ErrDamaged},
	} {
		got, err := ReadAbout(t.Context(), bytes.NewReader(row.content), row.keys)
		if !errors.Is(err, row.want) || err == nil && got != info.About {
			t.Errorf("%s: %+v, %v", what, got, err)
		}
		if err != nil && strings.Contains(err.Error(), "some") {
			t.Errorf("%s: the file is quoted: %v", what, err)
		}
	}
	broken := errors.New("broken")
	if _, err := ReadAbout(t.Context(), failing{broken}, keys); !errors.Is(err, broken) || errors.Is(err, ErrDamaged) {
		t.Errorf("a file that cannot be read says nothing of what is in it: %v", err)
	}
}

type failing struct{ err error }

// Read implements [io.Reader].
func (f failing) Read([]byte) (int, error) { return 0, f.err }
