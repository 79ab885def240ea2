package pgtest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/jackc/pgx/v5"
)

// Ask asks the database of a connection string for one value.
func Ask[T any](url, query string, args ...any) (v T, err error) {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return v, err
	}
	err = conn.QueryRow(ctx, query, args...).Scan(&v)
	return v, errors.Join(err, conn.Close(ctx))
}

// Hold runs a statement in a transaction and leaves it open, with the locks that it took, until release is called.
func Hold(url, statement string) (release func(), err error) {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return nil, err
	}
	release = sync.OnceFunc(func() { _ = conn.Close(ctx) })
	if _, err = conn.Exec(ctx, "BEGIN"); err == nil {
		_, err = conn.Exec(ctx, statement)
	}
	if err != nil {
		release()
		return nil, fmt.Errorf("%s: %w", statement, err)
	}
	return release, nil
}
