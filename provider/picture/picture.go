package picture

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"time"

	"golang.org/x/image/webp"
)

// What [Cleaner.Clean] refuses.
var (
	// ErrFormat: it is no PNG, JPEG or WebP, or it is broken.
	ErrFormat = errors.New("not a picture that can be read")
	// ErrTooLarge: it has more pixels, or is more work, than is allowed.
	ErrTooLarge = errors.New("the picture is too large")
	// ErrBusy: other pictures held every slot for as long as one waits.
	ErrBusy = errors.New("too many pictures at once")
)

// Limits are what one use allows, and the shape of what it gets.
type Limits struct {
	// MaxSide and MaxPixels, in pixels, are looked at before anything is decoded.
	MaxSide, MaxPixels int
	// Side is the longest side of what comes out; larger pictures are made smaller.
	Side int
	// Square brings the picture to Side, smaller ones too, in the middle of a white square: it covers what is under it.
	Square bool
	// Wait is how long to wait for a slot.
	Wait time.Duration
}

// Picture is what comes out.
type Picture struct {
	Content []byte
	// ContentType is "image/png" or "image/jpeg", Extension what goes with it: ".png" or ".jpg".
	ContentType, Extension string
}

// Cleaner decodes no more pictures at once than it has slots, which bounds their memory: one takes up to some 15 bytes (a progressive JPEG)
// for each of MaxPixels. It is safe for concurrent use.
type Cleaner struct{ slots chan struct{} }

// NewCleaner makes one with so many slots, at least one.
func NewCleaner(slots int) *Cleaner { return &Cleaner{slots: make(chan struct{}, max(1, slots))} }

// format is one that is decoded. The decoders are named here and not registered: another package's registration must not widen what
// strangers can send.
type format struct {
	magic  func([]byte) bool
	config func([]byte) (image.Config, error)
	decode func([]byte) (image.Image, error)
	// opaque pictures become JPEG.
	opaque bool
}

// maxScans bounds a progressive JPEG: each scan passes over every pixel, and thirty bytes are enough for one, so that a small file could
// keep a core for minutes. Encoders make about ten. Marks that stand in metadata by chance count too, which leaves nothing to evade.
const maxScans = 100

// startOfScan is the marker SOS (ITU-T T.81 table B.1). It cannot stand within a scan's data.
var startOfScan = []byte{0xff, 0xda}

func formats() []format {
	return []format{
		{
			magic:  func(b []byte) bool { return bytes.HasPrefix(b, []byte("\x89PNG\r\n\x1a\n")) },
			config: func(b []byte) (image.Config, error) { return png.DecodeConfig(bytes.NewReader(b)) },
			decode: func(b []byte) (image.Image, error) { return png.Decode(bytes.NewReader(b)) },
		}, {
			magic:  func(b []byte) bool { return bytes.HasPrefix(b, []byte("\xff\xd8\xff")) },
			config: func(b []byte) (image.Config, error) { return jpeg.DecodeConfig(bytes.NewReader(b)) },
			decode: func(b []byte) (image.Image, error) { return jpeg.Decode(bytes.NewReader(b)) },
			opaque: true,
		}, {
			magic: func(b []byte) bool {
				return len(b) > 12 && bytes.Equal(b[:4], []byte("RIFF")) && bytes.Equal(b[8:12], []byte("WEBP"))
			},
			config: func(b []byte) (image.Config, error) { return webp.DecodeConfig(bytes.NewReader(b)) },
			decode: func(b []byte) (image.Image, error) { return webp.Decode(bytes.NewReader(b)) },
		},
	}
}

// Clean decodes a picture within the limits and encodes its pixels anew, upright. Errors: ErrFormat, ErrTooLarge, ErrBusy, or that of ctx.
func (c *Cleaner) Clean(ctx context.Context, content []byte, l Limits) (Picture, error) {
	f, err := look(content, l)
	if err != nil {
		return Picture{}, err
	}
	timer := time.NewTimer(l.Wait)
	defer timer.Stop()
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-timer.C:
		return Picture{}, ErrBusy
	case <-ctx.Done():
		return Picture{}, ctx.Err()
	}
	img, err := f.decode(content)
	if err != nil || img.Bounds().Dx() > l.MaxSide || img.Bounds().Dy() > l.MaxSide {
		return Picture{}, ErrFormat
	}
	made := turn(shrink(img, l.Side, l.Square), orientation(content))
	if l.Square {
		made = square(made)
	}
	var b bytes.Buffer
	out := Picture{ContentType: "image/png", Extension: ".png"}
	if f.opaque {
		out = Picture{ContentType: "image/jpeg", Extension: ".jpg"}
		err = jpeg.Encode(&b, made, &jpeg.Options{Quality: 88})
	} else {
		err = png.Encode(&b, made)
	}
	if err != nil {
		return Picture{}, fmt.Errorf("encode picture: %w", err)
	}
	out.Content = b.Bytes()
	return out, nil
}

// look finds the format, and refuses what would be too much before anything of that size is allocated.
func look(content []byte, l Limits) (format, error) {
	for _, f := range formats() {
		if !f.magic(content) {
			continue
		}
		size, err := f.config(content)
		switch {
		case err != nil || size.Width < 1 || size.Height < 1:
			return format{}, ErrFormat
		case size.Width > l.MaxSide || size.Height > l.MaxSide || size.Width*size.Height > l.MaxPixels:
			return format{}, ErrTooLarge
		case f.opaque && bytes.Count(content, startOfScan) > maxScans:
			return format{}, ErrTooLarge
		}
		return f, nil
	}
	return format{}, ErrFormat
}
