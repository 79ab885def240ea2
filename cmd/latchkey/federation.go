package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"latchkey/cmd/latchkey/config"
	"latchkey/provider/client"
	"latchkey/provider/fetch"
)

// federation gives the fetchers for keys of other issuers. Files are read anew each time, since clusters renew them.
func federation(f config.Fetch) func(client.FederatedIdentity) (client.Fetcher, error) {
	return func(id client.FederatedIdentity) (client.Fetcher, error) {
		if id.JWKSFile != "" {
			return keyFile{}, nil
		}
		f.Allow = append(slices.Clone(f.Allow), id.Allow...)
		if id.CAFile != "" {
			f.CAFile = id.CAFile
		}
		conf, err := fetchConfig(f)
		if err != nil {
			return nil, err
		}
		if id.TokenFile != "" {
			conf.Bearer = func() (string, error) {
				token, err := config.ReadFile(id.TokenFile)
				if err != nil {
					return "", fmt.Errorf("token_file: %w", err)
				}
				return strings.TrimSpace(string(token)), nil
			}
		}
		return fetch.New(conf), nil
	}
}

// keyFileFresh is how long keys of a file are kept.
const keyFileFresh = time.Minute

// keyFile reads what others fetch.
type keyFile struct{}

// Get implements [client.Fetcher] for the name of a file.
func (keyFile) Get(_ context.Context, name, _ string) (fetch.Answer, error) {
	body, err := config.ReadFile(name)
	if err != nil {
		return fetch.Answer{}, fmt.Errorf("jwks_file: %w", err)
	}
	return fetch.Answer{Body: body, MaxAge: keyFileFresh, HasMaxAge: true}, nil
}
