package theme

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// colour is sRGB, each part from 0 to 1.
type colour [3]float64

var errTransparent = errors.New("lets what is behind it through: its contrast cannot be judged")

// parseColour reads #rgb, #rrggbb, rgb(), hsl(), white and black.
func parseColour(s string) (colour, error) {
	s = strings.ToLower(strings.TrimSpace(s))
	switch {
	case s == "white":
		return colour{1, 1, 1}, nil
	case s == "black":
		return colour{}, nil
	case strings.HasPrefix(s, "#"):
		return parseHex(s[1:])
	}
	name, rest, ok := strings.Cut(s, "(")
	args, closed := strings.CutSuffix(rest, ")")
	if !ok || !closed {
		return colour{}, fmt.Errorf("%q is no colour that can be judged: write #rrggbb, rgb() or hsl()", s)
	}
	parts := strings.FieldsFunc(args, func(r rune) bool { return r == ' ' || r == ',' || r == '/' || r == '\t' || r == '\n' })
	if len(parts) == 4 {
		if a, err := number(parts[3], 1); err != nil || a < 1 {
			return colour{}, errTransparent
		}
		parts = parts[:3]
	}
	if len(parts) == 3 {
		switch name {
		case "rgb", "rgba":
			return parseParts(parts)
		case "hsl", "hsla":
			return parseHSL(parts)
		}
	}
	return colour{}, fmt.Errorf("%q is no colour that can be judged: write #rrggbb, rgb() or hsl()", s)
}

func parseHex(s string) (colour, error) {
	if len(s) == 3 {
		s = string([]byte{s[0], s[0], s[1], s[1], s[2], s[2]})
	}
	n, err := strconv.ParseUint(s, 16, 32)
	if err != nil || len(s) != 6 {
		return colour{}, fmt.Errorf("%q is no colour such as #0e4a54", "#"+s)
	}
	return colour{float64(n>>16&255) / 255, float64(n>>8&255) / 255, float64(n&255) / 255}, nil
}

func parseParts(parts []string) (c colour, err error) {
	for i, p := range parts {
		if c[i], err = number(p, 255); err != nil {
			return c, err
		}
		c[i] = min(1, max(0, c[i]))
	}
	return c, nil
}

func parseHSL(parts []string) (colour, error) {
	h, err := strconv.ParseFloat(strings.TrimSuffix(parts[0], "deg"), 64)
	if err != nil {
		return colour{}, fmt.Errorf("%q is no hue", parts[0])
	}
	s, err := number(parts[1], 100)
	if err != nil {
		return colour{}, err
	}
	l, err := number(parts[2], 100)
	if err != nil {
		return colour{}, err
	}
	var c colour
	a := s * min(l, 1-l)
	for i, n := range []float64{0, 8, 4} { // CSS Color 4 §7.1
		k := math.Mod(math.Mod(n+h/30, 12)+12, 12)
		c[i] = l - a*max(-1, min(k-3, 9-k, 1))
	}
	return c, nil
}

// number reads a percentage, or a number of which whole is 1.
func number(s string, whole float64) (float64, error) {
	text, percent := strings.CutSuffix(s, "%")
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is no number", s)
	}
	if percent {
		return v / 100, nil
	}
	return v / whole, nil
}

// String is #rrggbb.
func (c colour) String() string {
	b := func(v float64) int { return int(math.Round(v * 255)) }
	return fmt.Sprintf("#%02x%02x%02x", b(c[0]), b(c[1]), b(c[2]))
}

// luminance is relative luminance (WCAG 2.2).
func (c colour) luminance() float64 {
	sum := 0.0
	for i, weight := range []float64{.2126, .7152, .0722} {
		v := c[i]
		if v <= .04045 {
			v /= 12.92
		} else {
			v = math.Pow((v+.055)/1.055, 2.4)
		}
		sum += v * weight
	}
	return sum
}

// ratio is the contrast of two colours, from 1 to 21 (WCAG 2.2).
func ratio(a, b colour) float64 {
	x, y := a.luminance(), b.luminance()
	return (max(x, y) + .05) / (min(x, y) + .05)
}

// mix is so much of b in a.
func (c colour) mix(b colour, share float64) colour {
	for i := range c {
		c[i] += (b[i] - c[i]) * share
	}
	return c
}
