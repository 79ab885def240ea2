package picture

import (
	"image"
	"image/color"
	"math/rand/v2"
	"testing"

	"golang.org/x/image/draw"
)

// drawn is a picture with smooth parts, an edge and some noise, partly transparent where it can be.
func drawn(img draw.Image) image.Image {
	r := rand.New(rand.NewPCG(1, 2))
	b := img.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			c := color.NRGBA{R: uint8(255 * (x - b.Min.X) / b.Dx()), G: uint8(255 * (y - b.Min.Y) / b.Dy()), B: uint8(r.IntN(256)), A: 255}
			if x > y {
				c.A = uint8(x)
			}
			img.Set(x, y, c)
		}
	}
	return img
}

// TestScale compares with the scalers of x/image, which are its like.
func TestScale(t *testing.T) {
	yuv := image.NewYCbCr(image.Rect(3, 5, 203, 155), image.YCbCrSubsampleRatio420)
	r := rand.New(rand.NewPCG(3, 4))
	for _, plane := range [][]byte{yuv.Y, yuv.Cb, yuv.Cr} {
		for i := range plane {
			plane[i] = uint8(r.IntN(256))
		}
	}
	for what, img := range map[string]image.Image{
		"RGBA": drawn(image.NewRGBA(image.Rect(0, 0, 120, 90))), "NRGBA that begins elsewhere": drawn(image.NewNRGBA(image.Rect(-7, 9, 93, 209))), "grey": drawn(image.NewGray(image.Rect(0, 0, 64, 64))),
		"16 bit": drawn(image.NewNRGBA64(image.Rect(0, 0, 50, 60))), "YCbCr": yuv, "a line": drawn(image.NewRGBA(image.Rect(0, 0, 200, 1))), "a pixel": drawn(image.NewRGBA(image.Rect(0, 0, 1, 1))),
	} {
		for _, size := range []image.Point{{40, 30}, {1, 1}, {119, 91}, {300, 7}, {512, 512}} {
			for every, scaler := range map[bool]draw.Scaler{true: draw.BiLinear, false: draw.ApproxBiLinear} {
				have, want := image.NewRGBA(image.Rectangle{Max: size}), image.NewRGBA(image.Rectangle{Max: size})
				scale(have, img, every)
				scaler.Scale(want, want.Rect, img, img.Bounds(), draw.Src, nil)
				worst := 0
				for i := range have.Pix {
					d := int(have.Pix[i]) - int(want.Pix[i])
					worst = max(worst, d, -d)
				}
				if worst > 3 { // of 255
					t.Errorf("%s to %v, every %v: %d away", what, size, every, worst)
				}
			}
		}
	}
}

func BenchmarkScale(b *testing.B) {
	img := image.NewYCbCr(image.Rect(0, 0, 4000, 3000), image.YCbCrSubsampleRatio420)
	out := image.NewRGBA(image.Rect(0, 0, 512, 384))
	b.Run("ours", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			scale(out, img, false)
		}
	})
	b.Run("x/image", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			draw.ApproxBiLinear.Scale(out, out.Rect, img, img.Rect, draw.Src, nil)
		}
	})
}
