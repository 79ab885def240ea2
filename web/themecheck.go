package web

import (
	"bytes"
	"errors"
	"maps"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	template "github.com/DataDog/datadog-agent/pkg/template/html"

	"latchkey/web/theme"
	"latchkey/web/words"
)

// LoadTheme reads a theme, and proves it: its words are those of messages that there are, its templates are parsed over ours, and every sample of every page is
// drawn with them. brand and defaultLocale are as in [Deps]. Its error is [theme.Faults], or a fault of ours.
func LoadTheme(src theme.Source, brand, defaultLocale string) (*theme.Theme, error) {
	th := &theme.Theme{}
	if !src.IsZero() {
		base, err := stylesheet()
		if err != nil {
			return nil, err
		}
		if th, err = theme.Read(src, base); err != nil {
			return nil, err
		}
	}
	if _, err := words.Load(defaultLocale, th.Locales); err != nil {
		return nil, localeFaults(src.Locales, err)
	}
	if len(th.Templates) == 0 {
		return th, nil
	}
	ours, err := newSite(Deps{Issuer: sampleAddress, Brand: brand, SignUpOpen: true, ResetOpen: true, MailSignIn: true, MailSignInTTL: 15 * time.Minute, RecoveryWait: 72 * time.Hour, Now: sampleTime})
	if err != nil {
		return nil, err
	}
	var faults theme.Faults
	for _, b := range th.Templates {
		faults = append(faults, ours.inspect(b)...)
	}
	if len(faults) > 0 {
		return nil, faults
	}
	d := ours.Deps
	d.Theme = th
	theirs, err := newSite(d)
	if err != nil {
		return nil, theme.Faults{culprit(d, th.Templates, err)}
	}
	if faults = theirs.prove(ours); len(faults) > 0 {
		return nil, faults
	}
	return th, nil
}

// sampleAddress is the issuer of the samples.
const sampleAddress = "https://id.example"

func localeFaults(dir string, err error) error {
	found, ok := errors.AsType[words.Faults](err)
	if !ok {
		return theme.Faults{{Part: "locales", Problem: err.Error()}}
	}
	var faults theme.Faults
	for _, f := range found {
		faults = append(faults, theme.Fault{Part: "locales", File: filepath.Join(dir, f.File), Line: f.Line, Problem: f.Problem})
	}
	return faults
}

// fixed are the frames of pages, which cannot be replaced: the page's policy and its script hang on them.
func fixed(name string) bool {
	switch name {
	case "head", "bow", "portal", "bare", "key", "content", "token", "scripts", "menu":
		return true
	}
	return strings.HasSuffix(name, ".html")
}

// blocks are the names that a template of an operator may have.
func (s *Site) blocks() []string {
	names := map[string]bool{}
	for page, p := range s.pages {
		names["pages/"+page] = true
		t, err := p.parsed()
		if err != nil {
			continue // of our own, which tests draw
		}
		for _, one := range t.Templates() {
			if n := one.Name(); n != page && !fixed(n) {
				names[n] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// sign is how something is recognised that has no place in a template.
type sign struct {
	sign *regexp.Regexp
	what string
}

// refused is what the pages' policy would block, or what would break them. Most issuers have no templates of their own: nothing of it is made for them.
var refused = sync.OnceValue(func() []sign {
	return []sign{
		{regexp.MustCompile(`(?i)<script\b`), "a <script>: pages run no script but ours, and their policy would block it"},
		{regexp.MustCompile(`(?i)<style\b`), "a <style>: the pages' policy would block it; set tokens in the theme's stylesheet"},
		{regexp.MustCompile(`(?i)\sstyle\s*=`), "a style attribute: the pages' policy would block it"},
		{regexp.MustCompile(`(?i)\son[a-z]+\s*=`), "a handler such as onclick: the pages' policy would block it"},
		{regexp.MustCompile(`(?i)<(iframe|object|embed|base|frame)\b`), "an element that the pages' policy would block"},
		{regexp.MustCompile(`(?i)javascript:`), "an address that is a script: the pages' policy would block it"},
		{regexp.MustCompile(`(?i)\ssrc(set)?\s*=\s*["']?(https?:)?//`), "a picture from another host: the pages' policy would block it"},
		{regexp.MustCompile(`(?i)<link\b[^>]*href\s*=\s*["']?(https?:)?//`), "a file from another host: the pages' policy would block it"},
		{regexp.MustCompile(`\{\{-?\s*(define|block)\b`), "a template of its own: the file is the block"},
	}
})

// inspect looks at a block before it is parsed.
func (s *Site) inspect(b theme.Block) (faults theme.Faults) {
	line := func(at int) int { return 1 + strings.Count(b.Text[:at], "\n") }
	if !slices.Contains(s.blocks(), b.Name) {
		return theme.Faults{{Part: "templates", File: b.File, Line: 1, Problem: "there is no block or page " + b.Name + "; there are: " + strings.Join(s.blocks(), ", ")}}
	}
	for _, r := range refused() {
		if at := r.sign.FindStringIndex(b.Text); at != nil {
			faults = append(faults, theme.Fault{Part: "templates", File: b.File, Line: line(at[0] + strings.Count(b.Text[at[0]:at[1]], "\n")), Problem: "has " + r.what})
		}
	}
	if _, err := template.New(path.Base(b.Name)).Funcs(s.functions()).Parse(b.Text); err != nil {
		faults = append(faults, blockFault([]theme.Block{b}, err))
	}
	return faults
}

// culprit finds the block that a fault without a place is in: the one that fails alone.
func culprit(d Deps, blocks []theme.Block, err error) theme.Fault {
	f := blockFault(blocks, err)
	for _, b := range blocks {
		if f.File != "" {
			break
		}
		alone := *d.Theme
		alone.Templates = []theme.Block{b}
		d.Theme = &alone
		if _, err := newSite(d); err != nil {
			f.File, f.Line = b.File, 1
		}
	}
	return f
}

var place = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`template: ?"?([^:"]+)"?:(\d+)(?::\d+)?: (.*)$`) })

// blockFault says in which file and line a template failed.
func blockFault(blocks []theme.Block, err error) theme.Fault {
	f := theme.Fault{Part: "templates", Problem: err.Error()}
	m := place().FindStringSubmatch(err.Error())
	if m == nil {
		return f
	}
	for _, b := range blocks {
		if m[1] == b.Name || m[1] == path.Base(b.Name) || m[1] == "content" && strings.HasPrefix(b.Name, "pages/") {
			f.File, f.Problem = b.File, m[3]
			f.Line, _ = strconv.Atoi(m[2])
		}
	}
	return f
}

var control = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`<(?:input|button|select|textarea)\b[^>]*?\sname="([^"]+)"|<form\b[^>]*?\saction="([^"]+)"`)
})

// controls are the fields and targets of the forms of a page.
func controls(page []byte) map[string]bool {
	set := map[string]bool{}
	for _, m := range control().FindAllSubmatch(page, -1) {
		switch name, action := string(m[1]), string(m[2]); {
		case name == "lang" || name == "theme" || name == "back" || action == "/prefs": // a footer may do without the choice of language and theme
		case name != "":
			set["the field "+name] = true
		default:
			set["the form that goes to "+action] = true
		}
	}
	return set
}

var anchor = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\shref="#([^"]+)"`) })

// missingTargets are what a page refers to within itself, and has not.
func missingTargets(page []byte) (names []string) {
	for _, m := range anchor().FindAllSubmatch(page, -1) {
		if id := string(m[1]); !bytes.Contains(page, []byte(` id="`+id+`"`)) {
			names = append(names, `the element with id="`+id+`"`)
		}
	}
	return names
}

// prove draws every sample with the operator's templates and with ours, and misses what a form needs.
func (s *Site) prove(ours *Site) (faults theme.Faults) {
	c, _ := s.words.Get(words.Fallback)
	mine, _ := ours.words.Get(words.Fallback)
	missed := map[string]bool{}
	for _, one := range Samples() {
		var blocks []theme.Block // those that this page can have failed by
		for _, b := range s.Theme.Templates {
			if p, whole := strings.CutPrefix(b.Name, "pages/"); !whole || p == one.page {
				blocks = append(blocks, b)
			}
		}
		add := func(f theme.Fault) {
			if !slices.ContainsFunc(faults, func(g theme.Fault) bool { return g.File == f.File && g.Problem == f.Problem }) {
				faults = append(faults, f)
			}
		}
		page, err := s.sample(s.frame(c, ""), one)
		if err != nil {
			add(blockFault(blocks, err))
			continue
		}
		before, err := ours.sample(ours.frame(mine, ""), one)
		if err != nil {
			continue // ours to find in tests
		}
		have := controls(page)
		needed := append(slices.Sorted(maps.Keys(controls(before))), missingTargets(page)...)
		for _, name := range needed {
			if !have[name] && len(blocks) > 0 && !missed[one.page+name] {
				missed[one.page+name] = true
				last := blocks[len(blocks)-1]
				add(theme.Fault{Part: "templates", File: last.File, Line: 1, Problem: "the page " + one.page + " lacks " + name + " (state " + one.Name + ")"})
			}
		}
	}
	return faults
}
