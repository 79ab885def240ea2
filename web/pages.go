package web

import (
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"sync"

	template "github.com/DataDog/datadog-agent/pkg/template/html"
)

// page is the templates of one page, with the layout and the parts. They are parsed when the page is first drawn: a server draws few of them, and all take 15 MiB.
type page struct {
	parsed func() (*template.Template, error)
}

// ExecuteTemplate draws the page in a layout.
func (p *page) ExecuteTemplate(w io.Writer, layout string, v any) error {
	t, err := p.parsed()
	if err != nil {
		return err
	}
	return t.ExecuteTemplate(w, layout, v)
}

// parse finds every page. Where an operator's templates are among them all are parsed at once.
func (s *Site) parse() (map[string]*page, error) {
	names, err := fs.Glob(files, "templates/pages/*.html")
	if err != nil {
		return nil, fmt.Errorf("list templates: %w", err)
	}
	shared := sync.OnceValues(func() (*template.Template, error) {
		return template.New("shared.html").Option("missingkey=error").Funcs(s.functions()).ParseFS(files, "templates/*.html")
	})
	pages := map[string]*page{}
	for _, n := range names {
		name := strings.TrimSuffix(path.Base(n), ".html")
		one := &page{sync.OnceValues(func() (*template.Template, error) { return s.parsePage(shared, name, n) })}
		pages[name] = one
		if len(s.Theme.Templates) == 0 {
			continue
		}
		if _, err := one.parsed(); err != nil {
			return nil, err
		}
	}
	return pages, nil
}

func (s *Site) parsePage(shared func() (*template.Template, error), name, file string) (*template.Template, error) {
	t, err := shared()
	if err != nil {
		return nil, fmt.Errorf("parse template: %w", err)
	}
	if t, err = t.Clone(); err != nil {
		return nil, fmt.Errorf("copy templates: %w", err)
	}
	if t, err = t.ParseFS(files, file); err != nil {
		return nil, fmt.Errorf("parse template: %w", err)
	}
	if err := override(t, name, s.Theme.Templates); err != nil {
		return nil, err
	}
	rewrite(t)
	return t, nil
}
