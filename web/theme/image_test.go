package theme

import (
	"bytes"
	"image"
	"image/png"
	"path/filepath"
	"strings"
	"testing"
)

const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 50">`

func TestSVG(t *testing.T) {
	for name, tc := range map[string]struct{ svg, want string }{
		"a path":              {svg + `<title>Harbour</title><g fill="#123"><path d="M0 0h10"/></g></svg>`, ""},
		"gradient":            {svg + `<defs><linearGradient id="a"><stop offset="0" stop-color="#fff"/></linearGradient></defs><rect width="9" height="9" fill="url(#a)"/></svg>`, ""},
		"what editors leave":  {`<?xml version="1.0"?><!DOCTYPE svg PUBLIC "x" "y"><svg xmlns="http://www.w3.org/2000/svg" xmlns:i="http://inkscape.example" width="20px" height="10px"><!-- x --><metadata><b/></metadata><i:view a="b"><i:c/></i:view><path i:label="x" class="y" d="M0 0"/></svg>`, ""},
		"script":              {svg + "\n<script>alert(1)</script></svg>", "logo.svg:2: has <script>, which a logo may not have"},
		"handler":             {svg + `<path onload="x" d="M0 0"/></svg>`, "logo.svg:1: has the attribute onload"},
		"style element":       {svg + `<style>*{}</style></svg>`, "logo.svg:1: has <style>"},
		"style attribute":     {svg + `<path style="fill:red" d="M0 0"/></svg>`, "has the attribute style, which a logo may not have: write fill, stroke"},
		"foreign object":      {svg + `<foreignObject><p xmlns="http://www.w3.org/1999/xhtml">x</p></foreignObject></svg>`, "has <foreignObject>"},
		"picture":             {svg + `<image href="https://evil.example/x.png"/></svg>`, "has <image>"},
		"link":                {svg + `<a href="https://evil.example"><path d="M0 0"/></a></svg>`, "has <a>"},
		"animation":           {svg + `<animate attributeName="href"/></svg>`, "has <animate>"},
		"use of elsewhere":    {svg + `<use href="https://evil.example/x.svg#a"/></svg>`, `refers to "https://evil.example/x.svg#a"`},
		"xlink of elsewhere":  {`<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 1 1"><use xlink:href="data:x"/></svg>`, `refers to "data:x"`},
		"fill from elsewhere": {svg + `<path fill="URL( 'https://evil.example/x#a' )" d="M0 0"/></svg>`, `refers to "https://evil.example/x#a"`},
		"javascript":          {svg + `<path fill="javascript:x" d="M0 0"/></svg>`, "which a logo may not have"},
		"entities":            {`<!DOCTYPE svg [<!ENTITY a "b">]>` + svg + `</svg>`, "logo.svg:1: has a declaration that a drawing does not need"},
		"an entity":           {svg + `<text>&a;</text></svg>`, "is no well-formed SVG"},
		"not closed":          {svg, "is no well-formed SVG"},
		"HTML":                {`<html><body/></html>`, "has <html>"},
		"no size":             {`<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0"/></svg>`, "has no <svg> with a viewBox"},
		"nothing":             {``, "has no <svg>"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := put(t, map[string]string{"logo.svg": tc.svg})
			got := faults(t, Source{Logo: filepath.Join(dir, "logo.svg")}, dir)
			if tc.want == "" && got != "" || !strings.Contains(got, tc.want) {
				t.Errorf("%s\nwant %s", got, tc.want)
			}
		})
	}
	dir := put(t, map[string]string{"logo.svg": svg + `<!-- x --><path class="a" d="M0 0&#x22;"/></svg>`})
	th, err := Read(Source{Logo: filepath.Join(dir, "logo.svg")}, base(t))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(th.Logo.Content), svg+`<path d="M0 0&#34;"></path></svg>`; got != strings.Replace(want, ` viewBox="0 0 200 50"`, ` viewBox="0 0 200 50"`, 1) || th.Logo.Width != 144 || th.Logo.Height != 36 {
		t.Errorf("%s %d×%d", got, th.Logo.Width, th.Logo.Height)
	}
}

func TestPictures(t *testing.T) {
	var small, wide bytes.Buffer
	if err := png.Encode(&small, image.NewRGBA(image.Rect(0, 0, 72, 72))); err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(&wide, image.NewGray(image.Rect(0, 0, 3000, 10))); err != nil {
		t.Fatal(err)
	}
	dir := put(t, map[string]string{"a.png": small.String(), "wide.png": wide.String(), "cut.png": small.String()[:60], "b.gif": "GIF89a", "large.svg": strings.Repeat(" ", maxLogo+1)})
	th, err := Read(Source{Logo: filepath.Join(dir, "a.png"), LogoDark: filepath.Join(dir, "a.png")}, base(t))
	if err != nil || th.Logo.Width != 36 || th.Logo.Height != 36 || th.LogoDark.ContentType != "image/png" {
		t.Fatalf("%+v, %v", th, err)
	}
	for file, want := range map[string]string{"wide.png": "is 3000 × 10 pixels", "cut.png": "is a broken picture", "b.gif": "is no SVG, PNG or WebP picture", "large.svg": "has 65537 bytes; at most 65536", "none.png": "cannot be read"} {
		if got := faults(t, Source{Logo: filepath.Join(dir, file)}, dir); !strings.HasPrefix(got, file+": "+want) {
			t.Errorf("%s: %s", file, got)
		}
	}
	if got := faults(t, Source{LogoDark: filepath.Join(dir, "a.png")}, dir); got != "logo_dark: is set, and logo is not" {
		t.Error(got)
	}
}
