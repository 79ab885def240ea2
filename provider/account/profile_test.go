package account

import (
	"archive/zip"
	"bytes"
	"fmt"
	"image"
	"image/png"
	"strings"
	"testing"
	"unicode/utf8"

	"latchkey/storage"

	"github.com/google/go-cmp/cmp"
)

func ptr[T any](v T) *T { return &v }

func TestUpdateProfile(t *testing.T) {
	r := newRig(t)
	r.alice()
	a := must(r.UpdateProfile(t.Context(), 1, Profile{
		FullName: ptr(" Alice  Liddell "), Phone: ptr("+1 (415) 555-0123"), ExperienceYears: ptr(ptr(7)),
		Skills: ptr([]string{"go", " sql ", "go", "Go"}), Locale: ptr("de-at"),
	}, here))(t)
	if a.FullName != "Alice  Liddell" || a.Phone != "+14155550123" || *a.ExperienceYears != 7 || a.Locale != "de-AT" || !a.UpdatedAt.Equal(r.now()) {
		t.Errorf("account %+v", a)
	}
	if diff := cmp.Diff([]string{"go", "sql", "Go"}, a.Skills); diff != "" {
		t.Error(diff)
	}
	kept := must(r.UpdateProfile(t.Context(), 1, Profile{FullName: ptr("A")}, here))(t)
	if kept.Phone != a.Phone || *kept.ExperienceYears != 7 || len(kept.Skills) != 3 {
		t.Errorf("absent fields changed: %+v", kept)
	}
	clear := must(r.UpdateProfile(t.Context(), 1, Profile{
		FullName: ptr(""), Phone: ptr(""), ExperienceYears: ptr((*int)(nil)), Skills: ptr([]string(nil)), Locale: ptr(""),
	}, here))(t)
	if clear.FullName != "" || clear.Phone != "" || clear.ExperienceYears != nil || clear.Skills != nil || clear.Locale != "" {
		t.Errorf("not cleared: %+v", clear)
	}
	if same := must(r.UpdateProfile(t.Context(), 1, Profile{}, here))(t); same.Version != clear.Version {
		t.Error("nothing was named, yet something was written")
	}
}

func TestUpdateProfileRefuses(t *testing.T) {
	r := newRig(t)
	before := r.alice().Account
	many := make([]string, 51)
	for i := range many {
		many[i] = fmt.Sprint(i)
	}
	for _, c := range []struct {
		name  string
		in    Profile
		field string
		want  Problem
	}{
		{"101 characters", Profile{FullName: ptr(strings.Repeat("a", 101))}, FieldFullName, TooLong},
		{"bidi override", Profile{FullName: ptr("a\u202Eb")}, FieldFullName, Malformed},
		{"no country", Profile{Phone: ptr("0664 123")}, FieldPhone, Malformed},
		{"81 years", Profile{ExperienceYears: ptr(ptr(81))}, FieldExperience, Malformed},
		{"less than none", Profile{ExperienceYears: ptr(ptr(-1))}, FieldExperience, Malformed},
		{"51 skills", Profile{Skills: &many}, FieldSkills, TooMany},
		{"empty skill", Profile{Skills: ptr([]string{"go", " "})}, FieldSkills, Missing},
		{"long skill", Profile{Skills: ptr([]string{strings.Repeat("ä", 51)})}, FieldSkills, TooLong},
		{"no language", Profile{Locale: ptr("<script>")}, FieldLocale, Malformed},
		{"digit", Profile{FirstName: ptr("R2D2")}, FieldFirstName, Malformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := r.UpdateProfile(t.Context(), 1, c.in, here)
			if diff := cmp.Diff(map[string]Problem{c.field: c.want}, wantKind(t, err, Invalid).Fields); diff != "" {
				t.Error(diff)
			}
		})
	}
	if after := must(r.Account(t.Context(), 1))(t); after.Version != before.Version {
		t.Error("a refusal was written")
	}
	_, err := r.UpdateProfile(t.Context(), 9, Profile{FullName: ptr("x")}, here)
	wantKind(t, err, Gone)
}

func TestGivenName(t *testing.T) {
	for in, want := range map[string]Problem{
		"Zoë": "", "Jean-Luc": "", "O’Neil": "", "J. R. R.": "", "李明": "", "สมชาย": "", "أحمد": "", "Z": TooShort, "": Missing, "a_b": Malformed,
		"<b>": Malformed, "a\tb": Malformed, "🙂🙂": Malformed,
	} {
		if _, p := givenName(in); p != want {
			t.Errorf("%q: got %q, want %q", in, p, want)
		}
	}
}

func zipOf(names ...string) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, n := range names {
		f, err := w.Create(n)
		if err != nil {
			panic(err)
		}
		fmt.Fprint(f, "x")
	}
	w.Close()
	return b.Bytes()
}

func compound(stream string) []byte {
	b := make([]byte, 1024)
	copy(b, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1")
	for i, c := range stream {
		b[512+2*i] = byte(c)
	}
	return b
}

func TestDocumentType(t *testing.T) {
	for name, c := range map[string]struct {
		in   []byte
		want string
	}{
		"PDF":                    {[]byte("%PDF-1.7\n..."), ".pdf"},
		"DOC":                    {compound("WordDocument"), ".doc"},
		"spreadsheet":            {compound("Workbook"), ""},
		"DOCX":                   {zipOf("[Content_Types].xml", "word/document.xml"), ".docx"},
		"spreadsheet, new":       {zipOf("[Content_Types].xml", "xl/workbook.xml"), ""},
		"zip":                    {zipOf("a.txt"), ""},
		"broken zip":             {[]byte("PK\x03\x04 and nothing"), ""},
		"text":                   {[]byte("Ich bin Entwickler.\r\n\tGo, SQL – seit 2009\n"), ".txt"},
		"text with control":      {[]byte("a\x00b"), ""},
		"escape":                 {[]byte("a\x1b[31m"), ""},
		"Latin-1":                {[]byte("gr\xfc\xdfe"), ""},
		"PNG":                    {[]byte("\x89PNG\r\n\x1a\n"), ""},
		"executable":             {[]byte("MZ\x90\x00"), ""},
		"HTML is text, and kept": {[]byte("<html><script>alert(1)</script>"), ".txt"},
	} {
		t.Run(name, func(t *testing.T) {
			if got, ok := documentType(c.in); got.extension != c.want || ok != (c.want != "") {
				t.Errorf("got %+v, %v", got, ok)
			}
		})
	}
}

func FuzzDocumentType(f *testing.F) {
	f.Add(zipOf("[Content_Types].xml", "word/document.xml"))
	f.Add(compound("WordDocument"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if kind, ok := documentType(b); ok == (kind.contentType == "") {
			t.Errorf("%v with %q", ok, kind.contentType)
		}
	})
}

func TestSafeName(t *testing.T) {
	for in, want := range map[string]string{
		"cv.pdf": "cv.pdf", "CV.PDF": "CV.pdf", "cv.exe": "cv.exe.pdf", "../../etc/passwd": "passwd.pdf", `C:\me\cv.pdf`: "cv.pdf", "": "resume.pdf",
		"..": "resume.pdf", ".": "resume.pdf", "a\r\nX-Y: z.pdf": "aX-Y z.pdf", "a\x00b.pdf": "ab.pdf", "cv\u202Efdp.exe": "cvfdp.exe.pdf", "Lebenslauf Jürgen.pdf": "Lebenslauf Jürgen.pdf",
		`"quoted".pdf`: "quoted.pdf", "\xff\xfe.pdf": "resume.pdf", ".pdf": "resume.pdf",
	} {
		if got := safeName(in, "resume", ".pdf"); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
	if got := safeName(strings.Repeat("ü", 300)+".pdf", "resume", ".pdf"); len(got) > 255 || !utf8.ValidString(got) || !strings.HasSuffix(got, ".pdf") {
		t.Errorf("%d bytes: %q", len(got), got)
	}
}

func TestResume(t *testing.T) {
	r := newRig(t, func(c *Config) { c.MaxResume = 100 })
	r.alice()
	a := must(r.PutResume(t.Context(), 1, Upload{Filename: "../cv.doc", Content: []byte("%PDF-1.4")}, here))(t)
	if f := a.Resume; f == nil || f.Filename != "cv.doc.pdf" || f.ContentType != "application/pdf" || f.Size != 8 || len(f.ID) < 32 {
		t.Errorf("resume %+v", a.Resume)
	}
	info, content, err := r.File(t.Context(), 1, storage.FileResume)
	if err != nil || info.ID != a.Resume.ID || string(content) != "%PDF-1.4" {
		t.Errorf("got %+v %q %v", info, content, err)
	}
	_, _, err = r.Picture(t.Context(), a.Resume.ID) // a résumé is never served as a picture
	wantKind(t, err, Gone)
	for want, content := range map[Problem][]byte{Missing: nil, TooLarge: bytes.Repeat([]byte("a"), 101), WrongType: {0}} {
		_, err := r.PutResume(t.Context(), 1, Upload{Content: content}, here)
		if got := wantKind(t, err, Invalid).Fields[FieldResume]; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if err := r.DeleteFile(t.Context(), 1, storage.FileResume, here); err != nil {
		t.Error(err)
	}
	wantKind(t, r.DeleteFile(t.Context(), 1, storage.FileResume, here), Gone)
	_, _, err = r.File(t.Context(), 1, storage.FileResume)
	wantKind(t, err, Gone)
	_, err = r.PutResume(t.Context(), 9, Upload{Content: []byte("text")}, here)
	wantKind(t, err, Gone)
}

func pngOf(w, h int) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewRGBA(image.Rect(0, 0, w, h))); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func TestPicture(t *testing.T) {
	r := newRig(t, func(c *Config) { c.PictureSide = 64 })
	r.alice()
	a := must(r.PutPicture(t.Context(), 1, Upload{Filename: "me.svg", Content: append(pngOf(200, 100), "GPS-secret"...)}, here))(t)
	info, content, err := r.Picture(t.Context(), a.Picture.ID)
	if err != nil || info.Filename != "me.png" || info.ContentType != "image/png" || info.Size != int64(len(content)) || bytes.Contains(content, []byte("secret")) {
		t.Fatalf("got %+v, %v", info, err)
	}
	if m, err := png.Decode(bytes.NewReader(content)); err != nil || m.Bounds() != image.Rect(0, 0, 64, 32) {
		t.Errorf("got %v, %v", m.Bounds(), err)
	}
	for name, c := range map[string]struct {
		in   []byte
		want Problem
	}{
		"nothing": {nil, Missing}, "text": {[]byte("hello"), WrongType}, "long side": {pngOf(8193, 1), TooLarge}, "2 MiB and one": {make([]byte, 2<<20+1), TooLarge},
	} {
		_, err := r.PutPicture(t.Context(), 1, Upload{Content: c.in}, here)
		if got := wantKind(t, err, Invalid).Fields[FieldPicture]; got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
}
