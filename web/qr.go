package web

import (
	"fmt"
	"strings"

	"rsc.io/qr"
)

// qrQuiet is the margin that readers need, in modules (ISO/IEC 18004 §6.3.8).
const qrQuiet = 4

// qrCode is a QR code as the template "qr" draws it: one path in a square of Size modules. It is always dark on white, in the dark too: readers ask for it.
type qrCode struct {
	Size  int
	Path  string
	Label string
}

// newQR makes a code of a text. Errors: the text is too long for any.
func newQR(text, label string) (qrCode, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return qrCode{}, fmt.Errorf("make QR code: %w", err)
	}
	var b strings.Builder
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			from := x
			for x < code.Size && code.Black(x, y) {
				x++
			}
			if x > from {
				fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", from+qrQuiet, y+qrQuiet, x-from, x-from)
			}
		}
	}
	return qrCode{Size: code.Size + 2*qrQuiet, Path: b.String(), Label: label}, nil
}

// groups puts a space between every four characters.
func groups(text string) string {
	var b strings.Builder
	for i, c := range text {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(c)
	}
	return b.String()
}
