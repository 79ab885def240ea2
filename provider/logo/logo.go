package logo

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"latchkey/provider/client"
	"latchkey/provider/fetch"
	"latchkey/provider/picture"
	"latchkey/storage"
)

// How long a picture is kept, and how long an address that gave none is left alone.
const (
	keepFor  = 24 * time.Hour
	avoidFor = 10 * time.Minute
)

// What is done at once, and in a minute, for all clients together. A logo that has to wait is not shown this time.
const (
	maxFetches   = 4
	maxPerMinute = 120
	// maxWaiting bounds the requests that wait for the fetch of another.
	maxWaiting = 32
	// fetchTime bounds the whole of fetching and re-encoding.
	fetchTime = 10 * time.Second
)

// The caps of a logo, in pixels. What comes out is shown at 48, on screens with up to three dots for each.
const (
	maxSide   = 4096
	maxPixels = 4_000_000
	side      = 128
)

// accept asks for what can be decoded.
const accept = "image/png, image/webp, image/jpeg"

// What [Keeper.Logo] has no picture for.
var (
	// ErrNone: no such client, not its address, or no picture there that can be shown.
	ErrNone = errors.New("no logo")
	// ErrLater: there is too much to do. It may be there the next time.
	ErrLater = errors.New("no logo yet")
)

// Deps is what a [Keeper] stands on. Each is required, but MaxPixels.
type Deps struct {
	Clients interface {
		Client(ctx context.Context, id string) (storage.Client, error)
	}
	Fetcher interface {
		Get(ctx context.Context, uri, accept string) (fetch.Answer, error)
	}
	Pictures *picture.Cleaner
	// MaxPixels is for machines of little memory; 0, and more than four million, mean four million.
	MaxPixels int
	Log       *slog.Logger
	Now       func() time.Time
}

// Keeper keeps logos. It is safe for concurrent use.
type Keeper struct {
	Deps
	mu   sync.Mutex
	kept *shelf
	// flights are the fetches under way, by client.
	flights map[string]chan struct{}
	waiting int
	// minute is when the count of begun started.
	minute time.Time
	begun  int
}

// Logo is a picture to be shown.
type Logo struct {
	picture.Picture
	// Until is when it will be fetched anew.
	Until time.Time
}

// New makes a keeper of nothing.
func New(d Deps) *Keeper {
	if d.MaxPixels <= 0 || d.MaxPixels > maxPixels {
		d.MaxPixels = maxPixels
	}
	return &Keeper{Deps: d, kept: newShelf(maxKept, maxKeptBytes), flights: map[string]chan struct{}{}}
}

// Version names an address, for the query of the picture's own: another logo is another address to browsers.
func Version(uri string) string {
	sum := sha256.Sum256([]byte(uri))
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}

// Logo gives the picture at the client's address of that [Version]; its first caller fetches it. Errors: ErrNone, ErrLater, that of ctx, or a
// fault of the store.
func (k *Keeper) Logo(ctx context.Context, clientID, version string) (Logo, error) {
	c, err := k.Clients.Client(ctx, clientID)
	if errors.Is(err, client.ErrUnknown) {
		return Logo{}, ErrNone
	}
	if err != nil {
		return Logo{}, fmt.Errorf("read client: %w", err)
	}
	uri := address(c, version)
	if uri == "" {
		return Logo{}, ErrNone
	}
	at := place{c.ID, uri}
	for {
		l, underway, err := k.look(at)
		if err != nil || underway == nil && l.Content != nil {
			return l, err
		}
		if underway == nil {
			return k.fetch(ctx, at)
		}
		if err := k.wait(ctx, underway); err != nil {
			return Logo{}, err
		}
	}
}

// address is the client's logo, in whatever language (RFC 7591 §2.2), that has this version; "" if none has.
func address(c storage.Client, version string) string {
	if c.LogoURI != "" && Version(c.LogoURI) == version {
		return c.LogoURI
	}
	for name, uri := range c.Localized {
		if strings.HasPrefix(name, "logo_uri#") && uri != "" && Version(uri) == version {
			return uri
		}
	}
	return ""
}

// look finds what is known. Without error and picture, either the client's fetch that is underway has to end first, or the caller is to fetch.
func (k *Keeper) look(at place) (l Logo, underway chan struct{}, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.Now()
	if l, ok := k.kept.get(at, now); ok {
		if l.Content == nil {
			return Logo{}, nil, ErrNone
		}
		return l, nil, nil
	}
	if f := k.flights[at.client]; f != nil {
		if k.waiting >= maxWaiting {
			return Logo{}, nil, ErrLater
		}
		k.waiting++
		return Logo{}, f, nil
	}
	if now.Sub(k.minute) >= time.Minute || now.Before(k.minute) {
		k.minute, k.begun = now, 0
	}
	if len(k.flights) >= maxFetches || k.begun >= maxPerMinute {
		return Logo{}, nil, ErrLater
	}
	k.begun++
	k.flights[at.client] = make(chan struct{})
	return Logo{}, nil, nil
}

// wait waits for the fetch of another request.
func (k *Keeper) wait(ctx context.Context, underway chan struct{}) error {
	defer func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.waiting--
	}()
	select {
	case <-underway:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// fetch gets the picture and keeps it, or keeps that there is none. Whoever began it may go: others wait for it, and it has its own time.
func (k *Keeper) fetch(ctx context.Context, at place) (l Logo, err error) {
	l.Until = k.Now().Add(avoidFor) // unless there is one, whatever happens
	defer func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.kept.put(at, l)
		close(k.flights[at.client])
		delete(k.flights, at.client)
	}()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTime)
	defer cancel()
	got, err := k.picture(ctx, at.uri)
	if err != nil {
		k.Log.InfoContext(ctx, "logo of a client cannot be shown", "client_id", at.client, "error", fetch.Detail(err))
		return l, ErrNone
	}
	l = Logo{Picture: got, Until: k.Now().Add(keepFor)}
	return l, nil
}

func (k *Keeper) picture(ctx context.Context, uri string) (picture.Picture, error) {
	a, err := k.Fetcher.Get(ctx, uri, accept)
	if err != nil {
		return picture.Picture{}, err
	}
	return k.Pictures.Clean(ctx, a.Body, picture.Limits{MaxSide: maxSide, MaxPixels: k.MaxPixels, Side: side, Square: true, Wait: fetchTime})
}
