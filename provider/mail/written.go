package mail

import (
	"context"
	"errors"
	"time"

	"latchkey/storage"
)

// writeAgain is the wait between two tries to write down what came of a mail.
const writeAgain = 300 * time.Millisecond

// written tries until what came of a mail is written down, or ctx ends: where the store is away for a moment, the mail must not stay leased, nor be sent
// again.
func written(ctx context.Context, write func() error) error {
	for {
		err := write()
		if !errors.Is(err, storage.ErrUnavailable) && !errors.Is(err, storage.ErrUnknown) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(writeAgain):
		}
	}
}
