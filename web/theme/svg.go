package theme

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

const svgSpace = "http://www.w3.org/2000/svg"

// svgElements are those that draw. What runs, loads, links or animates is not among them.
var svgElements = words("svg g path rect circle ellipse line polyline polygon defs linearGradient radialGradient stop clipPath mask symbol use title desc text tspan")

// svgAttributes are those that they may have.
var svgAttributes = words("id viewBox width height x y x1 y1 x2 y2 dx dy cx cy r rx ry fx fy d points transform fill fill-opacity fill-rule clip-rule clip-path mask stroke stroke-width stroke-linecap " +
	"stroke-linejoin stroke-miterlimit stroke-dasharray stroke-dashoffset stroke-opacity opacity offset stop-color stop-opacity gradientUnits gradientTransform spreadMethod clipPathUnits maskUnits " +
	"maskContentUnits preserveAspectRatio font-family font-size font-weight font-style letter-spacing text-anchor color version href role aria-label aria-hidden vector-effect display")

func words(list string) map[string]bool {
	set := map[string]bool{}
	for w := range strings.FieldsSeq(list) {
		set[w] = true
	}
	return set
}

type svgFault struct {
	line    int
	problem string
}

type svgCleaner struct {
	out    bytes.Buffer
	faults []svgFault
	line   int
	// skip is how deep we are in what editors leave and nobody sees.
	skip int
	// depth of open elements, and the size of the drawing.
	depth         int
	width, height float64
}

// cleanSVG writes a drawing anew with what draws alone. What could run, load or link is a fault, not left out: whoever put it there should know.
func cleanSVG(raw []byte) (clean []byte, width, height float64, faults []svgFault) {
	d := xml.NewDecoder(bytes.NewReader(raw))
	d.Strict = true
	d.CharsetReader = func(string, io.Reader) (io.Reader, error) { return nil, fmt.Errorf("only UTF-8 is read") }
	c := &svgCleaner{}
	for {
		c.line, _ = d.InputPos()
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			c.fault("is no well-formed SVG: %v", err)
			break
		}
		c.token(t)
	}
	if len(c.faults) == 0 && (c.out.Len() == 0 || c.width <= 0 || c.height <= 0) {
		c.line = 1
		c.fault("has no <svg> with a viewBox, or with width and height")
	}
	return c.out.Bytes(), c.width, c.height, c.faults
}

func (c *svgCleaner) fault(format string, args ...any) {
	c.faults = append(c.faults, svgFault{c.line, fmt.Sprintf(format, args...)})
}

func (c *svgCleaner) token(t xml.Token) {
	switch t := t.(type) {
	case xml.Directive:
		if !bytes.HasPrefix(bytes.ToUpper(t), []byte("DOCTYPE SVG")) || bytes.ContainsAny(t, "[") {
			c.fault("has a declaration that a drawing does not need")
		}
	case xml.StartElement:
		c.start(t)
	case xml.EndElement:
		if c.skip > 0 {
			c.skip--
			return
		}
		c.depth--
		fmt.Fprintf(&c.out, "</%s>", t.Name.Local)
	case xml.CharData:
		if c.skip == 0 && c.depth > 0 && len(bytes.TrimSpace(t)) > 0 {
			_ = xml.EscapeText(&c.out, t) // a buffer takes everything
		}
	}
}

func (c *svgCleaner) start(t xml.StartElement) {
	if c.skip > 0 || t.Name.Space != svgSpace && t.Name.Space != "" || t.Name.Local == "metadata" {
		if c.depth == 0 && c.skip == 0 {
			c.fault("begins with <%s>, which is no drawing", t.Name.Local)
		}
		c.skip++
		return
	}
	if !svgElements[t.Name.Local] || c.depth == 0 && t.Name.Local != "svg" {
		c.fault("has <%s>, which a logo may not have", t.Name.Local)
	}
	c.out.WriteString("<" + t.Name.Local)
	if c.depth == 0 {
		c.out.WriteString(` xmlns="` + svgSpace + `"`)
		c.size(t.Attr)
	}
	for _, a := range t.Attr {
		c.attribute(a)
	}
	c.out.WriteByte('>')
	c.depth++
}

var (
	ownPart = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^#[A-Za-z_][\w.-]*$`) })
	urls    = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?i)url\(\s*['"]?([^'")]*)['"]?\s*\)`) })
)

func (c *svgCleaner) attribute(a xml.Attr) {
	name := a.Name.Local
	switch {
	case a.Name.Space == "xmlns" || name == "xmlns" || name == "class" || name == "space" && a.Name.Space != "":
		return // names of namespaces; classes, without a stylesheet, are for nobody
	case name == "href" && (a.Name.Space == "" || a.Name.Space == "http://www.w3.org/1999/xlink"):
		if !ownPart().MatchString(a.Value) {
			c.fault("refers to %q; a logo refers to its own parts alone", a.Value)
		}
	case a.Name.Space != "":
		return // what editors note for themselves
	case !svgAttributes[name]:
		c.fault("has the attribute %s, which a logo may not have%s", name, instead(name))
	}
	for _, m := range urls().FindAllStringSubmatch(a.Value, -1) {
		if !ownPart().MatchString(strings.TrimSpace(m[1])) {
			c.fault("refers to %q; a logo refers to its own parts alone", m[1])
		}
	}
	if strings.ContainsAny(a.Value, `\`) || strings.Contains(strings.ToLower(a.Value), "script:") {
		c.fault("has %s=%q, which a logo may not have", name, a.Value)
	}
	c.out.WriteString(" " + name + `="`)
	_ = xml.EscapeText(&c.out, []byte(a.Value)) // a buffer takes everything
	c.out.WriteByte('"')
}

func instead(name string) string {
	if name == "style" {
		return ": write fill, stroke and the like as attributes of their own"
	}
	return ""
}

// size is that of the viewBox, else of width and height.
func (c *svgCleaner) size(attrs []xml.Attr) {
	for _, a := range attrs {
		switch v := strings.FieldsFunc(a.Value, func(r rune) bool { return r == ' ' || r == ',' }); {
		case a.Name.Local == "viewBox" && len(v) == 4:
			c.width, _ = strconv.ParseFloat(v[2], 64)
			c.height, _ = strconv.ParseFloat(v[3], 64)
			return
		case a.Name.Local == "width":
			c.width, _ = strconv.ParseFloat(strings.TrimSuffix(a.Value, "px"), 64)
		case a.Name.Local == "height":
			c.height, _ = strconv.ParseFloat(strings.TrimSuffix(a.Value, "px"), 64)
		}
	}
}
