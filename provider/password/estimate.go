package password

import (
	"math"
	"strings"
	"unicode"
)

// Judge estimates how hard passwords are to guess. It is safe for concurrent use.
type Judge struct{ common *Common }

// NewJudge returns a judge that knows the embedded list.
func NewJudge() (*Judge, error) {
	c, err := LoadCommon()
	if err != nil {
		return nil, err
	}
	return &Judge{c}, nil
}

// Common says whether everybody's list has the password, plain or with the usual replacements of letters.
func (j *Judge) Common(password string) bool {
	return j.common.Has(password) || j.common.Has(plainLetters(password))
}

// judged bounds, in runes, what is looked at: what comes after it is taken as it is.
const judged = 64

// Bits estimates the guesses that a clever attacker needs, as a power of two. personal are words that the attacker knows, such as names. The estimate is of the
// cheapest way to read the password as a row of pieces: known words, names, runs of a keyboard or an alphabet, repetitions, years, and else single characters.
func (j *Judge) Bits(password string, personal []string) float64 {
	runes := []rune(strings.ToLower(password))
	extra := max(0, len(runes)-judged)
	runes = runes[:len(runes)-extra]
	per := bitsOfRune(password)
	known := map[string]bool{}
	for _, p := range personal {
		for _, w := range strings.FieldsFunc(strings.ToLower(p), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
			if len(w) >= 3 {
				known[w] = true
			}
		}
	}
	best := make([]float64, len(runes)+1)
	for end := 1; end <= len(runes); end++ {
		best[end] = best[end-1] + per
		for start := 0; start <= end-3; start++ {
			if bits := best[start] + j.piece(string(runes[start:end]), runes[start:end], known, per); bits < best[end] {
				best[end] = bits
			}
		}
	}
	upper := 0.0
	if strings.ToLower(password) != password {
		upper = 2 // where the capitals are is mostly easy to guess
	}
	return best[len(runes)] + upper + float64(extra)*0.5
}

// piece is what it takes to guess a text as one known thing, +Inf where it is none.
func (j *Judge) piece(text string, runes []rune, known map[string]bool, per float64) float64 {
	bits := math.Inf(1)
	take := func(b float64) { bits = min(bits, b) }
	n := math.Log2(float64(len(runes)))
	switch {
	case known[text]:
		take(2)
	case known[plainLetters(text)]:
		take(4)
	}
	if base := wordBits(text, plainLetters(text), j.common); base > 0 {
		take(base)
	}
	if run(runes) || keyboard(text) {
		take(5.5 + n)
	}
	if unit := repeated(runes); unit > 0 {
		take(float64(unit)*per + n)
	}
	if year(text) {
		take(7.2)
	}
	if date(text) {
		take(15.3)
	}
	return bits
}

// wordBits is the cost of a known word; 0 where it is none.
func wordBits(text, plain string, common *Common) float64 {
	cost := 0.0
	if plain != text {
		cost = 2
	}
	switch {
	case everyday[plain]:
		return 9 + cost
	case len(plain) >= CommonMin && common.Has(plain), len(text) >= CommonMin && common.Has(text):
		return 16 + cost
	}
	return 0
}

// bitsOfRune is what a character is worth that nothing is known about: by the kinds of characters that there are, in the way of NIST SP 800-63-2 appendix A not above 6.
func bitsOfRune(password string) float64 {
	size := 0.0
	var digit, lower, upper, mark, other bool
	for _, r := range password {
		switch {
		case r >= '0' && r <= '9':
			digit = true
		case r >= 'a' && r <= 'z':
			lower = true
		case r >= 'A' && r <= 'Z':
			upper = true
		case r < 0x80:
			mark = true
		default:
			other = true
		}
	}
	for _, kind := range []struct {
		there bool
		size  float64
	}{{digit, 10}, {lower, 26}, {upper, 26}, {mark, 33}, {other, 40}} {
		if kind.there {
			size += kind.size
		}
	}
	return min(6, math.Log2(max(size, 2)))
}
