package picture

import (
	"image"
	"image/color"
	"image/draw"
)

// shrink copies into plain RGBA, no side longer than most. With fit the longest side becomes most, also of smaller pictures, and every pixel
// is weighed, which costs more and is for small ones.
func shrink(img image.Image, most int, fit bool) *image.RGBA {
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	if long := max(w, h); long > most || fit {
		w, h = max(1, w*most/long), max(1, h*most/long)
	}
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	if w == b.Dx() && h == b.Dy() {
		draw.Draw(out, out.Bounds(), img, b.Min, draw.Src)
	} else {
		scale(out, img, fit)
	}
	return out
}

// square puts a picture in the middle of a white one that has its longest side.
func square(img *image.RGBA) *image.RGBA {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	side := max(w, h)
	out := image.NewRGBA(image.Rect(0, 0, side, side))
	draw.Draw(out, out.Rect, image.NewUniform(color.White), image.Point{}, draw.Src)
	x, y := (side-w)/2, (side-h)/2
	draw.Draw(out, image.Rect(x, y, x+w, y+h), img, image.Point{}, draw.Over)
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
