package account

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
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

// halves is a picture of w × h, its left half red.
func halves(w, h int) image.Image {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{0, 0, 255, 255}
			if x < w/2 {
				c = color.RGBA{255, 0, 0, 255}
			}
			m.Set(x, y, c)
		}
	}
	return m
}

func pngOf(m image.Image) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// jpegOf is a JPEG with an Exif orientation and a comment to be dropped.
func jpegOf(m image.Image, orientation byte) []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 95}); err != nil {
		panic(err)
	}
	exif := []byte("Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00" + string(orientation) + "\x00\x00\x00\x00\x00\x00GPS-secret")
	segment := binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(len(exif)+2))
	return append(append(append([]byte{0xff, 0xd8}, segment...), exif...), b.Bytes()[2:]...)
}

// webpOf is a lossless picture of 1 × 1.
func webpOf(t *testing.T) []byte {
	return must(base64.StdEncoding.DecodeString("UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA=="))(t)
}

func TestPicture(t *testing.T) {
	r := newRig(t, func(c *Config) { c.PictureSide = 64 })
	r.alice()
	for _, c := range []struct {
		name        string
		in          []byte
		contentType string
		w, h        int
	}{
		{"PNG", pngOf(halves(10, 6)), "image/png", 10, 6},
		{"PNG with junk behind", append(pngOf(halves(10, 6)), "GPS-secret"...), "image/png", 10, 6},
		{"large is made smaller", pngOf(halves(200, 100)), "image/png", 64, 32},
		{"JPEG", jpegOf(halves(16, 8), 1), "image/jpeg", 16, 8},
		{"JPEG on its side", jpegOf(halves(16, 8), 6), "image/jpeg", 8, 16},
		{"JPEG of as many scans as may be", scans(maxScans), "image/jpeg", 8, 8},
		{"WebP", webpOf(t), "image/png", 1, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := must(r.PutPicture(t.Context(), 1, Upload{Filename: "me.svg", Content: c.in}, here))(t)
			info, content, err := r.Picture(t.Context(), a.Picture.ID)
			if err != nil || info.ContentType != c.contentType || info.Size != int64(len(content)) {
				t.Fatalf("got %+v, %v", info, err)
			}
			m, _, err := image.Decode(bytes.NewReader(content))
			if err != nil || m.Bounds().Dx() != c.w || m.Bounds().Dy() != c.h {
				t.Errorf("got %v, %v", m.Bounds(), err)
			}
			if bytes.Contains(content, []byte("secret")) || bytes.Contains(content, []byte("Exif")) {
				t.Error("metadata kept")
			}
		})
	}
	for name, c := range map[string]struct {
		in   []byte
		want Problem
	}{
		"nothing": {nil, Missing}, "text": {[]byte("hello"), WrongType}, "SVG": {[]byte("<svg onload=alert(1)>"), WrongType},
		"GIF": {[]byte("GIF89a\x01\x00\x01\x00\x00\x00\x00"), WrongType}, "cut": {pngOf(halves(10, 6))[:60], WrongType},
		"bomb": {bomb(60000, 60000), TooLarge}, "long side": {bomb(9000, 1), TooLarge}, "many pixels": {bomb(8000, 8000), TooLarge},
		"2 MiB and one": {make([]byte, 2<<20+1), TooLarge}, "JPEG of many scans": {scans(maxScans + 1), TooLarge},
	} {
		_, err := r.PutPicture(t.Context(), 1, Upload{Content: c.in}, here)
		if got := wantKind(t, err, Invalid).Fields[FieldPicture]; got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
	if len(r.decode) != 0 {
		t.Error("a decoding slot was kept")
	}
}

// scans is a progressive JPEG of one block that is passed over n times (ITU-T T.81 annex G).
func scans(n int) []byte {
	out := append([]byte("\xff\xd8\xff\xdb\x00\x43\x00"), bytes.Repeat([]byte{1}, 64)...)
	out = append(out, "\xff\xc2\x00\x0b\x08\x00\x08\x00\x08\x01\x01\x11\x00"...)                                     // 8 × 8, one component
	out = append(out, "\xff\xc4\x00\x14\x10\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"...) // a table with the end of a band alone
	for range n {
		out = append(out, "\xff\xda\x00\x08\x01\x01\x00\x01\x3f\x00\x7f"...)
	}
	return append(out, "\xff\xd9"...)
}

// bomb is the head of a PNG that claims a size.
func bomb(w, h uint32) []byte {
	head := []byte("IHDR")
	head = binary.BigEndian.AppendUint32(head, w)
	head = binary.BigEndian.AppendUint32(head, h)
	head = append(head, 8, 6, 0, 0, 0)
	out := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), head...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(head))
}

// Exif 3.0 §4.6.5.1: where the red left half must be after turning.
func TestTurn(t *testing.T) {
	m := shrink(halves(4, 2), 64)
	m.Set(0, 0, color.White) // top left corner
	for o, corner := range map[int]image.Point{1: {0, 0}, 2: {3, 0}, 3: {3, 1}, 4: {0, 1}, 5: {0, 0}, 6: {1, 0}, 7: {1, 3}, 8: {0, 3}} {
		out := turn(m, o)
		if red, _, blue, _ := out.At(corner.X, corner.Y).RGBA(); red != 0xffff || blue != 0xffff {
			t.Errorf("orientation %d: the corner is not at %v of %v", o, corner, out.Bounds())
		}
	}
}

func FuzzOrientation(f *testing.F) {
	f.Add(jpegOf(halves(2, 2), 6))
	f.Add([]byte("\xff\xd8\xff\xe1\x00\x10Exif\x00\x00II*\x00\x08\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if o := orientation(b); o < 1 || o > 8 {
			t.Errorf("orientation %d", o)
		}
	})
}
