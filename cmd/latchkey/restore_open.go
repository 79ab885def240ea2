package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
	"time"

	"latchkey/cmd/latchkey/config"
	"latchkey/storage/archive"
)

// openedBackup is a backup that can be read any number of times, and is gone when it is closed, where it is a copy.
type openedBackup struct {
	*os.File
	// shown is its name for messages. listed is the name under which it was found in a place; "" where the operator named it.
	shown, listed string
}

// whole reads it from its beginning.
func (o openedBackup) whole() io.Reader { return io.NewSectionReader(o.File, 0, 1<<62) }

// honest says where the name by which it was chosen, as the newest, is not what is sealed inside: else who can write to the place could have an old
// one restored. Whom the operator names is meant.
func (o openedBackup) honest(about archive.About) error {
	if o.listed == "" {
		return nil
	}
	if err := archive.CheckName(o.listed, about); err != nil {
		return fmt.Errorf("%w: it was renamed, or an old one was copied. Where that is meant, name the file itself", err)
	}
	return nil
}

// openBackup opens a backup: a file, the newest of a folder or bucket, one in a bucket, or "-" for in.
func openBackup(ctx context.Context, cfg *config.Config, from string, in io.Reader) (o openedBackup, err error) {
	if from == "-" {
		o.shown = "standard input"
		o.File, err = spooled(in)
		return o, err
	}
	_, _, remote := config.Bucket(from)
	if info, err := os.Stat(from); !remote && (err != nil || !info.IsDir()) {
		o.shown = from
		o.File, err = os.Open(from)
		return o, err
	}
	if cfg == nil {
		return o, usageError{errors.New("a folder or bucket needs the configuration; name a file")}
	}
	name := ""
	if remote && isBackup(from) {
		from, name = strings.TrimSuffix(from, "/"+path.Base(from)), path.Base(from)
	}
	p, err := placeOf(cfg, from, time.Now)
	if err != nil {
		return o, err
	}
	if name == "" {
		all, err := p.List(ctx, cfg.Issuer)
		if err != nil {
			return o, err
		}
		if len(all) == 0 {
			return o, fmt.Errorf("%s holds no backup of %s", p, cfg.Issuer)
		}
		name = all[len(all)-1].Name
		o.listed = name
	}
	r, err := p.Open(ctx, name)
	if err != nil {
		return o, err
	}
	defer func() { _ = r.Close() }()
	o.shown = p.String() + "/" + name
	if file, ok := r.(*os.File); ok {
		o.File, err = os.Open(file.Name())
	} else {
		o.File, err = spooled(r)
	}
	return o, err
}

func spooled(r io.Reader) (*os.File, error) {
	f, err := archive.Spool()
	if err != nil {
		return nil, err
	}
	if _, err := io.Copy(f, r); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
