package watch

import (
	"context"

	"latchkey/storage"
)

// Begin is called before a verb, with its name. The verb gets the context that Begin returns; the function that it returns
// is called once, with the verb's error, also where the verb panics (with nil).
type Begin func(ctx context.Context, verb string) (context.Context, func(error))

// Wrap returns a store that does what s does and tells begin. Close, which has no context, is not told of.
func Wrap(s storage.Store, begin Begin) storage.Store { return &watched{store: s, begin: begin} }

type watched struct {
	store storage.Store
	begin Begin
}

var _ storage.Store = (*watched)(nil)

// Close implements [storage.Upkeep].
func (w *watched) Close() error { return w.store.Close() }
