package theme

import (
	"bytes"
	"image"
	"image/png"
	"io"
	"path/filepath"
	"strings"

	"golang.org/x/image/webp"
)

// Image is a logo.
type Image struct {
	Content []byte
	// ContentType is that of SVG, PNG or WebP; Ext is the ending of its name, with the dot.
	ContentType, Ext string
	// Width and Height are as large as it is meant to be, in CSS pixels, at most 176 wide and 36 high.
	Width, Height int
}

// maxLogo bounds a logo's file, in bytes: every first visit fetches it.
const maxLogo = 64 << 10

// image reads a logo; nil for none.
func (r *reader) image(part, name string) *Image {
	if name == "" {
		return nil
	}
	raw, ok := r.text(part, name, maxLogo)
	if !ok {
		return nil
	}
	if strings.EqualFold(filepath.Ext(name), ".svg") {
		clean, width, height, faults := cleanSVG(raw)
		for _, f := range faults {
			r.fault(part, name, f.line, "%s", f.problem)
		}
		if len(faults) > 0 {
			return nil
		}
		w, h := fit(width, height)
		return &Image{Content: clean, ContentType: "image/svg+xml", Ext: ".svg", Width: w, Height: h}
	}
	format, decode := "png", png.Decode
	conf, err := png.DecodeConfig(bytes.NewReader(raw))
	if err != nil {
		format, decode = "webp", func(rd io.Reader) (image.Image, error) { return webp.Decode(rd) }
		if conf, err = webp.DecodeConfig(bytes.NewReader(raw)); err != nil {
			r.fault(part, name, 0, "is no SVG, PNG or WebP picture")
			return nil
		}
	}
	if conf.Width > 2048 || conf.Height > 2048 {
		r.fault(part, name, 0, "is %d × %d pixels; 2048 × 2048 are the most", conf.Width, conf.Height)
		return nil
	}
	if _, err := decode(bytes.NewReader(raw)); err != nil {
		r.fault(part, name, 0, "is a broken picture")
		return nil
	}
	w, h := fit(float64(conf.Width), float64(conf.Height))
	return &Image{Content: raw, ContentType: "image/" + format, Ext: "." + format, Width: w, Height: h}
}

// fit is how large a logo is shown: 36 pixels high, less where it would be wider than 176.
func fit(width, height float64) (w, h int) {
	const most, high = 176, 36
	scale := min(high/height, most/width)
	return max(1, int(width*scale+.5)), max(1, int(height*scale+.5))
}
