package archive

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"latchkey/storage/archive/s3test"
)

const issuer = "https://id.example.com"

// server is a real one.
func server(t *testing.T) *s3test.Server {
	t.Helper()
	s, err := s3test.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// on is a place on a real server.
func on(t *testing.T, server *s3test.Server, change func(*S3Config)) *S3 {
	t.Helper()
	cfg := S3Config{Endpoint: server.Endpoint, Region: s3test.Region, AccessKeyID: s3test.AccessKeyID, SecretAccessKey: s3test.SecretAccessKey,
		PathStyle: true, Bucket: s3test.Bucket, Prefix: "of/ours", Pause: time.Millisecond, Now: time.Now}
	change(&cfg)
	s, err := NewS3(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
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
	server := server(t)
	s := on(t, server, func(*S3Config) {})
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
	for _, other := range []string{NewName("https://other.example.com", now), "mine.txt", names[0] + ".txt", names[0][:40] + "/" + names[0]} {
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
	if err != nil || len(left) != 5 { // the newest, and what is nobody's business
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
	server := server(t)
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
			s := on(t, server, row.change)
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
