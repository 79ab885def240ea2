package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"latchkey/cmd/latchkey/config"
	"latchkey/provider/serve"
	"latchkey/web"
	"latchkey/web/theme"
)

// theme reads the theme of the configuration; its faults were told when that was loaded.
func (c *core) theme() (*theme.Theme, error) {
	return web.LoadTheme(c.cfg.Web.Theme, c.cfg.Web.Brand, c.cfg.Web.DefaultLocale)
}

func (a *app) themeCommand() *cobra.Command {
	check := &cobra.Command{
		Use: "check", Short: "Read the theme as the server will, and tell every fault", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := a.load(cmd, false)
			if err != nil {
				return err
			}
			if cfg.Web.Theme.IsZero() {
				return a.show(cmd, map[string]bool{"ok": true, "themed": false}, func(w io.Writer) { _, _ = fmt.Fprintln(w, "The configuration has no theme: nothing to check.") })
			}
			return a.show(cmd, map[string]bool{"ok": true, "themed": true}, func(w io.Writer) { _, _ = fmt.Fprintln(w, "The theme is good.") })
		},
	}
	preview := &cobra.Command{
		Use: "preview", Short: "Serve every page in every state with sample data, on this machine only", Args: cobra.NoArgs,
		Long: `Serve every page and mail in every state with sample data, until interrupted. The theme's files are read again for each page that is asked for, so a change
is seen by loading the page anew; what is wrong with it is shown instead of the page. Nothing is stored, nobody can sign in, and no other machine can connect.`,
		RunE: a.previewTheme,
	}
	preview.Flags().String("address", "localhost:8099", "loopback `host:port` to serve at")
	return group("theme", "Check and look at what the configuration changes of the look", check, preview)
}

func (a *app) previewTheme(cmd *cobra.Command, _ []string) error {
	cfg, err := a.loadFrom(cmd, config.Sources{Env: a.env, ThemeLater: true})
	if err != nil {
		return err
	}
	address, err := cmd.Flags().GetString("address")
	if err != nil {
		return err
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil || !serve.IsLoopback(host) {
		return usageError{fmt.Errorf("--address %s: must be a loopback host and a port, such as localhost:8099", address)}
	}
	listener, err := (&net.ListenConfig{}).Listen(cmd.Context(), "tcp", address)
	if err != nil {
		return err
	}
	origin := "http://" + listener.Addr().String()
	if host == "localhost" {
		origin = fmt.Sprintf("http://localhost:%d", listener.Addr().(*net.TCPAddr).Port)
	}
	_, _ = fmt.Fprintln(a.stdout, origin+"/")
	p := &preview{cfg: cfg, origin: origin}
	srv := &http.Server{Handler: http.NewCrossOriginProtection().Handler(p), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second}
	stop := context.AfterFunc(cmd.Context(), func() { _ = srv.Close() })
	defer stop()
	if err := srv.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// preview reads the theme for every page anew, where there is one.
type preview struct {
	cfg    *config.Config
	origin string
	mu     sync.Mutex
	last   http.Handler
}

// ServeHTTP implements [http.Handler].
func (p *preview) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	gallery, err := p.gallery(r)
	if err != nil {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = fmt.Fprintf(w, "The theme cannot be used:\n\n%v\n", err)
		return
	}
	gallery.ServeHTTP(w, r)
}

// gallery is made anew for pages; what a page loads comes from the one that drew it.
func (p *preview) gallery(r *http.Request) (http.Handler, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.last != nil && (p.cfg.Web.Theme.IsZero() || !web.IsSamplePage(r.URL.Path)) { // without a theme nothing can change
		return p.last, nil
	}
	look, err := web.LoadTheme(p.cfg.Web.Theme, p.cfg.Web.Brand, p.cfg.Web.DefaultLocale)
	if err != nil {
		return nil, err
	}
	gallery, err := web.NewGallery(web.Gallery{Address: p.origin, Brand: p.cfg.Web.Brand, DefaultLocale: p.cfg.Web.DefaultLocale, Theme: look,
		HelpURL: p.cfg.Web.HelpURL, PrivacyURL: p.cfg.Web.PrivacyURL, TermsURL: p.cfg.Web.TermsURL})
	if err != nil {
		return nil, err
	}
	p.last = gallery
	return gallery, nil
}
