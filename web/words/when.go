package words

import (
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/feature/plural"
)

// Moment is a point in time for people, such as "21 November 2026 at 14:05 UTC", in a time zone; nil is UTC.
func (c *Catalogue) Moment(t time.Time, zone *time.Location) string {
	if zone == nil {
		zone = time.UTC
	}
	t = t.In(zone)
	return c.T("date.moment", "day", c.day(t), "time", t.Format("15:04"), "zone", zoneName(t))
}

// Day is its date, such as "21 November 2026".
func (c *Catalogue) Day(t time.Time, zone *time.Location) string {
	if zone == nil {
		zone = time.UTC
	}
	return c.day(t.In(zone))
}

func (c *Catalogue) day(t time.Time) string {
	day := strconv.Itoa(t.Day())
	if day == "1" {
		day = c.T("date.first")
	}
	// Spoken of as text, so that no year gets a thousands separator.
	return c.join("date.day", map[string]string{"day": day, "month": c.T("month." + strconv.Itoa(int(t.Month()))), "year": strconv.Itoa(t.Year())})
}

// join fills a message with words of the language itself: nothing in them has to be kept from its direction.
func (c *Catalogue) join(key string, words map[string]string) string {
	e, ok := c.entry(key)
	if !ok && c.fallback != nil {
		return c.fallback.join(key, words)
	}
	var b strings.Builder
	for name, before := range fields(e.text(plural.Other)) {
		b.WriteString(before)
		b.WriteString(words[name])
	}
	return b.String()
}

// zoneName is what the zone is called then: its abbreviation, or how far it is from UTC where it has none.
func zoneName(t time.Time) string {
	name, _ := t.Zone()
	if strings.HasPrefix(name, "+") || strings.HasPrefix(name, "-") {
		return "UTC" + t.Format("-07:00")
	}
	return name
}

// Ago says how long ago something was.
func (c *Catalogue) Ago(d time.Duration) string {
	switch {
	case d < time.Minute:
		return c.T("ago.now")
	case d < time.Hour:
		return c.T("ago.minutes", "n", int(d/time.Minute))
	case d < 24*time.Hour:
		return c.T("ago.hours", "n", int(d/time.Hour))
	}
	return c.T("ago.days", "n", int(d/(24*time.Hour)))
}

// shortWait is the longest wait, in seconds, that is said in seconds; the pages' script has the same bound.
const shortWait = 90

// Seconds is a wait in whole seconds, rounded up; at least one.
func Seconds(d time.Duration) int { return int(max(1, (d+time.Second-1)/time.Second)) }

// Wait says how long somebody has to wait, rounded up.
func (c *Catalogue) Wait(d time.Duration) string {
	seconds := Seconds(d)
	if seconds <= shortWait {
		return c.T("seconds", "n", seconds)
	}
	return c.T("minutes", "n", (seconds+59)/60)
}

// Lasting says how long something works: in days or hours where it is whole ones, else in minutes.
func (c *Catalogue) Lasting(d time.Duration) string {
	minutes := int((d + 30*time.Second) / time.Minute)
	switch {
	case minutes >= 48*60 && minutes%(24*60) == 0:
		return c.T("days", "n", minutes/(24*60))
	case minutes >= 120 && minutes%60 == 0:
		return c.T("hours", "n", minutes/60)
	}
	return c.T("minutes", "n", max(1, minutes))
}

// Size says how large a file is; n is in bytes.
func (c *Catalogue) Size(n int64) string {
	if n < 1<<20 {
		return c.T("size.kb", "n", int((n+1023)/1024))
	}
	return c.T("size.mb", "n", int((n+1<<20-1)>>20))
}
