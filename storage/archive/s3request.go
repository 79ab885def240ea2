package archive

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

const (
	// tries is how often a request is sent at most.
	tries = 5
	// emptySum is the SHA-256 of nothing.
	emptySum = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	// maxAnswer bounds the answers that are read whole.
	maxAnswer = 8 << 20
)

// payload is the body of a request, which can be sent again.
type payload struct {
	open func() io.Reader
	size int64
	sum  string // SHA-256 in hex
}

// fault is an answer that says no.
type fault struct {
	status        int
	code, message string
}

// Error tells what the service said, and what can be done about it.
func (f *fault) Error() string {
	text := fmt.Sprintf("S3 answered %d %s", f.status, f.code)
	if f.message != "" {
		text += ": " + f.message
	}
	switch {
	case f.code == "NoSuchBucket":
		text += " (make the bucket first)"
	case f.code == "SignatureDoesNotMatch", f.code == "InvalidAccessKeyId", f.status == http.StatusForbidden:
		text += " (check backup.s3.access_key_id, secret_access_key and region, the clock, and what that key may do)"
	case f.status >= 300 && f.status < 400:
		text += " (check backup.s3.endpoint and region)"
	}
	return text
}

// Is lets a missing object be fs.ErrNotExist.
func (f *fault) Is(target error) bool { return target == fs.ErrNotExist && f.code == "NoSuchKey" }

// again says whether the same request may fare better in a while.
func (f *fault) again() bool {
	return f.status >= 500 || f.status == http.StatusTooManyRequests || f.status == http.StatusRequestTimeout || f.code == "RequestTimeout"
}

// do sends a request until it is answered for good, and returns the answer where it is a good one. body may be nil.
func (s *S3) do(ctx context.Context, method, key string, query url.Values, body *payload) (*http.Response, error) {
	pause := s.cfg.Pause
	for n := 1; ; n++ {
		res, err := s.once(ctx, method, key, query, body)
		if err == nil {
			return res, nil
		}
		if f, ok := errors.AsType[*fault](err); ok && !f.again() || n == tries || ctx.Err() != nil {
			return nil, fmt.Errorf("%s: %w", s, err)
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%s: %w", s, ctx.Err())
		case <-time.After(pause):
		}
		pause *= 2
	}
}

func (s *S3) once(ctx context.Context, method, key string, query url.Values, body *payload) (*http.Response, error) {
	ctx, w := watch(ctx, s.cfg.Stall)
	res, err := s.send(ctx, w, method, key, query, body)
	if err != nil {
		w.stop()
		if cause := context.Cause(ctx); errors.Is(cause, errStalled) {
			err = cause
		}
		return nil, err
	}
	res.Body = answer{moving{res.Body, w}, res.Body}
	if res.StatusCode/100 != 2 {
		return nil, faultOf(res)
	}
	return res, nil
}

// send signs a request and sends it once.
func (s *S3) send(ctx context.Context, w *watcher, method, key string, query url.Values, body *payload) (*http.Response, error) {
	u := *s.base
	if s.cfg.PathStyle {
		u.Path = "/" + s.cfg.Bucket
	}
	u.Path += "/" + key
	u.RawQuery = strings.ReplaceAll(query.Encode(), "+", "%20")
	var r io.Reader
	sum := emptySum
	if body != nil {
		r, sum = moving{body.open(), w}, body.sum
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), r)
	if err != nil {
		return nil, err
	}
	if body != nil {
		req.ContentLength = body.size
		req.Header.Set("Content-Type", "application/octet-stream")
	}
	req.Header.Set("X-Amz-Content-Sha256", sum)
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }) // S3 takes the path as it is sent
	who := aws.Credentials{AccessKeyID: s.cfg.AccessKeyID, SecretAccessKey: s.cfg.SecretAccessKey, SessionToken: s.cfg.SessionToken}
	if err := signer.SignHTTP(ctx, who, req, sum, "s3", s.cfg.Region, s.cfg.Now()); err != nil {
		return nil, err
	}
	return s.http.Do(req)
}

func faultOf(res *http.Response) error {
	defer func() { _ = res.Body.Close() }()
	f := &fault{status: res.StatusCode, code: http.StatusText(res.StatusCode)}
	var said struct{ Code, Message string }
	if err := xml.NewDecoder(io.LimitReader(res.Body, 64<<10)).Decode(&said); err == nil && said.Code != "" {
		f.code, f.message = said.Code, said.Message
	} else if res.StatusCode == http.StatusNotFound && res.Request.Method != http.MethodPut {
		f.code = "NoSuchKey"
	}
	_ = drain(res.Body)
	return f
}

// listing is a page of ListObjectsV2.
type listing struct {
	IsTruncated           bool
	NextContinuationToken string
	Contents              []struct {
		Key  string
		Size int64
	}
}

func (s *S3) listPage(ctx context.Context, q url.Values) (page listing, err error) {
	res, err := s.do(ctx, http.MethodGet, "", q, nil)
	if err != nil {
		return page, err
	}
	defer func() { _ = res.Body.Close() }()
	if err := xml.NewDecoder(io.LimitReader(res.Body, maxAnswer)).Decode(&page); err != nil {
		return page, fmt.Errorf("%s: its list cannot be read: %w", s, err)
	}
	return page, drain(res.Body)
}
