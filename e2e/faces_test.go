package e2e

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/e2e/harness"
	"latchkey/web"
)

var newPictures = flag.Bool("pictures", false, "make the pictures of docs/pages.md anew")

var newOrder = flag.Bool("faces-order", false, "write testdata/faces-order.txt anew from what the keyboard comes to")

// gallery starts `latchkey theme preview`, and returns what the scripts need of it.
func gallery(t testing.TB) object {
	t.Helper()
	preview := harness.RunServer(t, t.TempDir(), nil, "theme", "preview", "--set", "dev=true", "--address", "localhost:0")
	var at string
	harness.Until(t, 20*time.Second, "the preview tells its address", func() error {
		at, _, _ = strings.Cut(preview.Output(), "\n")
		if !strings.HasPrefix(at, "http://localhost:") || !strings.HasSuffix(at, "/") {
			return fmt.Errorf("it says %q", preview.Output())
		}
		return nil
	})
	res, err := http.Get(at + "samples.json")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var all struct{ Pages, Mails []string }
	if err := json.NewDecoder(res.Body).Decode(&all); err != nil {
		t.Fatal(err)
	}
	var pages, mails []object
	for _, one := range web.Samples() {
		if !slices.Contains(all.Pages, one.Name) {
			t.Errorf("the preview does not show %s", one.Name)
		}
		pages = append(pages, object{"name": one.Name, "page": one.Page(), "status": one.Status, "at": "sample/" + one.Name})
	}
	for _, kind := range all.Mails {
		mails = append(mails, object{"name": "mail " + kind, "page": "mail", "status": 200, "at": "mail/" + kind})
	}
	return object{"preview": at, "samples": pages, "mails": mails, "chromium": "/usr/bin/chromium"}
}

// look runs parts of faces.mjs.
func look(t *testing.T, parts ...string) {
	t.Helper()
	in := gallery(t)
	in["parts"], in["folder"] = parts, harness.Artifacts(t, "faces")
	runNode(t, "faces.mjs", in, func(ask object) any { return object{"same": order(t, ask["text"].(string))} })
}

// TestFacesAxe: no violation of WCAG 2.0 to 2.2 A and AA, nor of best practice, in any state of any page or mail.
func TestFacesAxe(t *testing.T) { look(t, "axe") }

// TestFacesPlain: every state of every page fits, is light, silent and at rest, whatever people set for their eyes.
func TestFacesPlain(t *testing.T) { look(t, "plain") }

// TestFacesHostile: the same with text of twice the size, and with scripts and styles put in, which the pages' policy refuses.
func TestFacesHostile(t *testing.T) { look(t, "text", "injected") }

// TestFacesByHand: every state of every page by keyboard alone, and with script off.
func TestFacesByHand(t *testing.T) { look(t, "keys", "still") }

// TestFacesLive: what the script adds: codes that came whole are sent, waits are counted down, texts are copied.
func TestFacesLive(t *testing.T) { look(t, "live") }

// TestFacesWalk goes the main ways through the pages of the built binary by keyboard alone.
func TestFacesWalk(t *testing.T) {
	rp := newRelyingParty(t, "bookshop", "127.0.0.1")
	s := harness.Start(t, harness.Options{Host: "localhost", Clients: append(harness.Clients(), rp.client())})
	rp.issuer = s.Issuer
	runNode(t, "faces_walk.mjs", object{"issuer": s.Issuer, "rp": rp.at, "chromium": "/usr/bin/chromium"}, func(ask object) any {
		link, _ := s.Mail.Link(t, ask["to"].(string), ask["path"].(string), int(ask["n"].(float64)))
		return object{"link": link}
	})
}

// TestContactSheets puts every state of every page on pictures, for a person's eye: the folder faces of the artefacts. Without $ARTIFACTS nobody would see them.
func TestContactSheets(t *testing.T) {
	if os.Getenv("ARTIFACTS") == "" {
		t.Log("ARTIFACTS names no folder: no pictures are made")
		return
	}
	look(t, "sheets")
}

// TestPicturesOfPages: docs/pages.md shows every picture that there is, and none that there is not.
func TestPicturesOfPages(t *testing.T) {
	docs := filepath.Join(harness.Root(), "docs")
	if *newPictures {
		in := gallery(t)
		in["parts"], in["folder"] = []string{"pictures"}, filepath.Join(docs, "pictures")
		runNode(t, "faces.mjs", in, func(object) any { return object{} })
	}
	raw, err := os.ReadFile(filepath.Join(docs, "pages.md"))
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]bool{}
	for _, m := range regexp.MustCompile(`\]\(pictures/([^)]+)\)`).FindAllStringSubmatch(string(raw), -1) {
		shown[m[1]] = true
		if _, err := os.Stat(filepath.Join(docs, "pictures", m[1])); err != nil {
			t.Errorf("docs/pages.md: %v", err)
		}
	}
	files, err := os.ReadDir(filepath.Join(docs, "pictures"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d pictures, %v", len(files), err)
	}
	for _, f := range files {
		if info, err := f.Info(); err != nil || info.Size() > 80<<10 || !shown[f.Name()] {
			t.Errorf("docs/pictures/%s: shown %v, %v", f.Name(), shown[f.Name()], err)
		}
	}
}

// order compares the order of the keyboard with the file, and says in which line they differ first.
func order(t *testing.T, text string) string {
	t.Helper()
	text = regexp.MustCompile(`http://localhost:\d+`).ReplaceAllString(text, "http://localhost:0") // the preview's port is any
	file := filepath.Join(harness.Root(), "e2e", "testdata", "faces-order.txt")
	if *newOrder {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	want, got, state := strings.Split(string(raw), "\n"), strings.Split(text, "\n"), ""
	for i := range max(len(want), len(got)) {
		w, g := "(the end)", "(the end)"
		if i < len(want) {
			w = want[i]
		}
		if i < len(got) {
			g = got[i]
		}
		if !strings.HasPrefix(g, " ") {
			state = g
		}
		if w != g {
			return fmt.Sprintf("line %d, %s: %q is %q now; if that is meant: go test ./e2e -run TestFacesByHand -faces-order", i+1, state, w, g)
		}
	}
	return ""
}

// BenchmarkFirstPaint compares how soon pages show something with how soon the same words do without any design, in the same browser and run: on a busy machine
// only the difference says anything.
//
//	go test ./e2e -run '^$' -bench FirstPaint -benchtime 1x
func BenchmarkFirstPaint(b *testing.B) {
	in := gallery(b)
	for b.Loop() {
		runNode(b, "faces_paint.mjs", in, func(ask object) any {
			for _, row := range ask["rows"].([]any) {
				r := row.(object)
				designed, bare := r["designed"].(float64), r["bare"].(float64)
				b.ReportMetric(designed, r["name"].(string)+"-ms")
				b.ReportMetric(designed-bare, r["name"].(string)+"-over-bare-ms")
			}
			return object{}
		})
	}
}
