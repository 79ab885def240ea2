package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/storage/archive/s3test"
)

const issuer = "https://id.example.com"

// bucket is a place on a real server.
func bucket(t *testing.T, change func(*S3Config)) (*S3, *s3test.Server) {
	t.Helper()
	server, err := s3test.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	cfg := S3Config{Endpoint: server.Endpoint, Region: s3test.Region, AccessKeyID: s3test.AccessKeyID, SecretAccessKey: s3test.SecretAccessKey,
		PathStyle: true, Bucket: s3test.Bucket, Prefix: "of/ours", Pause: time.Millisecond, Now: time.Now}
	if change != nil {
		change(&cfg)
	}
	s, err := NewS3(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s, server
}

// fillWith writes content, as a backup would be.
func fillWith(content []byte) func(*os.File) error {
	return func(f *os.File) error {
		_, err := f.Write(content)
		return err
	}
}

// A real server that checks signatures keeps, lists page after page, gives back and removes what it was given.
func TestS3(t *testing.T) {
	s, server := bucket(t, nil)
	ctx := t.Context()
	if all, err := s.List(ctx, issuer); err != nil || len(all) != 0 {
		t.Fatalf("empty: %v %v", all, err)
	}
	content := bytes.Repeat([]byte("0123456789abcdef"), 300<<10) // 4.8 MB
	now := time.Date(2026, 11, 22, 3, 0, 0, 123e6, time.UTC)
	var names []string
	for i := range 3 {
		name := NewName(issuer, now.Add(time.Duration(i)*time.Hour))
		names = append(names, name)
		if err := s.Store(ctx, name, fillWith(content[i:])); err != nil {
			t.Fatal(err)
		}
	}
	for _, other := range []string{NewName("https://other.example.com", now), "mine.txt", names[0] + ".txt"} {
		if err := s.Store(ctx, other, fillWith([]byte("x"))); err != nil {
			t.Fatal(err)
		}
	}
	all, err := s.List(ctx, issuer)
	if err != nil || len(all) != 3 {
		t.Fatalf("%v %v", all, err)
	}
	for i, e := range all {
		if e.Name != names[i] || e.Bytes != int64(len(content)-i) || !e.Taken.Equal(now.Add(time.Duration(i)*time.Hour)) {
			t.Errorf("%d: %+v", i, e)
		}
	}
	r, err := s.Open(ctx, names[1])
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(r)
	if err = errors.Join(err, r.Close()); err != nil || !bytes.Equal(got, content[1:]) {
		t.Errorf("%d bytes came back, %v", len(got), err)
	}
	if _, err := s.Open(ctx, NewName(issuer, now)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what is not there: %v", err)
	}
	removed, err := Prune(ctx, s, issuer, names[2], Keep{Count: 1}, now)
	if err != nil || len(removed) != 2 {
		t.Errorf("removed %v, %v", removed, err)
	}
	if err := s.Remove(ctx, names[0]); err != nil {
		t.Errorf("removing what is gone: %v", err)
	}
	left, err := filepath.Glob(filepath.Join(server.Folder, "of/ours/*"))
	if err != nil || len(left) != 4 { // the newest, and what is nobody's business
		t.Errorf("%v %v", left, err)
	}
}

// A list that comes in pages is put together.
func TestS3Pages(t *testing.T) {
	now := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	names := []string{NewName(issuer, now), NewName(issuer, now.Add(time.Hour)), NewName(issuer, now.Add(2*time.Hour))}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		at := 0
		if token := r.URL.Query().Get("continuation-token"); token != "" {
			_, _ = fmt.Sscanf(token, "page %d+", &at)
		}
		fmt.Fprintf(w, `<ListBucketResult><IsTruncated>%v</IsTruncated><NextContinuationToken>page %d+</NextContinuationToken><Contents><Key>%s</Key><Size>7</Size></Contents></ListBucketResult>`,
			at < 2, at+1, names[at])
	}))
	defer srv.Close()
	s := at(t, srv.URL, nil)
	all, err := s.List(t.Context(), issuer)
	if err != nil || len(all) != 3 || all[2].Name != names[2] {
		t.Errorf("%v %v", all, err)
	}
}

func at(t *testing.T, endpoint string, change func(*S3Config)) *S3 {
	t.Helper()
	cfg := S3Config{Endpoint: endpoint, Region: "r", AccessKeyID: "a", SecretAccessKey: "b", PathStyle: true, Bucket: "bucket", Pause: time.Millisecond, Now: time.Now}
	if change != nil {
		change(&cfg)
	}
	s, err := NewS3(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// What a server refuses is said in its words, with what to do, and never with a secret. It is not tried again.
func TestS3Refusals(t *testing.T) {
	for _, row := range []struct {
		name   string
		change func(*S3Config)
		want   string
	}{
		{"a wrong secret", func(c *S3Config) { c.SecretAccessKey = "wrong" }, "SignatureDoesNotMatch"},
		{"a key nobody knows", func(c *S3Config) { c.AccessKeyID = "AKIANOBODY" }, "access key"},
		{"no such bucket", func(c *S3Config) { c.Bucket = "no-such-bucket" }, "make the bucket first"},
		{"another region", func(c *S3Config) { c.Region = "elsewhere-1" }, "region"},
		{"a clock that is wrong", func(c *S3Config) { c.Now = func() time.Time { return time.Now().Add(-time.Hour) } }, "the clock"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s, _ := bucket(t, row.change)
			err := s.Store(t.Context(), NewName(issuer, time.Now()), fillWith([]byte("x")))
			if err == nil || !strings.Contains(err.Error(), row.want) || strings.Contains(err.Error(), s3test.SecretAccessKey) {
				t.Errorf("%v", err)
			}
			if _, err := s.List(t.Context(), issuer); err == nil {
				t.Error("it lists")
			}
		})
	}
}

// Servers that fail for a while are asked again; those that fail for good, hang or go away are given up.
func TestS3Trouble(t *testing.T) {
	var asked atomic.Int32
	for _, row := range []struct {
		name  string
		serve http.HandlerFunc
		want  string // "" where it succeeds
		asked int32
	}{
		{"503 twice", func(w http.ResponseWriter, _ *http.Request) {
			if asked.Load() < 3 {
				w.WriteHeader(503)
			}
		}, "", 3},
		{"503 for good", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }, "503", tries},
		{"429", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(429) }, "429", tries},
		{"403", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(403) }, "403", 1},
		{"a redirect", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "http://127.0.0.1:1/", 307) }, "backup.s3.endpoint and region", 1},
		{"the connection is cut", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "EOF", tries},
		{"nobody answers", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, errStalled.Error(), tries},
	} {
		t.Run(row.name, func(t *testing.T) {
			asked.Store(0)
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked.Add(1)
				_, _ = io.Copy(io.Discard, r.Body)
				row.serve(w, r)
			}))
			defer srv.Close()
			s := at(t, srv.URL, func(c *S3Config) { c.Stall = 200 * time.Millisecond })
			err := s.put(t.Context(), "name", &payload{open: func() io.Reader { return strings.NewReader("body") }, size: 4, sum: emptySum})
			if row.want == "" && err != nil || row.want != "" && (err == nil || !strings.Contains(err.Error(), row.want)) || asked.Load() != row.asked {
				t.Errorf("asked %d times: %v", asked.Load(), err)
			}
		})
	}
}

// An answer that stops in the middle is given up; one that is slow but moves is not.
func TestS3Stall(t *testing.T) {
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for range 8 {
			_, _ = w.Write([]byte("12345678"))
			_ = http.NewResponseController(w).Flush()
			select {
			case <-r.Context().Done():
			case <-time.After(60 * time.Millisecond):
			}
		}
		if strings.HasSuffix(r.URL.Path, "stops") {
			<-r.Context().Done()
		}
	}))
	defer slow.Close()
	s := at(t, slow.URL, func(c *S3Config) { c.Stall = 250 * time.Millisecond })
	for name, whole := range map[string]bool{"slow": true, "stops": false} {
		r, err := s.Open(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); (err == nil) != whole || len(got) != 64 {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
		_ = r.Close()
	}
}

// What comes back otherwise than it was given is no backup: it is removed again, and told.
func TestS3ThatChangesBytes(t *testing.T) {
	var removed atomic.Bool
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodGet:
			_, _ = w.Write([]byte("contenT"))
		case http.MethodDelete:
			removed.Store(true)
		}
	}))
	defer srv.Close()
	err := at(t, srv.URL, nil).Store(t.Context(), "name", fillWith([]byte("content")))
	if err == nil || !strings.Contains(err.Error(), "other bytes") || !removed.Load() {
		t.Errorf("%v, removed %v", err, removed.Load())
	}
}

// The bucket's name can go into the host's.
func TestS3VirtualHost(t *testing.T) {
	var host, path string
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { host, path = r.Host, r.URL.Path }))
	defer srv.Close()
	s := at(t, "http://s3.example.test", func(c *S3Config) { c.PathStyle, c.Prefix = false, "p" })
	s.http.Transport.(*http.Transport).DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, srv.Listener.Addr().String())
	}
	if err := s.put(t.Context(), "name", &payload{open: func() io.Reader { return strings.NewReader("") }, sum: emptySum}); err != nil {
		t.Fatal(err)
	}
	if host != "bucket.s3.example.test" || path != "/p/name" {
		t.Errorf("%s %s", host, path)
	}
}
