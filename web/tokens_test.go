package web

import (
	"math"
	"regexp"
	"strconv"
	"testing"
)

// luminance of a colour #rrggbb or #rgb (WCAG 2.2, relative luminance).
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	if len(hex) == 4 {
		hex = "#" + string([]byte{hex[1], hex[1], hex[2], hex[2], hex[3], hex[3]})
	}
	var sum float64
	for i, weight := range []float64{.2126, .7152, .0722} {
		n, err := strconv.ParseUint(hex[1+2*i:3+2*i], 16, 8)
		if err != nil {
			t.Fatalf("colour %q: %v", hex, err)
		}
		v := float64(n) / 255
		if v <= .04045 {
			v /= 12.92
		} else {
			v = math.Pow((v+.055)/1.055, 2.4)
		}
		sum += v * weight
	}
	return sum
}

// TestContrast holds every pair of colours that meet on a page to WCAG 2.2: 1.4.3 for text, 1.4.11 for borders and focus.
func TestContrast(t *testing.T) {
	css, err := files.ReadFile("static/latchkey.css")
	if err != nil {
		t.Fatal(err)
	}
	tokens := map[string][2]string{}
	for _, m := range regexp.MustCompile(`--lk-([\w-]+):\s*light-dark\((#\w+), (#\w+)\)`).FindAllStringSubmatch(string(css), -1) {
		tokens[m[1]] = [2]string{m[2], m[3]}
	}
	for _, p := range []struct {
		ink, paper string
		min        float64
	}{
		{"ink", "bg", 4.5}, {"ink", "surface", 4.5}, {"ink", "sunken", 4.5}, {"muted", "bg", 4.5}, {"muted", "surface", 4.5}, {"muted", "sunken", 4.5}, {"link", "surface", 4.5}, {"link", "sunken", 4.5},
		{"link", "bg", 4.5}, {"on-accent", "accent", 4.5}, {"on-accent", "accent-deep", 4.5}, {"error", "surface", 4.5}, {"error", "error-bg", 4.5}, {"error", "bg", 4.5}, {"ink", "error-bg", 4.5},
		{"ok", "surface", 4.5}, {"ok", "ok-bg", 4.5}, {"ink", "ok-bg", 4.5}, {"ink", "line", 4.5}, {"control", "surface", 3}, {"control", "sunken", 3}, {"control", "bg", 3},
		{"focus", "surface", 3}, {"focus", "bg", 3}, {"accent", "surface", 3}, {"brass-ink", "brass", 4.5},
	} {
		for i, mode := range []string{"light", "dark"} {
			if tokens[p.ink][i] == "" || tokens[p.paper][i] == "" {
				t.Fatalf("no token %s or %s", p.ink, p.paper)
			}
			a, b := luminance(t, tokens[p.ink][i]), luminance(t, tokens[p.paper][i])
			if c := (max(a, b) + .05) / (min(a, b) + .05); c < p.min {
				t.Errorf("%s: %s on %s has %.2f, less than %.1f", mode, p.ink, p.paper, c, p.min)
			}
		}
	}
}
