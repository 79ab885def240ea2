package password

import (
	"strconv"
	"strings"
)

// rows are lines of keyboards, each read both ways, and what fingers find between them.
var rows = []string{
	"1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiopü", "yxcvbnm", "azertyuiop", "qsdfghjklm", "wxcvbn",
	"1q2w3e4r5t6y7u8i9o0p", "1qaz2wsx3edc4rfv5tgb6yhn7ujm", "1qay2wsx3edc4rfv", "147258369", "789456123", "abcdefghijklmnopqrstuvwxyz",
}

func reversed(s string) string {
	r := []rune(s)
	for i, j := 0, len(r)-1; i < j; i, j = i+1, j-1 {
		r[i], r[j] = r[j], r[i]
	}
	return string(r)
}

// keyboard says whether a text is a piece of a row.
func keyboard(text string) bool {
	back := reversed(text)
	for _, row := range rows {
		if strings.Contains(row, text) || strings.Contains(row, back) {
			return true
		}
	}
	return false
}

// run says whether the characters go up or down one by one.
func run(r []rune) bool {
	step := r[1] - r[0]
	if step != 1 && step != -1 {
		return false
	}
	for i := 1; i < len(r); i++ {
		if r[i]-r[i-1] != step {
			return false
		}
	}
	return true
}

// repeated is the length of the unit that a text repeats, 0 where it repeats none.
func repeated(r []rune) int {
	for unit := 1; unit <= len(r)/2; unit++ {
		if len(r)%unit != 0 {
			continue
		}
		same := true
		for i := unit; i < len(r) && same; i++ {
			same = r[i] == r[i-unit]
		}
		if same {
			return unit
		}
	}
	return 0
}

// year says whether a text is a year that people write.
func year(text string) bool {
	n, err := strconv.Atoi(text)
	return err == nil && len(text) == 4 && n >= 1900 && n <= 2049
}

// date says whether a text is a day, in the orders that people write, with or without marks between.
func date(text string) bool {
	d := strings.Map(func(r rune) rune {
		if r == '-' || r == '.' || r == '/' {
			return -1
		}
		return r
	}, text)
	for i := range d {
		if d[i] < '0' || d[i] > '9' {
			return false
		}
	}
	part := func(s string, lo, hi int) bool { n, err := strconv.Atoi(s); return err == nil && n >= lo && n <= hi }
	day := func(a, b string) bool { return part(a, 1, 31) && part(b, 1, 12) || part(a, 1, 12) && part(b, 1, 31) }
	switch len(d) {
	case 6:
		return day(d[:2], d[2:4]) || day(d[2:4], d[4:])
	case 8:
		return day(d[:2], d[2:4]) && year(d[4:]) || year(d[:4]) && day(d[4:6], d[6:])
	}
	return false
}

// leet undoes the usual replacements of letters.
var leet = strings.NewReplacer("4", "a", "@", "a", "8", "b", "3", "e", "6", "g", "1", "i", "!", "i", "0", "o", "5", "s", "$", "s", "7", "t", "+", "t", "2", "z")

func plainLetters(s string) string { return leet.Replace(strings.ToLower(s)) }
