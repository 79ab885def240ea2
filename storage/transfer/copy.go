package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"latchkey/storage"
)

var (
	// ErrOther: the store was half filled with something else than what now comes, or that has changed meanwhile.
	ErrOther = errors.New("the store was half filled from something else, or what it was filled from has changed since")
	// ErrDiffers: what was read back from the store is not what was put into it.
	ErrDiffers = errors.New("the store does not hold what was put into it")
)

// Bounds of one [storage.Transfers.Fill].
const (
	maxBatch = 10_000
	maxBytes = 8 << 20
)

// Stage is what [Copy] is doing.
type Stage string

// The stages, in their order.
const (
	StageCopy   Stage = "copy"
	StageVerify Stage = "verify"
)

// Progress is how far [Copy] is: Records of all that there are.
type Progress struct {
	Stage   Stage
	Records int64
	// Found is how many of them an earlier call had copied; 0 unless it was interrupted.
	Found int64
}

// Copy fills the store to with everything that is in from, as of one instant, reads it again, and makes it one that can be served. to must be empty,
// or half filled from the same store: then it goes on where that ended. progress is called now and then, never by two at once; nil: nobody wants to
// know. Errors: ErrOther, ErrDiffers, storage.ErrNotEmpty, and those of the stores. After an error to stays one that is not served.
func Copy(ctx context.Context, from, to storage.Transfers, progress func(Progress)) (Summary, error) {
	if progress == nil {
		progress = func(Progress) {}
	}
	return fill(ctx, to, progress, func(ctx context.Context, f *filler) (Summary, error) {
		t := table(codecs())
		return dump(ctx, from, func(item storage.Item, line []byte) error { return f.add(t[order(item)].kind, item, line) })
	})
}

// fill fills the store with what source adds, and verifies it.
func fill(ctx context.Context, to storage.Transfers, progress func(Progress), source func(context.Context, *filler) (Summary, error)) (Summary, error) {
	f := &filler{to: to, progress: progress, all: Summary{}, found: Summary{}}
	var err error
	if f.noted, err = to.FillProgress(ctx); err != nil {
		return nil, err
	}
	if f.noted != nil {
		if f.found, err = decodeSummary(f.noted); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrOther, err)
		}
		f.left = f.found.Records()
	}
	all, err := f.run(ctx, source)
	if err != nil {
		return nil, err
	}
	seen := int64(0)
	have, err := dump(ctx, to, func(storage.Item, []byte) error {
		if seen++; seen%maxBatch == 0 {
			progress(Progress{Stage: StageVerify, Records: seen})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if !all.Equal(have) {
		return nil, fmt.Errorf("%w: %s", ErrDiffers, strings.Join(all.Differences(have), "; "))
	}
	progress(Progress{Stage: StageVerify, Records: seen})
	return all, to.FinishFill(ctx, f.noted)
}

// filler fills a store in batches, one while the next is collected.
type filler struct {
	to       storage.Transfers
	progress func(Progress)

	// all is what was added; found what the store had of it, left how many records of that are yet to come.
	all, found Summary
	left       int64
	// noted is what the store's progress is.
	noted []byte

	batch  []storage.Item
	size   int
	queue  chan parcel
	failed chan struct{} // closed once err is set
	err    error
}

// parcel is a batch with what has then been added in all.
type parcel struct {
	items   []storage.Item
	records int64
	to      []byte
}

// run has source add everything.
func (f *filler) run(ctx context.Context, source func(context.Context, *filler) (Summary, error)) (Summary, error) {
	f.queue, f.failed = make(chan parcel), make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		f.fill(ctx)
	}()
	all, err := source(ctx, f)
	if err == nil {
		err = f.flush()
	}
	close(f.queue)
	<-done
	switch {
	case f.err != nil:
		return nil, f.err
	case err != nil:
		return nil, err
	case f.left > 0:
		return nil, ErrOther
	}
	return all, nil
}

// fill stores batches until there are no more.
func (f *filler) fill(ctx context.Context) {
	for p := range f.queue {
		if f.err = f.to.Fill(ctx, p.items, f.noted, p.to); f.err != nil {
			close(f.failed)
			return
		}
		f.noted = p.to
		f.progress(Progress{Stage: StageCopy, Records: p.records, Found: f.found.Records()})
	}
}

// add counts a record and has it stored, unless it was before.
func (f *filler) add(kind Kind, item storage.Item, line []byte) error {
	f.all.add(kind, line)
	if f.left > 0 {
		if f.left--; f.left == 0 && !bytes.Equal(f.all.encode(), f.found.encode()) {
			return ErrOther
		}
		return nil
	}
	f.batch = append(f.batch, item)
	f.size += len(line)
	if len(f.batch) < maxBatch && f.size < maxBytes {
		return nil
	}
	return f.flush()
}

func (f *filler) flush() error {
	if len(f.batch) == 0 {
		return nil
	}
	select {
	case f.queue <- parcel{items: f.batch, records: f.all.Records(), to: f.all.encode()}:
		f.batch, f.size = make([]storage.Item, 0, maxBatch), 0
		return nil
	case <-f.failed:
		return f.err
	}
}
