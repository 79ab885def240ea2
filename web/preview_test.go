package web

import (
	"flag"
	"net/http"
	"testing"
	"time"
)

// TestPreview serves every page with sample data for people to look at, if it is given an address:
//
//	go test ./web -run TestPreview -preview localhost:8099 -timeout 0
//
// The cookie sid=s1 is the person's session. Without the flag it proves that the sample site can be built and mounted.
func TestPreview(t *testing.T) {
	b := newBench(t, sampleIssuer)
	h := b.handler()
	if *preview == "" {
		return
	}
	mux := http.NewServeMux()
	newSampleOP(t).mount(mux, sampleIssuer)
	mux.Handle("/", h)
	srv := &http.Server{Addr: *preview, Handler: http.NewCrossOriginProtection().Handler(mux), ReadHeaderTimeout: 5 * time.Second}
	t.Logf("http://%s/login", *preview)
	t.Fatal(srv.ListenAndServe())
}

var preview = flag.String("preview", "", "serve the pages with sample data at this address, until stopped")
