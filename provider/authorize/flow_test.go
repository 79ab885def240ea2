package authorize

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"latchkey/provider/oauth"
)

// openVault keeps nothing secret: what the fuzzer writes is what is opened.
type openVault struct{}

func (openVault) Seal(purpose, context string, plain []byte) ([]byte, error) {
	return []byte(purpose + "|" + context + "|" + string(plain)), nil
}

func (openVault) Open(purpose, context string, sealed []byte) ([]byte, error) {
	rest, ok := strings.CutPrefix(string(sealed), purpose+"|"+context+"|")
	if !ok {
		return nil, errors.New("sealed for something else")
	}
	return []byte(rest), nil
}

func FuzzSealedFlow(f *testing.F) {
	e := &Endpoint{Vault: openVault{}, Now: func() time.Time { return start }}
	enc := base64.RawURLEncoding.EncodeToString
	f.Add("")
	f.Add(enc([]byte("authorize flow|b|{}")))
	f.Add(enc([]byte(`authorize flow|b|{"f":"a=1&a=2","t":"2026-03-01T12:00:00Z"}`)))
	f.Fuzz(func(t *testing.T, sealed string) {
		q, err := e.unsealAs(flowPurpose, sealed, "b")
		if err != nil {
			if !errors.Is(err, ErrFlow) || q != nil {
				t.Errorf("%v", err)
			}
			return
		}
		if e.Now().Sub(q.StartedAt) >= FlowTTL || q.Form.Check() != nil {
			t.Errorf("%q", sealed)
		}
	})
}

func FuzzFlowCookie(f *testing.F) {
	f.Add("lk_flow=AAAAAAAAAAAAAAAAAAAAAA")
	f.Add("lk_flow=a; lk_flow=b")
	f.Fuzz(func(t *testing.T, header string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header["Cookie"] = []string{header}
		if v := (&Endpoint{}).browser(r); v != "" && len(v) != 22 {
			t.Errorf("%q", v)
		}
	})
}

func TestRestartIsNoFlow(t *testing.T) {
	e := &Endpoint{Vault: openVault{}, Now: func() time.Time { return start }}
	form, err := oauth.NewForm(url.Values{"client_id": {"a"}})
	if err != nil {
		t.Fatal(err)
	}
	q := &Request{Form: form, StartedAt: start}
	posted, err := e.sealAs(postedPurpose, q, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.unsealAs(flowPurpose, posted, ""); !errors.Is(err, ErrFlow) {
		t.Error("a posted request opens as a flow")
	}
}
