package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

const sbomType = "application/vnd.cyclonedx+json"

// billOfMaterials lists what is in the image, as CycloneDX 1.6: the binaries with their sums, and everything of others with its
// licences where its texts tell them. It says which modules are there, not which of them needs which.
func billOfMaterials(a *about, built []*binary, mods *modules) ([]byte, error) {
	self := cdx.Component{BOMRef: "latchkey", Type: cdx.ComponentTypeContainer, Name: "latchkey", Version: a.version, Licenses: licenses([]string{license})}
	bom := cdx.NewBOM()
	bom.Metadata = &cdx.Metadata{Timestamp: a.created.Format(time.RFC3339), Component: &self}
	below := []string{}
	list := []cdx.Component{}
	for _, b := range built {
		list = append(list, cdx.Component{
			BOMRef: "latchkey/linux/" + b.arch, Type: cdx.ComponentTypeApplication, Name: "latchkey-linux-" + b.arch, Version: a.version, Licenses: licenses([]string{license}),
			Hashes: &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: hex.EncodeToString(b.sum[:])}},
		})
	}
	for _, m := range mods.list {
		list = append(list, m.component())
	}
	for _, c := range list {
		below = append(below, c.BOMRef)
	}
	bom.Components = &list
	bom.Dependencies = &[]cdx.Dependency{{Ref: self.BOMRef, Dependencies: &below}}
	draft, err := encode(bom)
	if err != nil {
		return nil, err
	}
	bom.SerialNumber = serial(draft)
	return encode(bom)
}

// component is a module as CycloneDX has it.
func (m *module) component() cdx.Component {
	c := cdx.Component{Type: cdx.ComponentTypeLibrary, Name: m.path, Version: m.version, Licenses: licenses(m.licenses)}
	switch m.path {
	case font:
		c.Type, c.BOMRef = cdx.ComponentTypeFile, m.path
	default:
		c.PackageURL = "pkg:golang/" + m.path + "@" + strings.ReplaceAll(m.version, "+", "%2B")
		c.BOMRef = c.PackageURL
	}
	if m.sum != "" { // of the tree of files, not of one file: no hash in the sense of CycloneDX
		c.Properties = &[]cdx.Property{{Name: "go.sum", Value: m.sum}}
	}
	return c
}

// licenses are all that hold at once; nil where they could not be told.
func licenses(ids []string) *cdx.Licenses {
	if len(ids) == 0 {
		return nil
	}
	l := cdx.Licenses{}
	for _, id := range ids {
		if slices.Contains(spdx, id) {
			l = append(l, cdx.LicenseChoice{License: &cdx.License{ID: id}})
		} else {
			l = append(l, cdx.LicenseChoice{License: &cdx.License{Name: id}})
		}
	}
	return &l
}

// spdx are the identifiers of the SPDX list that we have met; others are given as plain names.
var spdx = []string{"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MPL-2.0", "OFL-1.1", "Unlicense", "CC0-1.0", "0BSD", "Zlib"}

// serial is a UUID that depends on the content alone (RFC 9562 §5.8).
func serial(content []byte) string {
	u := sha256.Sum256(content)
	u[6], u[8] = u[6]&0x0f|0x80, u[8]&0x3f|0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", u[0:4], u[4:6], u[6:8], u[8:10], u[10:16])
}

func encode(bom *cdx.BOM) ([]byte, error) {
	var out bytes.Buffer
	e := cdx.NewBOMEncoder(&out, cdx.BOMFileFormatJSON).SetPretty(true).SetEscapeHTML(false)
	err := e.EncodeVersion(bom, cdx.SpecVersion1_6)
	return out.Bytes(), err
}
