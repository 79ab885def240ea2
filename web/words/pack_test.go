package words

import (
	"bytes"
	"compress/flate"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the packed words anew")

// everything is what catalogues say, by language and key.
func everything(cs *Catalogues) map[string]map[string]entry {
	all := map[string]map[string]entry{}
	for _, tag := range cs.Tags() {
		c := cs.byTag[tag]
		all[tag] = map[string]entry{"_meta": entry(c.Name + " " + c.Dir)}
		for _, key := range c.keys() {
			all[tag][key], _ = c.entry(key)
		}
	}
	return all
}

// packWords makes what is embedded of catalogues, all of which have every key of English.
func packWords(cs *Catalogues) ([]byte, error) {
	var head, body bytes.Buffer
	add := func(tag, name, dir string, lines []string) error {
		text, before := strings.Join(lines, "\n"), body.Len()
		if strings.Count(text, "\n") != len(lines)-1 {
			return fmt.Errorf("pack words: %s has a message of several lines", tag)
		}
		w, err := flate.NewWriter(&body, flate.BestCompression)
		if err == nil {
			if _, err = io.WriteString(w, text); err == nil {
				err = w.Close()
			}
		}
		_, _ = fmt.Fprintf(&head, "%s\t%s\t%s\t%d\t%d\n", tag, name, dir, body.Len()-before, len(text)) // a buffer takes everything
		return err
	}
	keys := cs.Keys()
	err := add("", "", "", keys)
	for _, tag := range cs.Tags() {
		c := cs.byTag[tag]
		messages := make([]string, len(keys))
		for i, key := range keys {
			e, ok := c.entry(key)
			if !ok {
				return nil, fmt.Errorf("pack words: %s lacks %s", tag, key)
			}
			messages[i] = string(e)
		}
		if err == nil {
			err = add(tag, c.Name, c.Dir, messages)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("pack words: %w", err)
	}
	return append(append(head.Bytes(), '\n'), body.Bytes()...), nil
}

// TestGoldenPack: what is embedded says what the files of locales say. The bytes are not compared: another version of Go may compress otherwise.
func TestGoldenPack(t *testing.T) {
	files, err := LoadFS(os.DirFS("locales"), nil, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := unpack(packed); *update && (err != nil || cmp.Diff(everything(files), everything(load(t))) != "") {
		b, err := packWords(files)
		if err == nil {
			err = os.WriteFile("packed.bin", b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(everything(files), everything(load(t))); diff != "" {
		t.Errorf("packed.bin is not made of these files; `make generate` makes it (-files +packed):\n%s", diff)
	}
}

func TestUnpackRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"nothing": "", "no head": "x", "too few fields": "en\tEnglish\tltr\t1\n\nx", "no size": "en\tEnglish\tltr\tx\t1\n\nx", "no size unpacked": "en\tEnglish\tltr\t1\tx\n\nx",
		"less than it says": "\t\t\t9\t9\n\nx", "more than it says": "\t\t\t1\t1\n\nxx", "no keys": "en\tEnglish\tltr\t1\t1\n\nx",
	} {
		if _, err := unpack(text); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestPackRefuses: a pack has each key of English in each language, on one line.
func TestPackRefuses(t *testing.T) {
	for name, files := range map[string][]string{
		"a key too few": {"en.json", `{"_meta":{"name":"English","dir":"ltr"},"a":"x"}`, "de.json", `{"_meta":{"name":"Deutsch","dir":"ltr"}}`},
		"two lines":     {"en.json", `{"_meta":{"name":"English","dir":"ltr"},"a":"x\ny"}`},
	} {
		cs, err := LoadFS(own(files...), nil, "")
		if err != nil {
			t.Fatal(err)
		}
		if b, err := packWords(cs); err == nil {
			t.Errorf("%s: no error, %d bytes", name, len(b))
		}
	}
}
