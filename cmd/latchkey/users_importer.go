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
	// size of the input in bytes, 0 where it is not known.
	size int64

	// names are those of a dry run's lines, hashed, by line: a store that is written to knows them.
	seed  maphash.Seed
	names map[uint64]int64
	told  int
	done  imported
}

// importLine is a line, and the account that it is to be, or what is wrong with it.
type importLine struct {
	number int64
	text   []byte
	made   storage.Account
	wrong  error
}

// importPart are lines that follow each other, and how much of the input was read with them.
type importPart struct {
	lines []importLine
	read  int64
}

// run imports all lines: while some are stored the next are read and checked. Errors: those of the input and of the store, and that not all lines were
// imported.
func (i *importer) run(ctx context.Context, in io.Reader) error {
	i.seed = maphash.MakeSeed()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	parts, ended := make(chan importPart), make(chan error, 1)
	go func() {
		defer close(parts)
		ended <- i.read(ctx, in, parts)
	}()
	for p := range parts {
		if err := i.take(ctx, p); err != nil {
			return err
		}
	}
	if err := <-ended; err != nil {
		return err
	}
	if left := i.done.Invalid + i.done.Conflicts; left > 0 {
		return fmt.Errorf("%d of %d lines were not imported", left, i.done.Lines)
	}
	return nil
}

// read reads and checks lines and hands them on, until ctx ends. Of input that cannot be read to its end, all whole lines are handed on.
func (i *importer) read(ctx context.Context, in io.Reader, parts chan<- importPart) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 0, maxLine), maxLine)
	var p importPart
	hand := func() {
		i.check(p.lines)
		select {
		case parts <- p:
		case <-ctx.Done():
		}
		p.lines = nil
	}
	number := int64(1)
	for ; ctx.Err() == nil && lines.Scan(); number++ {
		text := lines.Bytes()
		p.read += int64(len(text)) + 1
		if number == 1 {
			text = bytes.TrimPrefix(text, []byte("\ufeff"))
		}
		if len(bytes.TrimSpace(text)) == 0 {
			continue
		}
		if p.lines = append(p.lines, importLine{number: number, text: bytes.Clone(text)}); len(p.lines) == importBatch {
			hand()
		}
	}
	hand()
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return fmt.Errorf("line %d is longer than %d bytes", number, maxLine)
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("the import was interrupted; what came before is stored, and the same command goes on from there: %w", err)
	}
	return lines.Err()
}

// check makes accounts of lines. It takes less time than to store them, which goes on meanwhile.
func (i *importer) check(lines []importLine) {
	now := i.now()
	for n := range lines {
		l := &lines[n]
		if l.made, l.wrong = admin.ReadLine(l.text, now); l.wrong == nil && i.clients[l.made.Sub] {
			l.wrong = &admin.Fault{Fields: map[string]string{"sub": "is the ID of a client"}}
		}
	}
}

// take stores what is valid of a part.
func (i *importer) take(ctx context.Context, p importPart) error {
	batch := p.lines[:0]
	for _, l := range p.lines {
		i.done.Lines++
		if l.wrong != nil {
			i.done.Invalid++
			i.tell(l.number, faultText(l.wrong))
			continue
		}
		if i.dry {
			if name, other := i.shared(l.number, l.made); other > 0 {
				i.done.Conflicts++
				i.tell(l.number, fmt.Sprintf("has the %s of line %d", name, other))
				continue
			}
		}
		batch = append(batch, l)
	}
	if err := i.put(ctx, batch); err != nil {
		return err
	}
	part := -1.0
	if i.size > 0 {
		part = min(float64(p.read)/float64(i.size), 1)
	}
	i.bar.count(i.done.Lines, part)
	return nil
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

// put stores lines in one commit.
func (i *importer) put(ctx context.Context, lines []importLine) error {
	if len(lines) == 0 {
		return nil
	}
	accounts := make([]storage.Account, len(lines))
	for n, l := range lines {
		accounts[n] = l.made
	}
	results, err := i.store.ImportAccounts(ctx, accounts, i.dry, i.now())
	if err != nil {
		return fmt.Errorf("the import ends before line %d; what came before is stored, and the same command goes on from there: %w", lines[0].number, err)
	}
	for n, l := range lines {
		i.count(l, results[n])
	}
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
