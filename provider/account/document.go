package account

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf8"
)

// documentType tells what a document is from its bytes alone. Names and declared types are the sender's word.
func documentType(b []byte) (documentKind, bool) {
	switch {
	case bytes.HasPrefix(b, []byte("%PDF-")):
		return documentKind{"application/pdf", ".pdf"}, true
	case isDOC(b):
		return documentKind{"application/msword", ".doc"}, true
	case bytes.HasPrefix(b, []byte("PK\x03\x04")):
		if isDOCX(b) {
			return documentKind{"application/vnd.openxmlformats-officedocument.wordprocessingml.document", ".docx"}, true
		}
	case isText(b):
		return documentKind{"text/plain; charset=utf-8", ".txt"}, true
	}
	return documentKind{}, false
}

// isDOC finds the compound file header ([MS-CFB] §2.2) and, in its directory, a stream with Word's name: spreadsheets and installers
// have the same header.
func isDOC(b []byte) bool {
	const header = 512
	if len(b) < header || !bytes.HasPrefix(b, []byte{0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1}) {
		return false
	}
	var name []byte // UTF-16LE
	for _, r := range "WordDocument" {
		name = binary.LittleEndian.AppendUint16(name, uint16(r)) // #nosec G115 -- ASCII
	}
	return bytes.Contains(b[header:], name)
}

// isDOCX finds the parts that every Word document has (ECMA-376 part 2). Only the directory of the archive is read.
func isDOCX(b []byte) bool {
	archive, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return false
	}
	var types, word bool
	for _, f := range archive.File {
		types = types || f.Name == "[Content_Types].xml"
		word = word || strings.HasPrefix(f.Name, "word/document") && strings.HasSuffix(f.Name, ".xml")
	}
	return types && word
}

// isText is UTF-8 without control characters but tab, line feed, form feed and carriage return.
func isText(b []byte) bool {
	if !utf8.Valid(b) {
		return false
	}
	for _, r := range string(b) {
		if r < 0x20 && r != '\t' && r != '\n' && r != '\f' && r != '\r' || r >= 0x7f && r < 0xa0 {
			return false
		}
	}
	return true
}
