package theme

import (
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"latchkey/storage"
)

// Source says where a theme comes from. Empty fields change nothing.
type Source struct {
	// Accent and AccentDark are colours as #rrggbb; without the second one is made from the first.
	Accent, AccentDark string
	// Logo and LogoDark name SVG, PNG or WebP files, CSS a stylesheet; Templates and Locales name folders.
	Logo, LogoDark, CSS, Templates, Locales string
}

// IsZero tells whether nothing is changed.
func (s Source) IsZero() bool { return s == Source{} }

// Theme is what was read and found good. The zero value changes nothing.
type Theme struct {
	// Stylesheet goes after the embedded one; nil for none.
	Stylesheet []byte
	// Logo stands in place of the product's name, LogoDark on dark pages; nil for none.
	Logo, LogoDark *Image
	// Templates are the blocks that are replaced, in order of their files.
	Templates []Block
	// Locales has catalogues that go before the embedded ones; nil for none.
	Locales fs.FS
	// Colours are the values of tokens as #rrggbb, on light and on dark pages.
	Colours [2]map[string]string
}

// Block is a template that replaces one of ours.
type Block struct {
	// Name is that of the block or, after "pages/", of a page. File is where it was read.
	Name, File, Text string
}

// Fault is one thing that is wrong.
type Fault struct {
	// Part is the field of [Source] it is about, in small letters with underscores, such as accent_dark.
	Part string
	// File and Line say where; "" and 0 where it is the part itself.
	File    string
	Line    int
	Problem string
}

// Error says it with its place.
func (f Fault) Error() string {
	if f.File == "" {
		return f.Part + ": " + f.Problem
	}
	return f.Where() + ": " + f.Problem
}

// Where is the place as file:line, or "".
func (f Fault) Where() string {
	if f.Line == 0 {
		return f.File
	}
	return fmt.Sprintf("%s:%d", f.File, f.Line)
}

// Faults is everything that is wrong.
type Faults []Fault

// Error has one line for each.
func (fs Faults) Error() string {
	lines := make([]string, len(fs))
	for i, f := range fs {
		lines[i] = f.Error()
	}
	return strings.Join(lines, "\n")
}

// maxText bounds a stylesheet and a template, in bytes.
const maxText = 64 << 10

// Read reads the parts of a theme over the embedded stylesheet. Templates and words are read and not judged: the pages do that. Its error is [Faults].
func Read(src Source, base []byte) (*Theme, error) {
	r := reader{tokens: Tokens(base), theme: &Theme{}}
	r.accent(src)
	if src.CSS != "" {
		r.css(src.CSS)
	}
	if r.sheets.Len() > 0 {
		// Who asks for more contrast gets it from a theme too.
		r.sheets.WriteString("@media (prefers-contrast: more) { :root { --lk-control: var(--lk-ink); --lk-muted: var(--lk-ink); } }\n")
		r.theme.Stylesheet = []byte(r.sheets.String())
	}
	r.judge()
	r.theme.Logo = r.image("logo", src.Logo)
	r.theme.LogoDark = r.image("logo_dark", src.LogoDark)
	if src.LogoDark != "" && src.Logo == "" {
		r.fault("logo_dark", "", 0, "is set, and logo is not")
	}
	if src.Templates != "" {
		r.templates(src.Templates)
	}
	if src.Locales != "" {
		r.locales(src.Locales)
	}
	if len(r.faults) > 0 {
		storage.SortStable(r.faults, func(a, b Fault) int { return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line)) })
		return nil, r.faults
	}
	return r.theme, nil
}

type reader struct {
	tokens map[string]string
	// set are the declarations of the operator, in the order of the cascade.
	set    []declaration
	sheets strings.Builder
	theme  *Theme
	faults Faults
}

func (r *reader) fault(part, file string, line int, format string, args ...any) {
	f := Fault{part, file, line, fmt.Sprintf(format, args...)}
	if !slices.Contains(r.faults, f) {
		r.faults = append(r.faults, f)
	}
}

// text reads a file of at most n bytes.
func (r *reader) text(part, name string, n int64) ([]byte, bool) {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		r.fault(part, name, 0, "cannot be read: %v", reason(err))
		return nil, false
	case !info.Mode().IsRegular():
		r.fault(part, name, 0, "is no regular file")
		return nil, false
	case info.Size() > n:
		r.fault(part, name, 0, "has %d bytes; at most %d are taken", info.Size(), n)
		return nil, false
	}
	raw, err := os.ReadFile(name)
	if err != nil {
		r.fault(part, name, 0, "cannot be read: %v", reason(err))
		return nil, false
	}
	return raw, true
}
