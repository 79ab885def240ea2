package web

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"time"
)

// sampleDev is an issuer of the samples: it vouches for everything that is not too short.
func sampleDev() *Dev {
	return &Dev{
		ClientID: "latchkey-playground", Audience: "https://api.harbour.example",
		Discovery: func() []byte {
			return []byte(`{"issuer":"https://id.harbour.example","jwks_uri":"https://id.harbour.example/jwks.json","response_types_supported":["code"],"unknown":true}`)
		},
		Signed: func(string) Signature { return Signature{State: "good", Alg: "ES256", KID: "sample"} },
		Seal:   func(plain []byte) (string, error) { return base64.RawURLEncoding.EncodeToString(plain), nil },
		Open:   base64.RawURLEncoding.DecodeString,
		Call: func(*http.Request, *http.Request) (int, []byte, error) {
			return http.StatusBadRequest, []byte(`{"error":"invalid_grant"}`), nil
		},
		Lives: func(context.Context, string) (bool, error) { return true, nil },
	}
}

// sampleJWT is a token of the samples.
func sampleJWT(head, claims string) string {
	enc := base64.RawURLEncoding.EncodeToString
	return enc([]byte(head)) + "." + enc([]byte(claims)) + "." + enc([]byte("sample signature"))
}

// devSamples are the developer's pages.
func devSamples() []Sample {
	k := pace{Verifier: "sample-verifier", State: "sample-state", Nonce: "sample-nonce", Scope: "openid email", Prompt: "login", Began: sampleTime()}
	page := func(name, file string, status int, title string, make func(f *frame) view) Sample {
		return Sample{name, status, "portal", file, func(f *frame) view {
			g := *f.s // a site of the samples, which has the developer's pages
			g.Dev = sampleDev()
			f.s, f.Person, f.Here = &g, "", "/dev/playground"
			if here, ok := map[string]string{"dev": "/dev", "dev_validate": "/dev/validate", "dev_token": "/dev/token", "dev_kit": "/dev/kit"}[file]; ok {
				f.Here = here
			}
			f.titled(title)
			return make(f)
		}}
	}
	callback := func(name string, status int, q url.Values) Sample {
		return page(name, "dev_callback", status, "dev.answer", func(f *frame) view {
			q.Set("iss", f.s.Issuer)
			return f.answered(k, q)
		})
	}
	access := func(f *frame) string {
		return sampleJWT(`{"alg":"ES256","kid":"sample","typ":"at+jwt"}`, `{"iss":"`+f.s.Issuer+`","sub":"7c1e","aud":"https://api.harbour.example","client_id":"latchkey-playground","iat":1795294800,"exp":1795298700,"jti":"g.1","scope":"openid email","new":true}`)
	}
	return []Sample{
		page("dev", "dev", http.StatusOK, "dev.title", func(f *frame) view {
			members, _ := ordered(f.s.Dev.Discovery()) // it is an object, see above
			return f.discovery(members)
		}),
		page("dev-validate", "dev_validate", http.StatusOK, "dev.validate", func(f *frame) view {
			v, err := f.snippets()
			if err != nil {
				panic(err) // the files are part of the program
			}
			return v
		}),
		page("dev-playground", "dev_playground", http.StatusOK, "dev.playground", func(f *frame) view { return f.playground([]string{"email"}, "login", "") }),
		page("dev-playground-errors", "dev_playground", http.StatusUnprocessableEntity, "dev.playground", func(f *frame) view {
			return f.wrong("claims", "dev.claims.malformed").playground(nil, "", "{")
		}),
		page("dev-request", "dev_request", http.StatusOK, "dev.request", func(f *frame) view { return f.request(k) }),
		callback("dev-answer", http.StatusOK, url.Values{"code": {"lkc_sample"}, "state": {"sample-state"}}),
		callback("dev-answer-error", http.StatusOK, url.Values{"error": {"access_denied"}, "error_description": {"The person said no."}, "state": {"another"}}),
		page("dev-lost", "dev_callback", http.StatusBadRequest, "dev.answer", func(f *frame) view { return &callbackView{frame: f, Lost: true} }),
		page("dev-tokens", "dev_tokens", http.StatusOK, "dev.tokens", func(f *frame) view {
			v := &tokensView{frame: f, Token: &exchange{Status: http.StatusOK, Answer: `{"access_token": "…"}`}, Userinfo: &exchange{Status: http.StatusOK, Answer: `{"sub": "7c1e"}`}}
			id := sampleJWT(`{"alg":"RS256","kid":"sample","typ":"JWT"}`, `{"iss":"`+f.s.Issuer+`","sub":"7c1e","aud":"latchkey-playground","iat":1795294800,"exp":1795298700,"email":"ada@harbour.example"}`)
			v.ID, v.Access, v.Bad = f.decode(context.Background(), id, sampleTime(), "latchkey-playground"), f.decode(context.Background(), access(f), sampleTime(), ""), true
			return v
		}),
		page("dev-tokens-none", "dev_tokens", http.StatusOK, "dev.tokens", func(f *frame) view {
			return &tokensView{frame: f, Token: &exchange{Status: http.StatusBadRequest, Answer: `{"error": "invalid_grant"}`}}
		}),
		page("dev-kit", "dev_kit", http.StatusOK, "dev.kit", func(f *frame) view {
			v, err := f.kit()
			if err != nil {
				panic(err) // the files are part of the program
			}
			return v
		}),
		page("dev-token", "dev_token", http.StatusOK, "dev.debug", func(f *frame) view { return f.debugger("", "") }),
		page("dev-token-errors", "dev_token", http.StatusUnprocessableEntity, "dev.debug", func(f *frame) view { return f.debugger("", f.T("dev.debug.missing")) }),
		page("dev-token-decoded", "dev_token", http.StatusOK, "dev.debug", func(f *frame) view {
			v := f.debugger("https://api.harbour.example", "")
			v.Decoded = f.decode(context.Background(), access(f), sampleTime().Add(time.Minute), "https://api.harbour.example")
			return v
		}),
	}
}
