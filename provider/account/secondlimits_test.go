package account

import (
	"testing"
	"time"
)

// TestKnownBrowserGuessesNoLonger holds that codes have a budget of a day also from a browser that is known.
func TestKnownBrowserGuessesNoLonger(t *testing.T) {
	r := newRig(t, func(c *Config) { c.Limits.SecondDay.Max = 8 })
	phone, _ := r.twoStep(r.alice())
	_, err := r.page("")
	device := must(r.ProveSecond(t.Context(), stepOf(t, err, NeedSecond).Ticket, Proof{Code: phone.code(r), Caller: here}))(t).Device
	for i := range 9 {
		if i%5 == 0 {
			r.pass(16 * time.Minute)
			_, err = r.page(device)
		}
		_, wrong := r.ProveSecond(t.Context(), stepOf(t, err, NeedSecond).Ticket, Proof{Code: "000000", Caller: here})
		if i < 8 && !IsKind(wrong, WrongCode) || i == 8 && !IsKind(wrong, Throttled) {
			t.Fatalf("try %d: %v", i, wrong)
		}
	}
}
