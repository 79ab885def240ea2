package zones

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "pack the time zones of this Go toolchain")

// database are the zones of the Go toolchain.
func database(t *testing.T) map[string][]byte {
	t.Helper()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	z, err := zip.OpenReader(filepath.Join(strings.TrimSpace(string(root)), "lib", "time", "zoneinfo.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	zones := make(map[string][]byte)
	for _, f := range z.File {
		if strings.HasSuffix(f.Name, "/") {
			continue
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if zones[f.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	return zones
}

// pack is what zones.deflate holds. Zones that are alike stand together, which makes them small.
func pack(t *testing.T, zones map[string][]byte) []byte {
	t.Helper()
	names := make(map[string][]string)
	for name, data := range zones {
		names[string(data)] = append(names[string(data)], name)
	}
	var all []string
	for data := range names {
		slices.Sort(names[data])
		all = append(all, data)
	}
	slices.Sort(all)
	var line []string
	for _, data := range all {
		line = append(line, fmt.Sprintf("%d:%s", len(data), strings.Join(names[data], "=")))
	}
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, strings.Join(line, " ")+"\n"+strings.Join(all, "")); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestEveryZone: whatever zone the Go toolchain knows, ours do, without a machine that helps; with the same toolchain they are the same.
func TestEveryZone(t *testing.T) {
	zones := database(t)
	if len(zones) < 500 {
		t.Fatalf("%d zones only", len(zones))
	}
	want := pack(t, zones)
	if *update {
		if err := os.WriteFile("zones.deflate", want, 0o644); err != nil {
			t.Fatal(err)
		}
		packed = want
	}
	same := bytes.Equal(want, packed)
	all, err := io.ReadAll(flate.NewReader(bytes.NewReader(packed)))
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range zones {
		ours, err := unpack(bytes.NewReader(all), name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		theirs, err := time.LoadLocationFromTZData(name, data)
		if err != nil {
			t.Fatal(err)
		}
		for year := 1900; same && year < 2060; year += 5 {
			for _, month := range []time.Month{time.January, time.July} {
				at := time.Date(year, month, 1, 0, 0, 0, 0, time.UTC)
				if a, b := at.In(ours).String(), at.In(theirs).String(); a != b {
					t.Errorf("%s: %s, want %s", name, a, b)
				}
			}
		}
	}
}

func TestLoad(t *testing.T) {
	t.Setenv("ZONEINFO", filepath.Join(t.TempDir(), "none"))
	at := time.Date(2031, 7, 1, 12, 0, 0, 0, time.UTC)
	for name, want := range map[string]string{
		"Europe/Berlin": "14:00 CEST", "Asia/Kathmandu": "17:45 +0545", "America/Argentina/Ushuaia": "09:00 -03", "UTC": "12:00 UTC", "": "12:00 UTC", "GB": "13:00 BST",
	} {
		for range 2 { // the second time it is there
			zone, err := Load(name)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if have := at.In(zone).Format("15:04 MST"); have != want {
				t.Errorf("%s: %s, want %s", name, have, want)
			}
		}
	}
	for _, name := range []string{"Europe/Nowhere", "Europe", "Berlin", "148:", "Europe/Berlin=GB", "../etc/passwd", "europe/berlin "} {
		if _, err := Load(name); err == nil {
			t.Errorf("%q is a time zone", name)
		}
	}
}
