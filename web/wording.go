package web

import (
	"encoding/json"
	"time"

	"latchkey/provider/zones"
	"latchkey/web/words"
)

// Moment is a point in time in words, in the person's time zone where it is known.
func (f *frame) Moment(t time.Time) string { return f.c.Moment(t, f.zone) }

// Day is its date in words.
func (f *frame) Day(t time.Time) string { return f.c.Day(t, f.zone) }

// in takes the time zone of the person whom the page is for; a name that is none changes nothing.
func (f *frame) in(zoneinfo string) {
	if zone, err := zones.Load(zoneinfo); err == nil && zoneinfo != "" && zoneinfo != "Local" {
		f.zone = zone
	}
}

// iso is a time for machines.
func iso(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func (f *frame) ago(d time.Duration) string     { return f.c.Ago(d) }
func (f *frame) lasting(d time.Duration) string { return f.c.Lasting(d) }
func (f *frame) size(n int64) string            { return f.c.Size(n) }

// pause is a wait that a page tells of, for the script, which counts it down.
type pause struct {
	Seconds int
	// Words is how the page says it. Forms are the words for seconds and for minutes by plural form, as JSON; Over is what to say at the end.
	Words, Forms, Over string
}

// wait says how long somebody has to wait, and lets the page count it down.
func (f *frame) wait(d time.Duration) string {
	text := f.c.Wait(d)
	if forms, err := json.Marshal([]map[string]string{f.c.Forms("seconds"), f.c.Forms("minutes")}); err == nil {
		f.Pause = &pause{words.Seconds(d), text, string(forms), f.T("wait.over")}
	}
	return text
}

// copyButton copies the text of the element of that ID.
type copyButton struct{ ID, What, Button, Done, Failed string }

// Copy is the button, for templates; what names it for who does not see beside what it stands.
func (f *frame) Copy(id, what string) copyButton {
	return copyButton{id, what, f.T("copy"), f.T("copy.done"), f.T("copy.failed")}
}
