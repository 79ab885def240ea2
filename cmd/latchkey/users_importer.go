package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"latchkey/provider/admin"
	"latchkey/storage"
)

const (
	// maxLine bounds a line, in bytes; importBatch is how many accounts one commit stores.
	maxLine     = 64 << 10
	importBatch = storage.MaxImport
	// importTold is how many lines are told of that were not imported.
	importTold = 100
)

// importer makes accounts of lines.
type importer struct {
	store   storage.Imports
	dry     bool
	now     func() time.Time
	clients map[string]bool
	bar     *progress
	// size of the input in bytes, 0 where it is not known; read is how much of it was read.
	size, read int64

	batch []importLine
	// names are those of a dry run's lines, hashed, by line: a store that is written to knows them.
	seed  maphash.Seed
	names map[uint64]int64
	told  int
	done  imported
}

type importLine struct {
	number int64
	text   []byte
	made   storage.Account
}

// run imports all lines. Errors: those of the input and of the store, and that not all lines were imported.
func (i *importer) run(ctx context.Context, in io.Reader) error {
	i.seed = maphash.MakeSeed()
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 0, maxLine), maxLine)
	for number := int64(1); lines.Scan(); number++ {
		text := lines.Bytes()
		i.read += int64(len(text)) + 1
		if number == 1 {
			text = bytes.TrimPrefix(text, []byte("\ufeff"))
		}
		if len(bytes.TrimSpace(text)) == 0 {
			continue
		}
		i.take(number, text)
		if len(i.batch) < importBatch {
			continue
		}
		if err := i.flush(ctx); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		if errors.Is(err, bufio.ErrTooLong) {
			err = fmt.Errorf("line %d is longer than %d bytes", i.done.Lines+1, maxLine)
		}
		return errors.Join(err, i.flush(ctx))
	}
	if err := i.flush(ctx); err != nil {
		return err
	}
	if left := i.done.Invalid + i.done.Conflicts; left > 0 {
		return fmt.Errorf("%d of %d lines were not imported", left, i.done.Lines)
	}
	return nil
}

// take checks a line, and puts it into the batch where it is valid.
func (i *importer) take(number int64, text []byte) {
	i.done.Lines++
	made, err := admin.ReadLine(text, i.now())
	if err == nil && i.clients[made.Sub] {
		err = &admin.Fault{Fields: map[string]string{"sub": "is the ID of a client"}}
	}
	if err != nil {
		i.done.Invalid++
		i.tell(number, faultText(err))
		return
	}
	if i.dry {
		if name, other := i.shared(number, made); other > 0 {
			i.done.Conflicts++
			i.tell(number, fmt.Sprintf("has the %s of line %d", name, other))
			return
		}
	}
	i.batch = append(i.batch, importLine{number, bytes.Clone(text), made})
}

// shared returns the line that has a name of this one.
func (i *importer) shared(number int64, a storage.Account) (name string, line int64) {
	keys := []struct{ name, key string }{{"sub", a.Sub}, {"username", a.UsernameKey}, {"email", a.EmailKey}}
	for _, k := range keys {
		if other, has := i.names[maphash.String(i.seed, k.name+" "+k.key)]; has && k.key != "" {
			return k.name, other
		}
	}
	for _, k := range keys {
		i.names[maphash.String(i.seed, k.name+" "+k.key)] = number
	}
	return "", 0
}

// flush stores the batch.
func (i *importer) flush(ctx context.Context) error {
	if len(i.batch) > 0 {
		accounts := make([]storage.Account, len(i.batch))
		for n, l := range i.batch {
			accounts[n] = l.made
		}
		results, err := i.store.ImportAccounts(ctx, accounts, i.dry, i.now())
		if err != nil {
			return fmt.Errorf("the import ends before line %d; what came before is stored, and the same command goes on from there: %w", i.batch[0].number, err)
		}
		for n, l := range i.batch {
			i.count(l, results[n])
		}
		i.batch = i.batch[:0]
	}
	part := -1.0
	if i.size > 0 {
		part = min(float64(i.read)/float64(i.size), 1)
	}
	i.bar.count(i.done.Lines, part)
	return nil
}

func (i *importer) count(l importLine, r storage.ImportedAccount) {
	if r.Made {
		i.done.Made++
		return
	}
	differs := admin.Differences(l.text, r.Account, l.made)
	if len(differs) == 0 {
		i.done.There++
		return
	}
	i.done.Conflicts++
	i.tell(l.number, fmt.Sprintf("account %d has its names, and differs in %s", r.Account.ID, strings.Join(differs, ", ")))
}

// tell says what is wrong with a line, without what it holds.
func (i *importer) tell(line int64, what string) {
	if i.told++; i.told < importTold {
		i.bar.say(safe(fmt.Sprintf("line %d: %s", line, what)))
	} else if i.told == importTold {
		i.bar.say("more lines are not told of")
	}
}

func faultText(err error) string {
	f, ok := errors.AsType[*admin.Fault](err)
	if !ok {
		return err.Error()
	}
	if len(f.Fields) == 0 {
		return f.Message
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(f.Fields)) {
		parts = append(parts, name+": "+f.Fields[name])
	}
	return strings.Join(parts, "; ")
}

// count tells how many records there were, of which part is done; less than 0 where that is not known.
func (p *progress) count(n int64, part float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if p.begun.IsZero() {
		p.begun = now
	}
	every := lineEvery
	if p.bar {
		every = barEvery
	}
	if now.Sub(p.told) < every && part < 1 {
		return
	}
	p.told = now
	text := fmt.Sprintf("%d lines", n)
	if part >= 0 {
		text = fmt.Sprintf("%3.0f %%  %s", part*100, text)
	}
	if !p.bar {
		_, _ = fmt.Fprintln(p.out, strings.TrimSpace(text))
		return
	}
	const width = 30
	full := int(max(part, 0) * width)
	_, _ = fmt.Fprintf(p.out, "\r\x1b[K[%s%s] %s  %v", strings.Repeat("#", full), strings.Repeat(".", width-full), text, now.Sub(p.begun).Round(time.Second))
	p.behind = true
}
