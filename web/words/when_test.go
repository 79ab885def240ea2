package words

import (
	"testing"
	"time"
)

func TestWhen(t *testing.T) {
	cs := load(t)
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	kathmandu, err := time.LoadLocation("Asia/Kathmandu")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 21, 14, 5, 9, 0, time.UTC)
	first := time.Date(2026, 8, 1, 0, 30, 0, 0, time.UTC)
	for _, tc := range []struct {
		tag  string
		at   time.Time
		zone *time.Location
		want string
	}{
		{"en", at, nil, "21 November 2026 at 14:05 UTC"},
		{"en", at, berlin, "21 November 2026 at 15:05 CET"},
		{"en", at, kathmandu, "21 November 2026 at 19:50 UTC+05:45"},
		{"de", at, berlin, "21. November 2026 um 15:05 Uhr (CET)"},
		{"fr", first, nil, "1er août 2026 à 00:30 UTC"},
		{"fr", first, berlin, "1er août 2026 à 02:30 CEST"},
		{"es", at, nil, "21 de noviembre de 2026 a las 14:05 UTC"},
		{"ar", at, nil, "\u206821 نوفمبر 2026\u2069 الساعة \u206814:05\u2069 \u2068UTC\u2069"},
	} {
		c, _ := cs.Get(tc.tag)
		if got := c.Moment(tc.at, tc.zone); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.tag, got, tc.want)
		}
	}
	de, _ := cs.Get("de")
	if got := de.Day(first, nil); got != "1. August 2026" {
		t.Errorf("a day: %q", got)
	}
}

func TestSpans(t *testing.T) {
	cs := load(t)
	c := func(tag string) *Catalogue { c, _ := cs.Get(tag); return c }
	for _, tc := range []struct{ got, want string }{
		{c("en").Ago(59 * time.Second), "just now"}, {c("en").Ago(time.Minute), "1 minute ago"}, {c("en").Ago(25 * time.Hour), "1 day ago"}, {c("de").Ago(49 * time.Hour), "vor 2 Tagen"},
		{c("en").Wait(0), "1 second"}, {c("en").Wait(90 * time.Second), "90 seconds"}, {c("en").Wait(91 * time.Second), "2 minutes"},
		{c("en").Lasting(15 * time.Minute), "15 minutes"}, {c("en").Lasting(time.Hour), "60 minutes"}, {c("en").Lasting(24 * time.Hour), "24 hours"}, {c("en").Lasting(72 * time.Hour), "3 days"}, {c("en").Lasting(0), "1 minute"},
		{c("en").Size(183000), "179 KB"}, {c("en").Size(5 << 20), "5 MB"}, {c("fr").Size(5 << 20), "5\u00a0Mo"},
		{c("fr").T("minutes", "n", 0), "0\u00a0minute"}, // CLDR: one is 0 and 1
		{c("ar").T("minutes", "n", 2), "دقيقتان"}, {c("ar").T("minutes", "n", 7), "7 دقائق"}, {c("ar").T("minutes", "n", 45), "45 دقيقة"}, {c("ar").T("minutes", "n", 100), "100 دقيقة"},
		{c("fr").T("minutes", "n", 12345), "12\u00a0345\u00a0minutes"}, {c("de").T("minutes", "n", 12345), "12.345 Minuten"},
	} {
		if tc.got != tc.want {
			t.Errorf("%q, want %q", tc.got, tc.want)
		}
	}
}
