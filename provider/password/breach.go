package password

import (
	"bufio"
	"context"
	"crypto/sha1" //nolint:gosec // the protocol's hash, of which five characters leave
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// rangeMax bounds, in bytes, what is read of an answer: a range has some 800 lines of 40 bytes, 1,000 with padding.
const rangeMax = 256 << 10

// Breaches asks a service whether passwords were in a breach, by k-anonymity: the first five characters of the SHA-1 leave, and the answer has every hash
// that begins so. It is safe for concurrent use.
type Breaches struct {
	base string
	http *http.Client
}

// NewBreaches takes the service's address, to which "/range/" and the five characters are added, and how long an answer may take.
func NewBreaches(base string, timeout time.Duration) (*Breaches, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("%q is no http or https address without a query", base)
	}
	client := &http.Client{Timeout: timeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return &Breaches{base: strings.TrimSuffix(base, "/"), http: client}, nil
}

// Breached says whether the service knows the password. An error says that it could not be asked; it holds nothing of the password.
func (b *Breaches) Breached(ctx context.Context, password string) (bool, error) {
	sum := sha1.Sum([]byte(password)) //nolint:gosec // as above
	hash := strings.ToUpper(hex.EncodeToString(sum[:]))
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, b.base+"/range/"+hash[:5], nil)
	if err != nil {
		return false, errors.New("breach service: the address cannot be asked")
	}
	req.Header.Set("Add-Padding", "true") // the length of the answer then tells nothing of the five characters
	req.Header.Set("User-Agent", "Latchkey")
	res, err := b.http.Do(req)
	if err != nil {
		return false, fmt.Errorf("breach service: %w", withoutURL(err))
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return false, fmt.Errorf("breach service: status %d", res.StatusCode)
	}
	return listed(res.Body, hash[5:])
}

// listed looks for the rest of a hash among lines of rest and count. A count of 0 is padding.
func listed(body io.Reader, rest string) (bool, error) {
	lines := bufio.NewScanner(io.LimitReader(body, rangeMax))
	n, found := 0, false
	for lines.Scan() {
		suffix, count, ok := strings.Cut(strings.TrimSpace(lines.Text()), ":")
		if !ok || len(suffix) != len(rest) {
			return false, errors.New("breach service: the answer is no range of hashes")
		}
		n++
		found = found || strings.EqualFold(suffix, rest) && strings.Trim(count, "0") != ""
	}
	if err := lines.Err(); err != nil {
		return false, fmt.Errorf("breach service: %w", withoutURL(err))
	}
	if n == 0 {
		return false, errors.New("breach service: the answer is empty")
	}
	return found, nil
}

// withoutURL takes the address, which has five characters of a hash, out of an error.
func withoutURL(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}
