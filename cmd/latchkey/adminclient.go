package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"latchkey/cmd/latchkey/config"
	"latchkey/provider/admin"
)

// openWait is how long a command waits for a store that another process holds.
const openWait = 5 * time.Second

// adminClient talks to the operators' API.
type adminClient struct{ http *http.Client }

// withAdmin runs do with the operators' API: the running server's, or our own over the store where none runs.
func (a *app) withAdmin(cmd *cobra.Command, do func(ctx context.Context, c *adminClient) error) error {
	cfg, err := a.load(cmd, false)
	if err != nil {
		return err
	}
	c, done, err := a.connect(cmd.Context(), cfg)
	if err != nil {
		return err
	}
	return errors.Join(do(cmd.Context(), c), done())
}

func (a *app) connect(ctx context.Context, cfg *config.Config) (*adminClient, func() error, error) {
	socket := cfg.AdminSocketPath()
	if socket != "" {
		dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{Timeout: 2 * time.Second}).DialContext(ctx, "unix", socket)
		}
		if conn, err := dial(ctx, "", ""); err == nil {
			_ = conn.Close()
			transport := &http.Transport{DialContext: dial, DisableKeepAlives: true}
			return &adminClient{&http.Client{Transport: transport, Timeout: time.Minute}}, func() error { return nil }, nil
		}
	}
	if cfg.Storage.Driver == "memory" {
		return nil, nil, unavailableError{errors.New("no server answers, and what is in memory is in the server alone (set server.admin_socket)")}
	}
	wait, cancel := context.WithTimeout(ctx, openWait)
	defer cancel()
	h, done, err := a.openAdmin(wait, cfg)
	if err != nil {
		return nil, nil, unavailableError{err}
	}
	return &adminClient{&http.Client{Transport: inProcess{h}}}, done, nil
}

// call sends in as JSON and decodes the answer into out.
func (c *adminClient) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		content, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(content)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://admin/v1/"+path, body)
	if err != nil {
		return err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return unavailableError{fmt.Errorf("talk to the server: %w", err)}
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode >= 400 {
		return faultOf(res)
	}
	return json.NewDecoder(res.Body).Decode(out)
}

func faultOf(res *http.Response) error {
	f := new(admin.Fault)
	if err := json.NewDecoder(res.Body).Decode(f); err != nil {
		return fmt.Errorf("the server answered %s", res.Status)
	}
	text := f.Message
	for _, field := range sortedKeys(f.Fields) {
		text += fmt.Sprintf("\n  %s: %s", field, f.Fields[field])
	}
	if f.Code == "unavailable" {
		return unavailableError{errors.New(text)}
	}
	return errors.New(text)
}

// inProcess answers requests by a handler, without a socket.
type inProcess struct{ handler http.Handler }

func (t inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		r.Body = http.NoBody
	}
	w := &buffer{header: http.Header{}, status: http.StatusOK}
	t.handler.ServeHTTP(w, r)
	return &http.Response{
		StatusCode: w.status, Status: http.StatusText(w.status), Header: w.header, Body: io.NopCloser(&w.body), Request: r,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, ContentLength: int64(w.body.Len()),
	}, nil
}

type buffer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (b *buffer) Header() http.Header         { return b.header }
func (b *buffer) WriteHeader(status int)      { b.status = status }
func (b *buffer) Write(p []byte) (int, error) { return b.body.Write(p) }
