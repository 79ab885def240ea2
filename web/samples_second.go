package web

import (
	"net/http"
	"time"

	"latchkey/provider/account"
)

// sampleCodes are recovery codes of nobody.
func sampleCodes() []string {
	return []string{"K7QD-2MXA-5TLN-WFRC", "H3ZB-6YVE-PJQD-4GKS", "N5UA-RTXC-7MWL-2FQZ", "B6YD-KHVE-3SPJ-XQ7A", "W2GN-5CLT-ZFRU-M4XD",
		"Q7VK-AEHB-2YJS-6TPM", "D4XZ-LNRC-5WUF-G3QK", "S6TA-7BVH-JEPD-N2YM", "F5QL-XCKW-4RZU-T7GA", "Y3MN-DHSB-6VJE-P2QX"}
}

// sampleSetup is an app of nobody.
func (f *frame) sampleSetup() setupView {
	v, err := f.setupView(account.TOTPSetup{Ticket: "sample", Secret: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
		URI: "otpauth://totp/Latchkey:ada.byron%40example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Latchkey&algorithm=SHA1&digits=6&period=30"})
	if err != nil {
		return setupView{} // it is short enough
	}
	return v
}

// secondSamples are the pages of second factors.
func secondSamples() []Sample {
	out := append(stepSamples(), enrolSamples()...)
	return append(out, twoStepSamples()...)
}

func stepSamples() []Sample {
	step := func(name, page, title string, status int, change func(v *stepView)) Sample {
		return Sample{name, status, "bow", page, func(f *frame) view {
			v := &stepView{frame: f, Flow: f.toNotes(), LoginName: ada().Email, TOTP: true, Recovery: true, Trust: f.T("otp.trust", "n", 30), Again: "/login"}
			f.titled(title).Person = "Ada Byron"
			change(v)
			if page == "recovery" {
				v.Code = v.recoveryField()
				return v
			}
			v.Code = v.otpField(v.TOTP)
			return v
		}}
	}
	withKey := func(v *stepView) {
		v.Passkey = v.getForm("/login/otp/passkey", with(passkeyOptions, "for", "step"))
		v.Passkey.Or, v.Passkey.Button = v.TOTP, v.T("otp.passkey")
	}
	again := func(name string, status int, change func(v *reauthView)) Sample {
		return Sample{name, status, "bow", "reauth", func(f *frame) view {
			v := &reauthView{frame: f.titled("reauth.title"), Return: twoStepPage, LoginName: ada().Email, HasPassword: true}
			f.Person = "Ada Byron"
			change(v)
			v.Secret = f.passwordField("password", f.T("field.password"))
			return v
		}}
	}
	return []Sample{
		step("otp", "otp", "otp.title", http.StatusOK, func(*stepView) {}),
		step("otp-wrong", "otp", "otp.title", http.StatusUnprocessableEntity, func(v *stepView) { v.Trusted = true; v.wrong("code", "otp.wrong") }),
		step("otp-throttled", "otp", "otp.title", http.StatusTooManyRequests, func(v *stepView) { v.wrong("", "throttled", "wait", v.wait(40*time.Second)) }),
		step("otp-passkey", "otp", "otp.title", http.StatusOK, withKey),
		step("otp-passkey-only", "otp", "otp.title.passkey", http.StatusOK, func(v *stepView) { v.TOTP = false; withKey(v); v.Passkey.Primary = true }),
		step("otp-stepup", "otp", "otp.title", http.StatusOK, func(v *stepView) { v.Decline, v.Trust = true, "" }),
		step("recovery", "recovery", "recovery.title", http.StatusOK, func(*stepView) {}),
		step("recovery-wrong", "recovery", "recovery.title", http.StatusUnprocessableEntity, func(v *stepView) { v.wrong("code", "recovery.wrong") }),
		again("again", http.StatusOK, func(*reauthView) {}),
		again("again-wrong", http.StatusUnprocessableEntity, func(v *reauthView) { v.wrong("password", "current.wrong") }),
		again("again-passkey", http.StatusOK, func(v *reauthView) {
			v.Passkey = v.getForm("/reauth/passkey", with(passkeyOptions, "for", "again"))
			v.Passkey.Or = true
		}),
		again("again-mailed", http.StatusOK, func(v *reauthView) { v.HasPassword, v.Mailed = false, true }),
	}
}

func enrolSamples() []Sample {
	enrol := func(name, page, title string, status int, change func(v *enrolView)) Sample {
		return Sample{name, status, "bow", page, func(f *frame) view {
			v := &enrolView{frame: f, Flow: f.toNotes(), TOTP: true}
			change(v)
			f.titled(title).Person = "Ada Byron"
			v.Setup = f.sampleSetup()
			return v
		}}
	}
	return []Sample{
		enrol("enrol", "enrol", "enrol.title", http.StatusOK, func(v *enrolView) {
			v.Passkey = v.createForm("/login/enrol/passkey")
			v.Passkey.Or, v.Passkey.Primary = true, false
		}),
		enrol("enrol-app-only", "enrol", "enrol.title", http.StatusOK, func(v *enrolView) { v.Decline = true }),
		enrol("enrol-app", "enrolapp", "setup.title", http.StatusOK, func(*enrolView) {}),
		enrol("enrol-app-wrong", "enrolapp", "setup.title", http.StatusUnprocessableEntity, func(v *enrolView) { v.wrong("code", "otp.wrong") }),
	}
}

func twoStepSamples() []Sample {
	state := func(name string, status int, st account.TwoStep, change func(v *twoStepView)) Sample {
		return Sample{name, status, "portal", "twostep", func(f *frame) view {
			f.titled("twostep.title").Here = twoStepPage
			v := &twoStepView{frame: f, TwoStep: st}
			v.Low = v.On() && v.Codes <= codesLow
			change(v)
			return v
		}}
	}
	on := account.TwoStep{Since: sampleTime().Add(-40 * 24 * time.Hour), Codes: 8, CanAdd: true}
	low, must := on, on
	low.Codes, must.Required = 2, true
	return []Sample{
		state("two-step-off", http.StatusOK, account.TwoStep{CanAdd: true}, func(*twoStepView) {}),
		state("two-step-unoffered", http.StatusOK, account.TwoStep{}, func(v *twoStepView) { v.well("notice.twostep_off") }),
		state("two-step-on", http.StatusOK, on, func(v *twoStepView) { v.well("notice.codes_saved") }),
		state("two-step-low", http.StatusOK, low, func(v *twoStepView) { v.Onward = "/authorize/resume" }),
		state("two-step-kept", http.StatusOK, on, func(v *twoStepView) { v.Kept = true }),
		state("two-step-required", http.StatusUnprocessableEntity, must, func(v *twoStepView) { v.wrong("", "twostep.required") }),
		state("two-step-ask", http.StatusOK, on, func(v *twoStepView) { v.Asked = true }),
		{"two-step-app", http.StatusOK, "portal", "app", func(f *frame) view {
			f.titled("setup.title").Here = twoStepPage
			return &appView{frame: f, Setup: f.sampleSetup()}
		}},
		{"two-step-app-wrong", http.StatusUnprocessableEntity, "portal", "app", func(f *frame) view {
			f.titled("setup.title").wrong("code", "otp.wrong").Here = twoStepPage
			return &appView{frame: f, Setup: f.sampleSetup()}
		}},
		{"codes", http.StatusOK, "portal", "codes", func(f *frame) view {
			f.titled("codes.title").Here = twoStepPage
			return &codesView{frame: f, Codes: sampleCodes()}
		}},
	}
}
