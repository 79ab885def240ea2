package chart

import (
	"regexp"
	"strings"
)

var valueLine = regexp.MustCompile(`^( *)([A-Za-z][A-Za-z0-9]*):(.*)$`)

// Comments are the comments above the keys of values.yaml, by path. Lines that begin with "##" are sections' titles and belong to no key.
func Comments(text string) map[string]string {
	docs := map[string]string{}
	for _, v := range valueLines(text) {
		docs[v.path] = v.doc
	}
	return docs
}

// valueOf is a key of values.yaml with what stands above it.
type valueOf struct{ path, doc, section string }

// valueLines lists the keys of values.yaml in their order.
func valueLines(text string) (out []valueOf) {
	var doc []string
	var open []string
	section := ""
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		trimmed := strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "## "):
			section, doc = strings.TrimPrefix(line, "## "), nil
		case strings.HasPrefix(trimmed, "# ----"): // marks within the file
		case strings.HasPrefix(trimmed, "# "):
			doc = append(doc, strings.TrimPrefix(trimmed, "# "))
		case trimmed == "":
			doc = nil
		default:
			if m := valueLine.FindStringSubmatch(line); m != nil {
				open = append(open[:min(len(m[1])/2, len(open))], m[2])
				out = append(out, valueOf{strings.Join(open, "."), strings.Join(doc, " "), section})
			}
			doc = nil
		}
	}
	return out
}
