package account

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"time"

	"golang.org/x/image/draw"
	"golang.org/x/image/webp"
)

// pictureFormat is one that is decoded. The decoders are named here and not registered: another package's registration must not
// widen what people can send.
type pictureFormat struct {
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

func pictureFormats() []pictureFormat {
	return []pictureFormat{
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

// cleanPicture decodes a picture within the caps and encodes its pixels anew, upright and no larger than PictureSide. A slot bounds
// the memory: one picture takes up to some 15 bytes (a progressive JPEG) for each of MaxPicturePixels.
func (s *Service) cleanPicture(ctx context.Context, content []byte) (clean []byte, contentType, extension string, err error) {
	var format *pictureFormat
	for _, f := range pictureFormats() {
		if f.magic(content) {
			format = &f
			break
		}
	}
	if format == nil {
		return nil, "", "", invalid(FieldPicture, WrongType)
	}
	size, err := format.config(content) // before anything of that size is allocated
	if err != nil || size.Width < 1 || size.Height < 1 {
		return nil, "", "", invalid(FieldPicture, WrongType)
	}
	if size.Width > s.config.MaxPictureSide || size.Height > s.config.MaxPictureSide || size.Width*size.Height > s.config.MaxPicturePixels {
		return nil, "", "", invalid(FieldPicture, TooLarge)
	}
	if format.opaque && bytes.Count(content, startOfScan) > maxScans {
		return nil, "", "", invalid(FieldPicture, TooLarge)
	}
	timer := time.NewTimer(s.config.Hash.MaxWait)
	defer timer.Stop()
	select {
	case s.decode <- struct{}{}:
		defer func() { <-s.decode }()
	case <-timer.C:
		return nil, "", "", &Refusal{Kind: Busy, RetryAfter: time.Second}
	case <-ctx.Done():
		return nil, "", "", ctx.Err()
	}
	img, err := format.decode(content)
	if err != nil || img.Bounds().Dx() > s.config.MaxPictureSide || img.Bounds().Dy() > s.config.MaxPictureSide {
		return nil, "", "", invalid(FieldPicture, WrongType)
	}
	upright := turn(shrink(img, s.config.PictureSide), orientation(content))
	var out bytes.Buffer
	if format.opaque {
		err = jpeg.Encode(&out, upright, &jpeg.Options{Quality: 88})
		contentType, extension = "image/jpeg", ".jpg"
	} else {
		err = png.Encode(&out, upright)
		contentType, extension = "image/png", ".png"
	}
	if err != nil {
		return nil, "", "", fmt.Errorf("encode picture: %w", err)
	}
	return out.Bytes(), contentType, extension, nil
}

// shrink copies into plain RGBA, no side longer than most.
func shrink(img image.Image, most int) *image.RGBA {
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	if long := max(w, h); long > most {
		w, h = max(1, w*most/long), max(1, h*most/long)
	}
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	if w == b.Dx() && h == b.Dy() {
		draw.Draw(out, out.Bounds(), img, b.Min, draw.Src)
	} else {
		draw.ApproxBiLinear.Scale(out, out.Bounds(), img, b, draw.Src, nil)
	}
	return out
}

// turn makes a picture upright by its Exif orientation, 1 to 8 (Exif 3.0 §4.6.5.1, tag 0x0112).
func turn(img *image.RGBA, o int) *image.RGBA {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	if o < 2 || o > 8 {
		return img
	}
	ow, oh := w, h
	if o >= 5 {
		ow, oh = h, w
	}
	out := image.NewRGBA(image.Rect(0, 0, ow, oh))
	for y := range oh {
		for x := range ow {
			sx, sy := x, y
			switch o {
			case 2:
				sx = w - 1 - x
			case 3:
				sx, sy = w-1-x, h-1-y
			case 4:
				sy = h - 1 - y
			case 5:
				sx, sy = y, x
			case 6:
				sx, sy = y, h-1-x
			case 7:
				sx, sy = w-1-y, h-1-x
			case 8:
				sx, sy = w-1-y, x
			}
			copy(out.Pix[out.PixOffset(x, y):][:4], img.Pix[img.PixOffset(sx, sy):][:4])
		}
	}
	return out
}

// orientation reads the Exif orientation of a JPEG; 1 where there is none, or anything odd.
func orientation(b []byte) int {
	if len(b) < 4 || b[0] != 0xff || b[1] != 0xd8 {
		return 1
	}
	for at := 2; at+4 <= len(b) && b[at] == 0xff; {
		marker, size := b[at+1], int(binary.BigEndian.Uint16(b[at+2:]))
		if marker == 0xda || size < 2 || at+2+size > len(b) {
			return 1
		}
		if segment := b[at+4 : at+2+size]; marker == 0xe1 && bytes.HasPrefix(segment, []byte("Exif\x00\x00")) {
			return tiffOrientation(segment[6:])
		}
		at += 2 + size
	}
	return 1
}

// tiffOrientation looks through the first directory (TIFF 6.0 §2).
func tiffOrientation(b []byte) int {
	var order binary.ByteOrder = binary.LittleEndian
	switch {
	case len(b) < 8:
		return 1
	case bytes.HasPrefix(b, []byte("MM\x00*")):
		order = binary.BigEndian
	case !bytes.HasPrefix(b, []byte("II*\x00")):
		return 1
	}
	at := int64(order.Uint32(b[4:]))
	if at < 8 || at+2 > int64(len(b)) {
		return 1
	}
	entries := b[at+2:]
	for range order.Uint16(b[at:]) {
		if len(entries) < 12 {
			return 1
		}
		if order.Uint16(entries) == 0x0112 && order.Uint16(entries[2:]) == 3 { // SHORT
			if o := int(order.Uint16(entries[8:])); o >= 1 && o <= 8 {
				return o
			}
			return 1
		}
		entries = entries[12:]
	}
	return 1
}
