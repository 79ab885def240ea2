package theme

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// reason is an error of the file system without the name, which the fault has.
func reason(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}

// templates reads the blocks of a folder: <block>.html, and pages/<page>.html for whole pages.
func (r *reader) templates(dir string) {
	for _, below := range []string{"", "pages"} {
		entries, err := os.ReadDir(filepath.Join(dir, below))
		if errors.Is(err, fs.ErrNotExist) && below != "" {
			continue
		}
		if err != nil {
			r.fault("templates", filepath.Join(dir, below), 0, "cannot be read: %v", reason(err))
			return
		}
		for _, e := range entries {
			r.block(dir, below, e)
		}
	}
}

func (r *reader) block(dir, below string, e fs.DirEntry) {
	file := filepath.Join(dir, below, e.Name())
	name, isPage := strings.CutSuffix(e.Name(), ".html")
	switch {
	case strings.HasPrefix(e.Name(), "."): // what volumes of containers and editors leave
		return
	case e.IsDir() && below == "" && e.Name() == "pages":
		return
	case !isPage:
		r.fault("templates", file, 0, "is no .html file: it would never be read")
		return
	}
	if raw, ok := r.text("templates", file, maxText); ok {
		r.theme.Templates = append(r.theme.Templates, Block{Name: path.Join(below, name), File: file, Text: string(raw)})
	}
}

// locales opens a folder of catalogues.
func (r *reader) locales(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		r.fault("locales", dir, 0, "cannot be read: %v", reason(err))
		return
	}
	found := false
	for _, e := range entries {
		switch {
		case strings.HasPrefix(e.Name(), "."):
		case strings.HasSuffix(e.Name(), ".json"):
			found = true
		default:
			r.fault("locales", filepath.Join(dir, e.Name()), 0, "is no .json file: it would never be read")
		}
	}
	if !found {
		r.fault("locales", dir, 0, "holds no .json file")
		return
	}
	r.theme.Locales = os.DirFS(dir)
}
