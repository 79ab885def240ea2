package web

import (
	"crypto/sha256"
	"fmt"
	"strings"

	"latchkey/web/words"
)

// blade is the key's blade beside a form. Each client has its own cut. Decoration: no text may call it a proof of anything.
type blade struct {
	Path, Name, Code string
	GrooveEnd        int
}

// cut turns an id into seven depths (0 to 6) with neighbours at most four apart, as on a real key.
func cut(id string) (d [7]int) {
	h := sha256.Sum256([]byte(id))
	prev := 3
	for i := range d {
		v := max(prev-4, min(prev+4, int(h[i])%7))
		if i == len(d)-1 {
			v = min(v, 3) // a deep last cut would leave a hook at the tip
		}
		d[i], prev = v, v
	}
	return d
}

// newBlade draws the blade as one path: no style attribute, so that a strict CSP is no obstacle.
func newBlade(id, name string) blade {
	var code strings.Builder
	for _, v := range cut(id) {
		fmt.Fprint(&code, v+1)
	}
	return blade{outline(id), shorten(strings.ToUpper(words.Plain(name)), 26), code.String(), 486}
}

// outline is the blade's edge.
func outline(id string) string {
	const full, step, flat, unit, tip = 128, 62, 24, 11, 532
	var b strings.Builder
	fmt.Fprintf(&b, "M20 0H504L%d 46L496 86", tip)
	d := cut(id)
	y, x := full-d[6]*unit, 484
	fmt.Fprintf(&b, "L%d %dH%d", x, y, x-flat)
	for i := 5; i >= 0; i-- {
		n := full - d[i]*unit
		run := min(step-flat, max(n-y, y-n)) // 45 degree ramps, as a cutter leaves them
		gap := (step - flat - run) / 2
		right, left := x-flat-gap, x-flat-gap-run
		fmt.Fprintf(&b, "H%dL%d %dH%d", right, left, n, x-step-flat)
		x, y = x-step, n
	}
	fmt.Fprintf(&b, "L%d %dH20Z", max(22, x-flat-(full-y)), full)
	return b.String()
}

// shorten cuts a text after n runes.
func shorten(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return strings.TrimSpace(string(r[:n-1])) + "…"
}
