package words

import (
	"strings"
	"testing"
	"testing/fstest"
)

func own(files ...string) fstest.MapFS {
	m := fstest.MapFS{}
	for i := 0; i+1 < len(files); i += 2 {
		m[files[i]] = &fstest.MapFile{Data: []byte(files[i+1])}
	}
	return m
}

func TestOwn(t *testing.T) {
	cs, err := Load("nl", own("en.json", `{"login.submit":"Step in"}`, "en.legal.json", `{"foot.terms":"Conditions"}`,
		"nl.json", "{\n\"_meta\":{\"name\":\"Nederlands\",\"dir\":\"ltr\"},\n\"login.submit\":\"Inloggen\",\"minutes\":{\"one\":\"{n} minuut\",\"other\":\"{n} minuten\"}}"))
	if err != nil {
		t.Fatal(err)
	}
	en, _ := cs.Get("en")
	nl, ok := cs.Get("nl")
	if !ok {
		t.Fatal("the new language is not there")
	}
	for _, tc := range []struct{ got, want string }{
		{en.T("login.submit"), "Step in"}, {en.T("foot.terms"), "Conditions"}, {en.T("foot.help"), "Help"}, {nl.T("login.submit"), "Inloggen"},
		{nl.T("minutes", "n", 1), "1 minuut"}, {nl.T("foot.help"), "Help"}, {nl.T("foot.terms"), "Conditions"}, {cs.Choose("ja").Tag, "nl"},
	} {
		if tc.got != tc.want {
			t.Errorf("%q, want %q", tc.got, tc.want)
		}
	}
}

func TestOwnRefused(t *testing.T) {
	for name, tc := range map[string]struct {
		files []string
		want  string
	}{
		"a key that is not ours":   {[]string{"en.json", "{\n\"login.sumbit\":\"x\"}"}, "en.json:2: login.sumbit is no key that there is"},
		"another argument":         {[]string{"de.json", "{\"login.title\":\n\"Bei {app}\"}"}, "de.json:1: login.title uses {app}; its arguments are: client"},
		"markup":                   {[]string{"en.json", `{"foot.help":"<b>Help</b>"}`}, "en.json:1: foot.help holds markup; words are plain text"},
		"plural of nothing":        {[]string{"en.json", `{"foot.help":{"one":"a","other":"b"}}`}, "en.json:1: foot.help has plural forms, and its message counts nothing"},
		"a form too few":           {[]string{"ar.json", `{"minutes":{"one":"a","other":"b"}}`}, "ar.json:1: minutes lacks the plural form zero"},
		"a form too many":          {[]string{"en.json", `{"minutes":{"one":"a","two":"c","other":"b"}}`}, "en.json:1: minutes has the plural form two, which the language lacks; it has: one, other"},
		"new language, no meta":    {[]string{"nl.json", `{"foot.help":"Hulp"}`}, "nl.json:1: a new language needs"},
		"no tag":                   {[]string{"klingon-language-x.json", `{}`}, "klingon-language-x.json:1: the file's name is no language tag"},
		"no JSON":                  {[]string{"en.json", "{\n\"foot.help\":\n}"}, "en.json:2: foot.help: is no JSON"},
		"twice in a file":          {[]string{"en.json", "{\"foot.help\":\"a\",\n\"foot.help\":\"b\"}"}, "en.json:2: foot.help stands twice"},
		"twice in two files":       {[]string{"en.a.json", `{"foot.help":"a"}`, "en.b.json", "{\n\n\"foot.help\":\"b\"}"}, "en.b.json:3: foot.help stands in en.a.json too"},
		"everything, not only one": {[]string{"en.json", "{\"a\":\"x\",\n\"b\":\"y\"}"}, "en.json:1: a is no key that there is\nen.json:2: b is no key that there is"},
	} {
		_, err := Load("", own(tc.files...))
		if err == nil || !strings.HasPrefix(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %s", name, err, tc.want)
		}
	}
}
