package transfer

import (
	"context"
	"io"

	"latchkey/storage"
)

// Each reads a stream to its end, hands on every record, and says what they were, once that is what its writer said. What is done with them before
// that must be undone where there is an error. Errors: those of [Scan] and of yield.
func Each(ctx context.Context, r io.Reader, yield func(storage.Item) error) (Summary, error) {
	return scan(ctx, r, func(_ Kind, item storage.Item, _ []byte) error { return yield(item) })
}
