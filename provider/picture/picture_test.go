package picture

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"testing"
	"time"
)

// small are limits that the pictures of these tests meet.
var small = Limits{MaxSide: 8192, MaxPixels: 12_000_000, Side: 64, Wait: time.Minute}

func TestClean(t *testing.T) {
	cleaner := NewCleaner(1)
	for _, c := range []struct {
		name        string
		in          []byte
		contentType string
		w, h        int
	}{
		{"PNG", pngOf(halves(10, 6)), "image/png", 10, 6},
		{"PNG with junk behind", append(pngOf(halves(10, 6)), "GPS-secret"...), "image/png", 10, 6},
		{"large is made smaller", pngOf(halves(200, 100)), "image/png", 64, 32},
		{"long and thin", pngOf(halves(640, 2)), "image/png", 64, 1},
		{"JPEG", jpegOf(halves(16, 8), 1), "image/jpeg", 16, 8},
		{"JPEG on its side", jpegOf(halves(16, 8), 6), "image/jpeg", 8, 16},
		{"JPEG of as many scans as may be", scans(maxScans), "image/jpeg", 8, 8},
		{"WebP", webpOf(t), "image/png", 1, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := cleaner.Clean(t.Context(), c.in, small)
			if err != nil || got.ContentType != c.contentType || got.Extension != map[string]string{"image/png": ".png", "image/jpeg": ".jpg"}[c.contentType] {
				t.Fatalf("got %s %s, %v", got.ContentType, got.Extension, err)
			}
			m, _, err := image.Decode(bytes.NewReader(got.Content))
			if err != nil || m.Bounds().Dx() != c.w || m.Bounds().Dy() != c.h {
				t.Errorf("got %v, %v", m.Bounds(), err)
			}
			if bytes.Contains(got.Content, []byte("secret")) || bytes.Contains(got.Content, []byte("Exif")) {
				t.Error("metadata kept")
			}
		})
	}
	for name, c := range map[string]struct {
		in   []byte
		want error
	}{
		"nothing": {nil, ErrFormat}, "text": {[]byte("hello"), ErrFormat}, "SVG": {[]byte("<svg onload=alert(1)>"), ErrFormat},
		"GIF": {[]byte("GIF89a\x01\x00\x01\x00\x00\x00\x00"), ErrFormat}, "cut": {pngOf(halves(10, 6))[:60], ErrFormat},
		"bomb": {bomb(60000, 60000), ErrTooLarge}, "long side": {bomb(9000, 1), ErrTooLarge}, "many pixels": {bomb(8000, 8000), ErrTooLarge},
		"no pixels": {bomb(0, 1), ErrFormat}, "JPEG of many scans": {scans(maxScans + 1), ErrTooLarge},
	} {
		if _, err := cleaner.Clean(t.Context(), c.in, small); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	if len(cleaner.slots) != 0 {
		t.Error("a slot was kept")
	}
}

// TestSquare: what comes out covers what it is laid over.
func TestSquare(t *testing.T) {
	glass := image.NewNRGBA(image.Rect(0, 0, 32, 16)) // nothing but a green spot at its top
	for i := range 16 {
		glass.Set(14+i%4, i/4, color.NRGBA{0, 255, 0, 255})
	}
	limits := small
	limits.Square = true
	got, err := NewCleaner(1).Clean(t.Context(), pngOf(glass), limits)
	if err != nil {
		t.Fatal(err)
	}
	m, err := png.Decode(bytes.NewReader(got.Content))
	if err != nil || m.Bounds() != image.Rect(0, 0, 64, 64) {
		t.Fatalf("%v, %v", m.Bounds(), err)
	}
	for at, want := range map[image.Point]color.Color{{0, 0}: color.White, {63, 63}: color.White, {32, 40}: color.White, {32, 17}: color.RGBA{0, 255, 0, 255}} {
		r, g, b, a := m.At(at.X, at.Y).RGBA()
		wr, wg, wb, wa := want.RGBA()
		if r != wr || g != wg || b != wb || a != wa {
			t.Errorf("%v is %v, want %v", at, m.At(at.X, at.Y), want)
		}
	}
	// Fine lines of black and white are grey from afar, wherever they stand.
	lines := image.NewGray(image.Rect(0, 0, 640, 640))
	for i := range lines.Pix {
		lines.Pix[i] = uint8(i % 2 * 255)
	}
	if got, err = NewCleaner(1).Clean(t.Context(), pngOf(lines), limits); err != nil {
		t.Fatal(err)
	}
	if m, err = png.Decode(bytes.NewReader(got.Content)); err != nil || m.Bounds() != image.Rect(0, 0, 64, 64) {
		t.Fatalf("%v, %v", m.Bounds(), err)
	}
	for x := range 64 {
		if r, _, _, _ := m.At(x, 32).RGBA(); r < 0x6000 || r > 0xa000 {
			t.Fatalf("column %d is %x", x, r)
		}
	}
}

// TestSlots: who finds every slot taken waits so long, or as long as its context.
func TestSlots(t *testing.T) {
	cleaner := NewCleaner(1)
	cleaner.slots <- struct{}{}
	limits := small
	limits.Wait = time.Millisecond
	if _, err := cleaner.Clean(t.Context(), pngOf(halves(2, 2)), limits); !errors.Is(err, ErrBusy) {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := cleaner.Clean(ctx, pngOf(halves(2, 2)), small); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	<-cleaner.slots
	if _, err := cleaner.Clean(t.Context(), pngOf(halves(2, 2)), limits); err != nil {
		t.Error(err)
	}
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
	b, err := base64.StdEncoding.DecodeString("UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==")
	if err != nil {
		t.Fatal(err)
	}
	return b
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
	m := shrink(halves(4, 2), 64, false)
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
