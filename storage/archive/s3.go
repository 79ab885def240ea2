package archive

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path"
	"strings"
	"time"
)

// maxPut is the most that one PUT of S3 carries.
const maxPut = 5 << 30

// S3Config says where a bucket is and who asks.
type S3Config struct {
	// Endpoint is the service's base URL. http is for loopback hosts; whoever makes a Config checks that.
	Endpoint string
	// Region is that of the signature.
	Region string
	// AccessKeyID, SecretAccessKey and, for credentials that end, SessionToken.
	AccessKeyID, SecretAccessKey, SessionToken string
	// PathStyle puts the bucket into the path, not into the host's name.
	PathStyle bool
	// Bucket, and Prefix of its objects: letters, digits and ._-/ without slashes at either end; "" for none.
	Bucket, Prefix string
	// Stall is how long a request may go without a byte moving; 0 for two minutes. Pause is the first pause between tries, which double; 0 for a second.
	Stall, Pause time.Duration
	// Now is the time.
	Now func() time.Time
}

// S3 is a bucket, under a prefix, as a place.
type S3 struct {
	cfg  S3Config
	base *url.URL
	http *http.Client
}

// NewS3 checks what can be checked without asking the service.
func NewS3(cfg S3Config) (*S3, error) {
	base, err := url.Parse(cfg.Endpoint)
	if err != nil || base.Host == "" || base.Scheme != "https" && base.Scheme != "http" || strings.Trim(base.Path, "/") != "" {
		return nil, errors.New("the endpoint of S3 is no URL such as https://s3.example.com, without a path")
	}
	if err := CheckBucket(cfg.Bucket, cfg.Prefix); err != nil {
		return nil, err
	}
	if cfg.AccessKeyID == "" || cfg.SecretAccessKey == "" {
		return nil, errors.New("S3 needs an access key ID and a secret access key")
	}
	base.Path = ""
	if !cfg.PathStyle {
		base.Host = cfg.Bucket + "." + base.Host
	}
	cfg.Stall, cfg.Pause = cmp.Or(cfg.Stall, 2*time.Minute), cmp.Or(cfg.Pause, time.Second)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // a signature is for one host
		Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
			TLSHandshakeTimeout: 10 * time.Second, ForceAttemptHTTP2: true, IdleConnTimeout: 30 * time.Second}}
	return &S3{cfg, base, client}, nil
}

const letters = "abcdefghijklmnopqrstuvwxyz0123456789.-"

// CheckBucket says what is wrong with s3://bucket/prefix: a bucket's name has 3 to 63 of a-z, 0-9, dot and hyphen; nothing in a prefix needs escaping.
func CheckBucket(bucket, prefix string) error {
	if len(bucket) < 3 || len(bucket) > 63 || strings.Trim(bucket, letters) != "" || bucket[0] == '.' || bucket[0] == '-' {
		return fmt.Errorf("has %q, which is no name of a bucket", bucket)
	}
	if strings.Trim(prefix, letters+"ABCDEFGHIJKLMNOPQRSTUVWXYZ_/") != "" || prefix != strings.TrimPrefix(path.Clean("/"+prefix), "/") || len(prefix) > 512 {
		return fmt.Errorf("has %q, which is no prefix of letters, digits and ._-/", prefix)
	}
	return nil
}

// String implements [Place].
func (s *S3) String() string { return "s3://" + path.Join(s.cfg.Bucket, s.cfg.Prefix) }

func (s *S3) key(name string) string { return path.Join(s.cfg.Prefix, name) }

// List implements [Place].
func (s *S3) List(ctx context.Context, issuer string) ([]Entry, error) {
	folder := strings.TrimPrefix(s.cfg.Prefix+"/", "/")
	prefix := folder + "latchkey-" + Issuer(issuer) + "-"
	var all []Entry
	for next := ""; ; {
		q := url.Values{"list-type": {"2"}, "prefix": {prefix}}
		if next != "" {
			q.Set("continuation-token", next)
		}
		page, err := s.listPage(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, o := range page.Contents {
			all = append(all, Entry{Name: strings.TrimPrefix(o.Key, folder), Bytes: o.Size})
		}
		if next = page.NextContinuationToken; !page.IsTruncated || next == "" {
			return order(issuer, all), nil
		}
	}
}

// Store implements [Place]. The file is made in a folder for temporary files, and goes up in one request, with its hash in the signature: the
// service keeps all of it or nothing. Then it is read back and compared.
func (s *S3) Store(ctx context.Context, name string, fill func(*os.File) error) error {
	f, err := Spool()
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	if err := fill(f); err != nil {
		return err
	}
	want, size, err := hashOf(io.NewSectionReader(f, 0, 1<<62))
	if err != nil {
		return err
	}
	if size > maxPut {
		return fmt.Errorf("the backup has %d bytes, and S3 takes 5 GiB in one request: back up to a folder", size)
	}
	body := &payload{open: func() io.Reader { return io.NewSectionReader(f, 0, size) }, size: size, sum: want}
	if err := s.put(ctx, name, body); err != nil {
		return err
	}
	if err := s.compare(ctx, name, want, size); err != nil {
		clean, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
		defer cancel()
		return errors.Join(err, s.Remove(clean, name))
	}
	return nil
}

// compare reads back what was put.
func (s *S3) compare(ctx context.Context, name, want string, size int64) error {
	r, err := s.Open(ctx, name)
	if err != nil {
		return fmt.Errorf("read the backup back from %s: %w", s, err)
	}
	defer func() { _ = r.Close() }()
	got, n, err := hashOf(io.LimitReader(r, size+1))
	if err != nil {
		return fmt.Errorf("read the backup back from %s: %w", s, err)
	}
	if got != want || n != size {
		return fmt.Errorf("%s gives other bytes back than it was given", s)
	}
	return nil
}

func (s *S3) put(ctx context.Context, name string, body *payload) error {
	res, err := s.do(ctx, http.MethodPut, s.key(name), nil, body)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	return drain(res.Body)
}

// Open implements [Place].
func (s *S3) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	res, err := s.do(ctx, http.MethodGet, s.key(name), nil, nil)
	if err != nil {
		return nil, err
	}
	return res.Body, nil
}

// Remove implements [Place].
func (s *S3) Remove(ctx context.Context, name string) error {
	res, err := s.do(ctx, http.MethodDelete, s.key(name), nil, nil)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	return drain(res.Body)
}

// Spool makes a file without a name in the folder for temporary files (TMPDIR): it is gone when it is closed, however the process ends. What is
// put there must be encrypted.
func Spool() (*os.File, error) {
	f, err := os.CreateTemp("", "latchkey-*"+partSuffix)
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func hashOf(r io.Reader) (sum string, size int64, err error) {
	h := sha256.New()
	if size, err = io.Copy(h, r); err != nil {
		return "", 0, err
	}
	return hex.EncodeToString(h.Sum(nil)), size, nil
}

// drain reads a bounded rest, so that the connection can be used again.
func drain(body io.Reader) error {
	if _, err := io.CopyN(io.Discard, body, 64<<10); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}
