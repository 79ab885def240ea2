package web

import "time"

// Moment is a point in time in words, in the person's time zone where it is known.
func (f *frame) Moment(t time.Time) string { return f.c.Moment(t, f.zone) }

// Day is its date in words.
func (f *frame) Day(t time.Time) string { return f.c.Day(t, f.zone) }

// in takes the time zone of the person whom the page is for; a name that is none changes nothing.
func (f *frame) in(zoneinfo string) {
	if zone, err := time.LoadLocation(zoneinfo); err == nil && zoneinfo != "" && zoneinfo != "Local" {
		f.zone = zone
	}
}

// iso is a time for machines.
func iso(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func (f *frame) ago(d time.Duration) string     { return f.c.Ago(d) }
func (f *frame) wait(d time.Duration) string    { return f.c.Wait(d) }
func (f *frame) lasting(d time.Duration) string { return f.c.Lasting(d) }
func (f *frame) size(n int64) string            { return f.c.Size(n) }
