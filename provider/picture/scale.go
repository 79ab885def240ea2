package picture

import (
	"image"
	"image/draw"
	"math"
)

// share is what goes into one pixel of a line: those from first on, each with its weight. Weights come to 1.
type share struct {
	first   int
	weights []float32
}

// shares says what goes into each of n pixels in place of from. With every, all pixels are weighed, by how near they are; else only the two that are nearest.
func shares(n, from int, every bool) []share {
	ratio := float64(from) / float64(n)
	reach := 1.0
	if every {
		reach = max(1, ratio)
	}
	list := make([]share, n)
	for i := range list {
		middle := (float64(i)+0.5)*ratio - 0.5
		first, last := max(0, int(math.Ceil(middle-reach))), min(from-1, int(math.Floor(middle+reach)))
		var sum float64
		for j := first; j <= last; j++ {
			sum += 1 - math.Abs(float64(j)-middle)/reach
		}
		w := make([]float32, 0, last-first+1)
		for j := first; j <= last; j++ {
			w = append(w, float32((1-math.Abs(float64(j)-middle)/reach)/sum))
		}
		list[i] = share{first, w}
	}
	return list
}

// rows are the lines of a picture at another width, made when they are needed.
type rows struct {
	img    image.Image
	across []share
	line   *image.RGBA // of the picture, as it is
	made   [][]float32 // the last ones: line y at y modulo their number
	have   []int       // which those are
}

func newRows(img image.Image, across []share, keep int) *rows {
	r := &rows{img: img, across: across, line: image.NewRGBA(image.Rect(0, 0, img.Bounds().Dx(), 1)), made: make([][]float32, keep), have: make([]int, keep)}
	for i := range r.made {
		r.made[i], r.have[i] = make([]float32, 4*len(across)), -1
	}
	return r
}

func (r *rows) at(y int) []float32 {
	out := r.made[y%len(r.made)]
	if r.have[y%len(r.made)] == y {
		return out
	}
	r.have[y%len(r.made)] = y
	b := r.img.Bounds()
	draw.Draw(r.line, r.line.Rect, r.img, image.Pt(b.Min.X, b.Min.Y+y), draw.Src)
	for x, s := range r.across {
		var c [4]float32
		pix := r.line.Pix[4*s.first:]
		for i, w := range s.weights {
			p := pix[4*i : 4*i+4]
			c[0] += w * float32(p[0])
			c[1] += w * float32(p[1])
			c[2] += w * float32(p[2])
			c[3] += w * float32(p[3])
		}
		copy(out[4*x:], c[:])
	}
	return out
}

// scale draws img over all of out, larger or smaller. Beside out it needs memory for a few lines.
func scale(out *image.RGBA, img image.Image, every bool) {
	down := shares(out.Rect.Dy(), img.Bounds().Dy(), every)
	keep := 1
	for _, s := range down {
		keep = max(keep, len(s.weights))
	}
	from := newRows(img, shares(out.Rect.Dx(), img.Bounds().Dx(), every), keep)
	sum := make([]float32, 4*out.Rect.Dx())
	for y, s := range down {
		clear(sum)
		for i, w := range s.weights {
			for x, v := range from.at(s.first + i) {
				sum[x] += w * v
			}
		}
		for x, v := range sum {
			out.Pix[y*out.Stride+x] = uint8(min(255, v+0.5))
		}
	}
}
